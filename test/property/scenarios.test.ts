import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Random, seededRandom } from "../../src/core/random.js";
import type { FigureRange } from "../../src/cost/assumed-ranges.js";
import type { DeviceModel } from "../../src/cost/device-model.js";
import { V100 } from "../../src/cost/device-models/ampere-and-before.js";
import { type Scenario, usedScenario } from "../../src/cost/scenarios.js";
import { type GpuProblem, gpuProblemOf } from "../../src/schedule/gpu-problem.js";
import type { Interference } from "../../src/schedule/gpu-work.js";
import { problemUnder } from "../../src/schedule/problem-under.js";
import { gpuMakespan } from "../../src/schedule/simulate-gpu.js";
import { assumedCases, speedUpRange, timesIn } from "../../src/schedule/speed-up-range.js";
import { searchGpuSchedules } from "../../src/search/operator/gpu/gpu-candidates.js";
import { searchSequential } from "../../src/search/operator/sequential.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { randomGraph } from "../support/graphs.js";
import { kernel, randomKernels } from "../support/kernels.js";

const count = fc.integer({ min: 3, max: 40 });
const seed = fc.integer({ min: 1, max: 1_000_000 });
const NONE: Interference = { arithmetic: 0, mixed: 0, bandwidth: 0 };

/** A device that has any value of each range with equal chance. */
function inside(device: DeviceModel, random: Random): Scenario {
  const { kernelFloorNs, launchGapNs, eventNs, dispatchNs, interference, sharing } =
    device.ranges ?? {};
  const any = (range: FigureRange | undefined, used: number): number =>
    range === undefined ? used : Math.round(range.low + random.next() * (range.high - range.low));
  const used = usedScenario(device);
  const gapNs = any(launchGapNs, used.launchGapNs);
  const share =
    interference && interference.low + random.next() * (interference.high - interference.low);
  const sharings = sharing?.values ?? [used.sharing];
  return {
    kernelFloorNs: any(kernelFloorNs, used.kernelFloorNs),
    launchGapNs: gapNs,
    eventNs: Math.max(gapNs, any(eventNs, used.eventNs)),
    dispatchNs: any(dispatchNs, 0),
    ...(share === undefined ? {} : { interference: share }),
    sharing: sharings[random.integer(sharings.length)] ?? used.sharing,
  };
}

function someStreams(problem: GpuProblem, random: Random) {
  const { length } = problem.graph.operators;
  const streamOf = Int32Array.from({ length }, () => random.integer(3));
  const order = Int32Array.from({ length }, (_, id) => id);
  return composeSchedule(problem.graph, "random", { order, streamOf });
}

/** The least speed-up of the corners, and of a few devices between them. */
function leastOf(problem: GpuProblem, seeded: number) {
  const random = seededRandom(seeded);
  const oneStream = searchSequential(problem);
  const schedule = someStreams(problem, random);
  const cases = assumedCases(problem);
  const corners = speedUpRange(timesIn(cases, oneStream), timesIn(cases, schedule)).low;
  const between = Array.from({ length: 12 }, () => {
    const { work } = problemUnder(problem, inside(problem.device, random));
    return gpuMakespan(work, oneStream) / gpuMakespan(work, schedule);
  });
  return { corners, between: Math.min(...between) };
}

describe("the corners of what is assumed", () => {
  it("have the least speed-up of all where kernels leave each other alone", () => {
    const { kernelFloorNs, launchGapNs, eventNs } = V100.ranges ?? {};
    const ranges = {
      ...(kernelFloorNs && { kernelFloorNs }),
      ...(launchGapNs && { launchGapNs }),
      ...(eventNs && { eventNs }),
    };
    const device = { ...V100, ranges };
    let tight = 0;
    fc.assert(
      fc.property(count, seed, (size, seeded) => {
        const random = seededRandom(seeded);
        const graph = randomGraph(size, 2, 6, seeded);
        // One thread block each, on a device of 80 SMs: everything finds room.
        const kernels = graph.operators.map(() => [kernel(2000 + random.integer(20_000))]);
        const problem = gpuProblemOf(graph, kernels, device, "estimated", NONE);
        const { corners, between } = leastOf(problem, seeded);
        expect(corners).toBeLessThanOrEqual(between + 1e-3);
        tight += corners < between - 1e-3 ? 0 : 1;
      }),
      { numRuns: 100 },
    );
    expect(tight).toBeLessThan(50);
  });

  it("are hardly ever undercut where kernels fill the device, and by little", () => {
    const undercuts: number[] = [];
    fc.assert(
      fc.property(count, seed, (size, seeded) => {
        const graph = randomGraph(size, 2, 6, seeded);
        const kernels = randomKernels(graph.operators.length, V100, seeded);
        const problem = gpuProblemOf(graph, kernels, V100, "estimated");
        const { corners, between } = leastOf(problem, seeded);
        undercuts.push(corners / between - 1);
      }),
      // The same graphs on every machine: a statement on how many, not on each.
      { numRuns: 400, seed: 3 },
    );
    const sorted = undercuts.sort((a, b) => a - b);
    expect(sorted[379]).toBeLessThan(0.01);
    expect(sorted[399]).toBeLessThan(0.1);
  });
});

describe("searchGpuSchedules over what is assumed", () => {
  it("ranks by the least speed-up, and ours gains no less at worst than any other on streams", () => {
    fc.assert(
      fc.property(count, seed, (size, seeded) => {
        const graph = randomGraph(size, 2, 6, seeded);
        const kernels = randomKernels(graph.operators.length, V100, seeded);
        const problem = gpuProblemOf(graph, kernels, V100, "estimated");
        const { ranked, cases } = searchGpuSchedules(problem, { effort: 4000 });
        expect(cases).toHaveLength(9);
        const own = ranked.find(({ algorithm }) => algorithm === "top-compile");
        const oneStream = timesIn(assumedCases(problem), searchSequential(problem));
        expect(cases.map(({ sequentialNs }) => sequentialNs)).toEqual(oneStream);
        let before = Number.POSITIVE_INFINITY;
        for (const { schedule, speedUp, timesNs = [], predictedNs } of ranked) {
          const times = cases.map(({ scenario }, at) =>
            gpuMakespan(at === 0 ? problem.work : problemUnder(problem, scenario).work, schedule),
          );
          expect(timesNs).toEqual(times);
          expect(predictedNs).toBe(times[0]);
          expect(speedUp).toEqual(speedUpRange(oneStream, times));
          expect(speedUp?.low).toBeLessThanOrEqual(before);
          before = speedUp?.low ?? 0;
          if (schedule.streams > 1) {
            expect(own?.speedUp?.low).toBeGreaterThanOrEqual(before);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
