import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeviceModel } from "../../src/cost/device-model.js";
import { V100 as ASSUMED } from "../../src/cost/device-models/ampere-and-before.js";
import { GPU_ALGORITHMS } from "../../src/schedule/algorithm-names.js";
import { gpuBounds } from "../../src/schedule/gpu-bounds.js";
import { type GpuProblem, gpuProblemOf } from "../../src/schedule/gpu-problem.js";
import { simulateGpu } from "../../src/schedule/simulate-gpu.js";
import { verifyOperatorSchedule } from "../../src/schedule/verify-operator-schedule.js";
import { searchGpuSchedules } from "../../src/search/operator/gpu/gpu-candidates.js";
import { certain } from "../support/certain.js";
import { randomGraph } from "../support/graphs.js";
import { randomKernels, withoutEvery } from "../support/kernels.js";

const V100 = certain(ASSUMED);
const size = fc.integer({ min: 1, max: 40 });
const seed = fc.integer({ min: 1, max: 1_000_000 });

function problemOf(count: number, seeded: number, device: DeviceModel = V100): GpuProblem {
  const graph = randomGraph(count, 2, 6, seeded);
  const kernels = randomKernels(graph.operators.length, device, seeded);
  return gpuProblemOf(graph, kernels, device, "estimated");
}

describe("GPU simulator", () => {
  it("takes the sum of kernels and gaps on one stream", () => {
    fc.assert(
      fc.property(size, seed, (count, seeded) => {
        const problem = problemOf(count, seeded);
        const [first] = searchGpuSchedules(problem, { algorithms: ["sequential"] }).ranked;
        const kernels = problem.kernels.flat();
        const sum = kernels.reduce((total, { durationNs }) => total + durationNs, 0);
        const gaps = (kernels.length - 1) * V100.launchGapNs;
        expect(first?.predictedNs).toBe(sum + gaps);
      }),
      { numRuns: 60 },
    );
  });

  it("launches nothing for operators that another's kernel computes", () => {
    fc.assert(
      fc.property(size, seed, (count, seeded) => {
        const { graph, kernels } = problemOf(count, seeded);
        const isInside = (at: number) => at > 0 && at < kernels.length - 1 && at % 3 > 0;
        const launched = kernels.map((list, at) => (isInside(at) ? [] : list));
        const problem = gpuProblemOf(graph, launched, V100, "measured");
        const [first] = searchGpuSchedules(problem, { algorithms: ["sequential"] }).ranked;
        const sum = launched.flat().reduce((total, { durationNs }) => total + durationNs, 0);
        const gaps = (launched.flat().length - 1) * V100.launchGapNs;
        expect(first?.predictedNs).toBe(sum + gaps);
      }),
      { numRuns: 60 },
    );
  });

  it("never beats the bounds, and every schedule of every algorithm verifies", () => {
    const applied = new Set<string>();
    fc.assert(
      fc.property(size, seed, (count, seeded) => {
        const whole = problemOf(count, seeded);
        const launched = withoutEvery(2 + (seeded % 9), whole.kernels);
        const problem = gpuProblemOf(whole.graph, launched, V100, "measured");
        const { ranked, bounds } = searchGpuSchedules(problem, { effort: 4000 });
        expect(ranked.map(({ algorithm }) => algorithm).sort()).toEqual([...GPU_ALGORITHMS].sort());
        for (const { schedule, predictedNs, algorithm } of ranked) {
          expect(predictedNs).toBeGreaterThanOrEqual(bounds.lowerBoundNs);
          expect(verifyOperatorSchedule(problem.graph, schedule)).toEqual([]);
          if (schedule.streams > 1) {
            applied.add(algorithm);
          }
        }
        expect(ranked[0]?.predictedNs).toBe(
          ranked.find(({ algorithm }) => algorithm === "top-compile")?.predictedNs,
        );
      }),
      { numRuns: 40 },
    );
    expect(applied.size).toBe(GPU_ALGORITHMS.length - 1);
  });

  it("uses no more of the device than there is", () => {
    fc.assert(
      fc.property(size, seed, (count, seeded) => {
        const problem = problemOf(count, seeded);
        for (const { schedule } of searchGpuSchedules(problem, { effort: 1000 }).ranked) {
          const { utilization, operatorStartNs, operatorEndNs } = simulateGpu(
            problem.work,
            schedule,
          );
          for (const share of Object.values(utilization)) {
            expect(share).toBeLessThanOrEqual(1 + 1e-9);
          }
          for (const { operator, waits } of schedule.launches) {
            for (const wait of waits) {
              expect(operatorStartNs[operator]).toBeGreaterThanOrEqual(
                (operatorEndNs[wait] ?? 0) + V100.eventNs - 1,
              );
            }
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it("gains from a larger device but for list-scheduling anomalies", () => {
    let compared = 0;
    let worse = 0;
    fc.assert(
      fc.property(size, seed, (count, seeded) => {
        const small = problemOf(count, seeded);
        const kernels = small.kernels;
        const device = { ...V100, sms: V100.sms * 2, memoryBandwidth: V100.memoryBandwidth * 2 };
        const large = gpuProblemOf(small.graph, kernels, device, "estimated");
        for (const { schedule, predictedNs } of searchGpuSchedules(small, { effort: 500 }).ranked) {
          const ns = simulateGpu(large.work, schedule).makespanNs;
          compared++;
          worse += ns > predictedNs ? 1 : 0;
          // Graham, 1966: with more machines a list schedule is at most twice as long.
          expect(ns).toBeLessThanOrEqual(2 * predictedNs);
        }
      }),
      { numRuns: 30 },
    );
    expect(compared).toBeGreaterThan(0);
    expect(worse / compared).toBeLessThan(0.1);
  });

  it("has bounds that a chain meets", () => {
    const problem = problemOf(1, 3);
    const { ranked } = searchGpuSchedules(problem);
    expect(ranked[0]?.status).toBe("optimal");
    expect(gpuBounds(problem).boundedBy).toBe("critical-path");
  });
});
