import { describe, expect, it } from "vitest";
import type { DeviceModel } from "../../../src/cost/device-model.js";
import { V100 } from "../../../src/cost/device-models/ampere-and-before.js";
import type { Kernel } from "../../../src/cost/kernel.js";
import { usedScenario } from "../../../src/cost/scenarios.js";
import { operatorId } from "../../../src/ir/operator-graph.js";
import { type GpuProblem, gpuProblemOf } from "../../../src/schedule/gpu-problem.js";
import type { OperatorSchedule } from "../../../src/schedule/operator-schedule.js";
import { problemUnder } from "../../../src/schedule/problem-under.js";
import { gpuMakespan } from "../../../src/schedule/simulate-gpu.js";
import { assumedCases, speedUpRange, timesIn } from "../../../src/schedule/speed-up-range.js";
import { graphOf } from "../../support/graphs.js";
import { kernel } from "../../support/kernels.js";

const range = (low: number, high: number) => ({ low, high, source: "assumed" });

/** Kernels of one thread block, which find room beside each other; neighbors cost nothing. */
const DEVICE: DeviceModel = {
  ...V100,
  kernelFloorNs: 2000,
  launchGapNs: 1000,
  eventNs: 2000,
  ranges: { eventNs: range(1000, 6000), interference: range(0, 0.02) },
};

/** a, then b and c beside each other, then d. */
const GRAPH = graphOf([{ after: [] }, { after: [0] }, { after: [0] }, { after: [1, 2] }]);
const KERNELS = [5000, 10_000, 8000, 4000].map((ns) => [kernel(ns)]);

function launchesOf(streams: readonly number[], waits: readonly number[][]): OperatorSchedule {
  return {
    algorithm: "by hand",
    streams: Math.max(...streams) + 1,
    launches: streams.map((stream, id) => ({
      operator: operatorId(id),
      stream,
      waits: (waits[id] ?? []).map(operatorId),
      record: false,
    })),
  };
}

const ONE = launchesOf([0, 0, 0, 0], []);
const TWO = launchesOf([0, 0, 1, 0], [[], [], [0], [2]]);

function problemOf(
  device: DeviceModel,
  kernels: readonly (readonly Kernel[])[] = KERNELS,
): GpuProblem {
  return gpuProblemOf(GRAPH, kernels, device, "estimated", ZERO);
}

const ZERO = { arithmetic: 0, mixed: 0, bandwidth: 0 };

describe("speedUpRange", () => {
  it("is that of every event: by hand", () => {
    const cases = assumedCases(problemOf({ ...DEVICE, ranges: { eventNs: range(1000, 6000) } }));
    const events = cases.map(({ scenario }) => scenario.eventNs);
    expect(events).toEqual([2000, 6000, 1000]);
    // One stream: 27 us of kernels and three gaps. Two: a, then the longer of b between gaps and c between events.
    const sequential = timesIn(cases, ONE);
    expect(sequential).toEqual([30_000, 30_000, 30_000]);
    const two = events.map(
      (event) => 5000 + Math.max(1000 + 10_000 + 1000, event + 8000 + event) + 4000,
    );
    expect(two).toEqual([21_000, 29_000, 21_000]);
    expect(timesIn(cases, TWO)).toEqual(two);
    expect(speedUpRange(sequential, two)).toEqual({
      low: 1.0345,
      lowAt: 1,
      high: 1.4286,
      highAt: 0,
    });
  });

  it("has none where nothing is assumed, and is 1 where nothing takes time", () => {
    const { ranges: _, ...certain } = DEVICE;
    expect(assumedCases(problemOf(certain))).toEqual([]);
    expect(speedUpRange([0, 0], [0, 0])).toEqual({ low: 1, lowAt: 0, high: 1, highAt: 0 });
  });
});

describe("problemUnder", () => {
  const used = usedScenario(DEVICE);
  const time = (problem: GpuProblem, schedule: OperatorSchedule): number =>
    gpuMakespan(problem.work, schedule);

  it("changes every kernel by what the shortest is changed by, and every gap", () => {
    const problem = problemOf(DEVICE);
    const longer = problemUnder(problem, { ...used, kernelFloorNs: 2500 });
    expect(time(longer, ONE)).toBe(30_000 + 4 * 500);
    const shorter = problemUnder(problem, { ...used, kernelFloorNs: 1900, launchGapNs: 400 });
    expect(time(shorter, ONE)).toBe(30_000 - 4 * 100 - 3 * 600);
  });

  it("counts the kernels that one stands for, and the gaps inside", () => {
    // A recurrent operator of 10 steps of 900 ns with gaps of 1000 between.
    const steps = kernel(10 * 900 + 9 * 1000, { repeats: 10 });
    const problem = problemOf(DEVICE, [[kernel(5000)], [steps], [], []]);
    const under = problemUnder(problem, { ...used, kernelFloorNs: 2100, launchGapNs: 700 });
    expect(time(under, ONE)).toBe(5000 + 100 + 700 + 10 * (900 + 100) + 9 * 700);
  });

  it("leaves measured times with their gaps as they are", () => {
    const problem = { ...problemOf(DEVICE), includesGaps: true };
    const under = problemUnder(problem, { ...used, launchGapNs: 300 });
    // What each kernel and the gap behind it take was measured; only the last gap is not there.
    expect(time(under, ONE)).toBe(30_000 + 700);
  });

  it("starts kernels one by one: by hand", () => {
    const [a, b, c] = [6000, 6000, 6000].map((ns) => [kernel(ns)]);
    const graph = graphOf([{ after: [] }, { after: [] }, { after: [] }]);
    const problem = gpuProblemOf(graph, [a!, b!, c!], DEVICE, "estimated", ZERO);
    const apart = launchesOf([0, 1, 2], []);
    const { interference: _, ...scenario } = used;
    expect(time(problemUnder(problem, scenario), apart)).toBe(6000);
    const late = problemUnder(problem, { ...scenario, dispatchNs: 1500 });
    expect(time(late, apart)).toBe(2 * 1500 + 6000);
    // On one stream each is started long before the next is due.
    expect(time(late, launchesOf([0, 0, 0], []))).toBe(3 * 6000 + 2 * 1000);
  });
});
