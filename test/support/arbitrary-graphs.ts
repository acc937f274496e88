import fc from "fast-check";
import type { OperatorCosts, WorkerCosts } from "../../src/cost/operator-costs.js";
import type { OperatorGraph } from "../../src/ir/operator-graph.js";
import { durations, graphOf } from "./graphs.js";

/** A random graph with random durations. */
export interface Case {
  readonly graph: OperatorGraph;
  readonly costs: OperatorCosts;
}

/** Graphs of 1 to `max` operators, each reading up to three earlier ones; durations 0 to 1000. */
export function arbitraryCase(max = 24): fc.Arbitrary<Case> {
  const node = fc.record({
    reads: fc.array(fc.nat({ max: 1_000_000 }), { maxLength: 3 }),
    near: fc.boolean(),
    duration: fc.nat({ max: 1000 }),
    flops: fc.nat({ max: 10_000 }),
    outputBytes: fc.integer({ min: 1, max: 1000 }),
  });
  return fc.array(node, { minLength: 1, maxLength: max }).map((nodes) => ({
    graph: graphOf(
      nodes.map(({ reads, near, flops, outputBytes }, id) => {
        const reach = near ? Math.min(id, 3) : id;
        return {
          after: reach === 0 ? [] : reads.map((r) => id - 1 - (r % reach)),
          flops,
          outputBytes,
        };
      }),
    ),
    costs: durations(nodes.map(({ duration }) => duration)),
  }));
}

/** Worker costs with non-decreasing slowdowns, in which k workers together are never slower than one. */
export function arbitraryWorkers(max = 4): fc.Arbitrary<WorkerCosts> {
  return fc.record({
    workers: fc.integer({ min: 1, max }),
    segmentNs: fc.nat({ max: 200 }),
    signalNs: fc.nat({ max: 200 }),
    awakeNs: fc.nat({ max: 400 }),
    wakeNs: fc.nat({ max: 400 }),
    requestNs: fc.nat({ max: 400 }),
    returnNs: fc.nat({ max: 400 }),
    callerByteNs: fc.constantFrom(0, 0.25, 1),
    tensorNs: fc.nat({ max: 50 }),
    byteNs: fc.constantFrom(0, 0.25, 1),
    slowdown: fc.constantFrom([1], [1, 1.25], [1, 1.5, 2], [1, 1.1, 1.3, 1.9]),
  });
}

/** Workers that cost nothing but time. */
export function freeWorkers(workers: number): WorkerCosts {
  return {
    workers,
    segmentNs: 0,
    signalNs: 0,
    awakeNs: 0,
    wakeNs: 0,
    requestNs: 0,
    returnNs: 0,
    callerByteNs: 0,
    tensorNs: 0,
    byteNs: 0,
    slowdown: [1],
  };
}
