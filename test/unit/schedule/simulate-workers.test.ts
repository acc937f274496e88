import { describe, expect, it } from "vitest";
import type { WorkerCosts } from "../../../src/cost/operator-costs.js";
import { segmentsOf } from "../../../src/schedule/segments.js";
import { simulateWorkers } from "../../../src/schedule/simulate-workers.js";
import { searchSequential } from "../../../src/search/operator/sequential.js";
import { composeSchedule } from "../../../src/search/operator/waits.js";
import { freeWorkers } from "../../support/arbitrary-graphs.js";
import { chain, durations, forkJoin } from "../../support/graphs.js";

/** fork 0, branches {1 2} and {3}, join 4. */
const graph = forkJoin([2, 1]);
const costs = durations([10, 20, 30, 60, 10]);
const split = composeSchedule(graph, "test", {
  order: Int32Array.from([0, 1, 2, 3, 4]),
  streamOf: Int32Array.from([0, 0, 0, 1, 0]),
});

describe("segmentsOf", () => {
  it("cuts after records and before waits, and lists what crosses the cuts", () => {
    expect(segmentsOf(graph, split)).toEqual([
      { stream: 0, operators: [0], waits: [], inputs: [5], outputs: [0] },
      { stream: 0, operators: [1, 2], waits: [], inputs: [0], outputs: [2] },
      { stream: 1, operators: [3], waits: [0], inputs: [0], outputs: [3] },
      { stream: 0, operators: [4], waits: [2], inputs: [2, 3], outputs: [4] },
    ]);
  });

  it("makes one segment of a schedule on one stream", () => {
    const [only, ...others] = segmentsOf(graph, searchSequential({ graph, costs }));
    expect(only?.operators).toEqual([0, 1, 2, 3, 4]);
    expect(others).toEqual([]);
  });
});

describe("simulateWorkers", () => {
  const dear: WorkerCosts = { ...freeWorkers(2), segmentNs: 100, tensorNs: 5, byteNs: 2 };

  it("adds the durations up on one stream: the whole model on the calling thread starts nothing", () => {
    const sequential = searchSequential({ graph: chain(3), costs });
    const line = simulateWorkers(chain(3), sequential, costs, dear);
    expect([...line.operatorStartNs]).toEqual([0, 10, 30]);
    expect([...line.operatorEndNs]).toEqual([10, 30, 60]);
    expect(line.makespanNs).toBe(60);
  });

  it("starts a segment and hands over its inputs before its first operator on several streams", () => {
    const line = simulateWorkers(graph, split, costs, dear);
    // The input of the graph and each tensor between segments: 5 and 4 bytes at 2 each.
    expect(line.operatorStartNs[0]).toBe(100 + 5 + 4 * 2);
    expect(line.operatorStartNs[3]).toBe(113 + 10 + 113);
  });

  it("runs branches at the same time and waits for the signal", () => {
    const workers: WorkerCosts = { ...freeWorkers(2), signalNs: 7 };
    const line = simulateWorkers(graph, split, costs, workers);
    expect([...line.operatorStartNs]).toEqual([0, 10, 30, 17, 84]);
    expect(line.makespanNs).toBe(94);
    expect([...line.segmentStartNs]).toEqual([0, 10, 17, 84]);
  });

  it("slows down all busy workers alike, and only while they are busy", () => {
    const workers: WorkerCosts = { ...freeWorkers(2), slowdown: [1, 1.5] };
    const line = simulateWorkers(graph, split, costs, workers);
    // From 10: branches of 50 and 60 together. 50 of each takes 75; the last 10 run alone.
    expect([...line.operatorEndNs]).toEqual([10, 40, 85, 95, 105]);
  });

  it("refuses more streams than workers as a mistake of the caller", () => {
    expect(() => simulateWorkers(graph, split, costs, freeWorkers(1))).toThrow(/internal/);
  });
});
