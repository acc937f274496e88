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

  it("wakes a worker that has waited for longer than it stays awake, and no other", () => {
    // The second worker waits for 10 from the start; the first then has nothing to wait for until 70 + 7.
    const workers: WorkerCosts = { ...freeWorkers(2), signalNs: 7, wakeNs: 1000 };
    const end = (awakeNs: number): number =>
      simulateWorkers(graph, split, costs, { ...workers, awakeNs }).makespanNs;
    // {3} from 10 + 7 to 77, the join after a wait of 77 - 60: both awake for 17.
    expect(end(17)).toBe(94);
    // Awake for 16: the join is woken, its wait being 17.
    expect(end(16)).toBe(1094);
    // Awake for 9: {3} is woken too, after a wait of 10.
    expect(end(9)).toBe(2094);
  });

  it("begins after the request and ends after the return, with the outputs copied", () => {
    const caller = { requestNs: 292, returnNs: 50, callerByteNs: 2 };
    const workers: WorkerCosts = { ...freeWorkers(2), ...caller, byteNs: 2 };
    const line = simulateWorkers(graph, split, costs, { ...workers, signalNs: 7 });
    // The caller copies the input, 4 bytes, by 300. It delays {0} by 8; those of {1 2} and {3} by 8 each, those of {4} by 16.
    expect([...line.operatorStartNs]).toEqual([308, 326, 346, 333, 416]);
    expect([...line.segmentStartNs]).toEqual([300, 318, 325, 400]);
    // The output of 4 bytes.
    expect(line.makespanNs).toBe(416 + 10 + 50 + 8);
    const sequential = searchSequential({ graph, costs });
    expect(simulateWorkers(graph, sequential, costs, workers).makespanNs).toBe(130);
  });

  it("predicts a whole inference with every cost to the nanosecond", () => {
    const all: WorkerCosts = {
      workers: 2,
      segmentNs: 100,
      signalNs: 20,
      awakeNs: 50,
      wakeNs: 400,
      requestNs: 998,
      returnNs: 700,
      callerByteNs: 0.5,
      tensorNs: 5,
      byteNs: 2,
      slowdown: [1, 1.5],
    };
    const line = simulateWorkers(graph, split, costs, all);
    // The input is copied by 1000. Each tensor of 4 bytes costs 5 + 8. {0} takes 100 + 13 + 10 = 123 on the first worker, alone.
    expect(line.segmentEndNs[0]).toBe(1123);
    // {1 2}: 163. The second worker has slept: {3} starts at 123 + 420 when {1 2} is over since 286.
    expect(line.segmentEndNs[1]).toBe(1286);
    expect(line.segmentStartNs[2]).toBe(1543);
    expect(line.segmentEndNs[2]).toBe(1543 + 100 + 13 + 60);
    // The first has waited from 286 to 716, asleep: {4} starts at 716 + 420, with two tensors.
    expect(line.segmentStartNs[3]).toBe(2136);
    expect(line.makespanNs).toBe(2136 + 100 + 26 + 10 + 700 + 2);
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
