import { describe, expect, it } from "vitest";
import { criticalPath } from "../../../src/ir/critical-path.js";
import { levelsOf } from "../../../src/ir/levels.js";
import type { OperatorGraph } from "../../../src/ir/operator-graph.js";
import { verifyGraph } from "../../../src/ir/verify-graph.js";
import { widthOf } from "../../../src/ir/width.js";
import {
  chain,
  forkJoin,
  graphOf,
  inceptionLike,
  nasnetLike,
  randomGraph,
} from "../../support/graphs.js";

/** Which operators lead to which, by plain search. */
function reachability(graph: OperatorGraph): boolean[][] {
  const reach = graph.operators.map(() => graph.operators.map(() => false));
  for (const { id, predecessors } of graph.operators) {
    for (const before of predecessors) {
      for (const row of [...graph.operators.keys()].filter(
        (i) => i === before || reach[i]?.[before],
      )) {
        reach[row]![id] = true;
      }
    }
  }
  return reach;
}

/** The largest antichain by trying every subset. */
function bruteWidth(graph: OperatorGraph, members: readonly number[]): number {
  const reach = reachability(graph);
  let best = 0;
  for (let subset = 0; subset < 2 ** members.length; subset++) {
    const chosen = members.filter((_, i) => (subset >> i) & 1);
    const isAntichain = chosen.every((a) => chosen.every((b) => !reach[a]?.[b]));
    best = isAntichain ? Math.max(best, chosen.length) : best;
  }
  return best;
}

describe("widthOf", () => {
  it("is 0 of nothing, 1 of a chain, the branches of a fork", () => {
    expect(widthOf(graphOf([])).width).toBe(0);
    expect(widthOf(chain(50)).width).toBe(1);
    expect(widthOf(forkJoin([1, 5, 2])).width).toBe(3);
    expect(widthOf(inceptionLike()).width).toBe(4);
  });

  it("may mix levels", () => {
    // 0 -> 1 -> 2 -> 3 beside 4, whose readers 5, 6, 7 stand on level 1.
    const graph = graphOf([
      {},
      { after: [0] },
      { after: [1] },
      { after: [2] },
      {},
      { after: [4] },
      { after: [4] },
      { after: [4] },
      { after: [2, 5] },
      { after: [2, 6] },
    ]);
    expect(widthOf(graph)).toMatchObject({ width: 4, isExact: true });
  });

  it.each(Array.from({ length: 60 }, (_, seed) => [seed]))(
    "equals enumeration, seed %i",
    (seed) => {
      const graph = randomGraph(12, 3, 6, seed);
      const all = widthOf(graph);
      expect(all.width).toBe(bruteWidth(graph, [...graph.operators.keys()]));
      const heavy = graph.operators
        .filter(({ type }) => type === "Conv")
        .map(({ id }) => Number(id));
      const convs = widthOf(graph, ({ type }) => type === "Conv");
      expect(convs.width).toBe(bruteWidth(graph, heavy));
      const reach = reachability(graph);
      for (const { antichain } of [all, convs]) {
        expect(antichain.every((a) => antichain.every((b) => !reach[a]?.[b]))).toBe(true);
      }
    },
  );

  it("solves 4,000 operators exactly and bounds 200,000", () => {
    expect(widthOf(randomGraph(4000, 3, 40, 1))).toMatchObject({ isExact: true });
    const huge = widthOf(randomGraph(200_000, 2, 10, 1));
    expect(huge.isExact).toBe(false);
    expect(huge.width).toBeLessThanOrEqual(huge.upperBound);
    expect(huge.antichain).toHaveLength(huge.width);
  });
});

describe("levelsOf and criticalPath", () => {
  it("count operators on longest paths", () => {
    const graph = forkJoin([1, 3]);
    expect([...levelsOf(graph)]).toEqual([0, 1, 1, 2, 3, 4]);
    expect(criticalPath(graph, () => 1)).toEqual({ length: 5, operators: [0, 2, 3, 4, 5] });
  });

  it("follow the weights", () => {
    const graph = graphOf([
      { flops: 1 },
      { after: [0], flops: 9 },
      { after: [0], flops: 2 },
      { after: [1, 2], flops: 1 },
    ]);
    expect(criticalPath(graph, ({ work }) => work.flops)).toEqual({
      length: 11,
      operators: [0, 1, 3],
    });
    expect(criticalPath(graphOf([]), () => 1)).toEqual({ length: 0, operators: [] });
  });
});

describe("verifyGraph", () => {
  it("accepts well-formed graphs", () => {
    for (const graph of [chain(5), forkJoin([2, 2]), nasnetLike(3), randomGraph(50, 3, 9, 7)]) {
      expect(verifyGraph(graph)).toEqual([]);
    }
  });

  it("names what is wrong", () => {
    const graph = chain(3);
    const [first, second, third] = graph.operators;
    const broken = (operators: unknown): readonly string[] =>
      verifyGraph({ ...graph, operators: operators as OperatorGraph["operators"] });
    expect(broken([first, { ...second, name: "op0" }, third])).toContainEqual(
      expect.stringMatching(/repeated/),
    );
    expect(broken([first, { ...second, predecessors: [] }, third])).toContainEqual(
      expect.stringMatching(/wrong predecessors/),
    );
    expect(broken([{ ...first, successors: [] }, second, third])).toContainEqual(
      expect.stringMatching(/wrong successors/),
    );
    expect(broken([first, { ...second, id: 5 }, third])).toContainEqual(
      expect.stringMatching(/id 5 at position 1/),
    );
    expect(
      broken([{ ...first, work: { ...first?.work, flops: Number.NaN } }, second, third]),
    ).toContainEqual(expect.stringMatching(/invalid work/));
  });
});
