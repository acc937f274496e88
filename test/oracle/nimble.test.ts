import fc from "fast-check";
import { expect, it } from "vitest";
import type { OperatorGraph } from "../../src/ir/operator-graph.js";
import type { OperatorSchedule } from "../../src/schedule/operator-schedule.js";
import {
  minimumEquivalentGraph,
  pathsOf,
  searchNimble,
  shareStreams,
} from "../../src/search/operator/nimble.js";
import { inheritStreams } from "../../src/search/operator/opara.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { arbitraryCase } from "../support/arbitrary-graphs.js";
import { costsOf, graphOf, inceptionLike, nasnetLike } from "../support/graphs.js";

/** connected[a][b]: a leads to b. */
function closure(graph: OperatorGraph): boolean[][] {
  const connected = graph.operators.map(() => graph.operators.map(() => false));
  for (const { id, predecessors } of graph.operators) {
    for (const before of predecessors) {
      for (const row of connected.filter((r, a) => a === before || r[before])) {
        row[id] = true;
      }
    }
  }
  return connected;
}

function synchronisations(schedule: OperatorSchedule): number {
  return schedule.launches.reduce((sum, { waits }) => sum + waits.length, 0);
}

function compose(graph: OperatorGraph, streamOf: Int32Array): OperatorSchedule {
  const order = Int32Array.from(graph.operators, ({ id }) => id);
  return composeSchedule(graph, "test", { order, streamOf });
}

function keepsConcurrency(connected: boolean[][], streams: Int32Array): boolean {
  return connected.every((row, a) =>
    row.every(
      (_, b) =>
        a >= b || streams[a] !== streams[b] || row[b] === true || connected[b]?.[a] === true,
    ),
  );
}

/** Every way to share operators out to streams, streams numbered by first operator. */
function* assignments(count: number, made: number[] = []): Generator<Int32Array> {
  if (made.length === count) {
    yield Int32Array.from(made);
    return;
  }
  for (let stream = 0; stream <= Math.max(-1, ...made) + 1; stream++) {
    yield* assignments(count, [...made, stream]);
  }
}

it("has the fewest synchronisations of all assignments that keep every concurrency", () => {
  fc.assert(
    fc.property(arbitraryCase(6), ({ graph, costs }) => {
      const connected = closure(graph);
      let fewest = Number.POSITIVE_INFINITY;
      for (const streams of assignments(graph.operators.length)) {
        if (keepsConcurrency(connected, streams)) {
          fewest = Math.min(fewest, synchronisations(compose(graph, streams)));
        }
      }
      expect(synchronisations(searchNimble({ graph, costs }))).toBe(fewest);
    }),
    { numRuns: 40 },
  );
});

it("keeps the paper's counts on larger graphs, in both passes, and the width between them", () => {
  fc.assert(
    fc.property(arbitraryCase(14), ({ graph }) => {
      const connected = closure(graph);
      const paths = pathsOf(graph);
      const shared = shareStreams(graph, paths);
      const matched = graph.operators.length - new Set(paths).size;
      const needed = minimumEquivalentGraph(graph).from.length - matched;
      for (const streams of [paths, shared]) {
        expect(keepsConcurrency(connected, streams)).toBe(true);
        expect(synchronisations(compose(graph, streams))).toBe(needed);
      }
      expect(needed).toBeLessThanOrEqual(synchronisations(compose(graph, inheritStreams(graph))));
      expect(new Set(shared).size).toBeGreaterThanOrEqual(width(connected));
      expect(new Set(shared).size).toBeLessThanOrEqual(new Set(paths).size);
    }),
    { numRuns: 60 },
  );
});

/** The largest set of operators none of which leads to another, by trying all. */
function width(connected: boolean[][], at = 0, chosen: readonly number[] = []): number {
  if (at === connected.length) {
    return chosen.length;
  }
  const without = width(connected, at + 1, chosen);
  const fits = chosen.every((other) => !connected[other]?.[at] && !connected[at]?.[other]);
  return fits ? Math.max(without, width(connected, at + 1, [...chosen, at])) : without;
}

it("drops exactly the implied arcs from the minimum equivalent graph", () => {
  const graph = graphOf([{}, { after: [0] }, { after: [0, 1] }, { after: [0, 2] }]);
  expect([...minimumEquivalentGraph(graph).from]).toEqual([0, 1, 2]);
});

it("needs four streams for GoogLeNet, as the paper on Opara reports", () => {
  const graph = inceptionLike(9);
  expect(searchNimble({ graph, costs: costsOf(graph) }).streams).toBe(4);
});

it("takes a NASNet of 1,500 operators", () => {
  const graph = nasnetLike(36);
  const { streams } = searchNimble({ graph, costs: costsOf(graph) });
  expect(streams).toBeLessThan(20);
});
