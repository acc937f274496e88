import { expect, test } from "vitest";
import { present } from "../../../../src/core/invariant.js";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape } from "../../../../src/placement/shapes/build-shape.js";
import { verifyPeriodicSchedule } from "../../../../src/schedule/verify-periodic-schedule.js";
import type { PeriodResult } from "../../../../src/search/pipeline/period-result.js";
import { searchPeriod } from "../../../../src/search/pipeline/period-search.js";

function shape(name: string, devices: number, memory?: number): Placement {
  const built = buildShape(name, { devices, ...(memory === undefined ? {} : { memory }) });
  if (!built.ok) {
    throw new Error(JSON.stringify(built.error));
  }
  return built.value;
}

function solve(placement: Placement): PeriodResult {
  const result = searchPeriod(placement, { maxNodes: 1_000_000, seed: 1 });
  if (result.schedule !== undefined) {
    expect(verifyPeriodicSchedule(placement, result.schedule)).toEqual([]);
  }
  return result;
}

// Found independently by a dynamic program and a search of another make, and by CP-SAT.
test.each([
  ["v", 4, 4, 4, 16],
  ["k", 4, 6, 3, 16],
  ["m", 4, 6, 5, 36],
  ["nn", 4, 8, 6, 46],
  ["nn-eager", 4, 8, 5, 46],
  ["mllm", 4, 8, 6, 46],
  ["finetune", 4, 4, 5, 23],
  ["alphafold", 4, 4, 2, 23],
])(
  "%s on %i devices: period %i, highest peak %i, latency %i, all proved",
  (name, devices, ...want) => {
    const [period, peak, latency] = want;
    const result = solve(shape(name, devices));
    expect(result).toMatchObject({
      status: "optimal",
      schedule: { period, microBatchesPerPeriod: 1 },
      leastPeak: true,
      latency,
      leastLatency: true,
    });
    expect(Math.max(...result.peaks.map((level) => present(level, "memory comes back")))).toBe(
      peak,
    );
  },
);

test("three micro-batches in 16 steps where one alone needs 8", () => {
  const result = solve(shape("v", 4, 3));
  expect(result).toMatchObject({
    status: "optimal",
    schedule: { period: 16, microBatchesPerPeriod: 3 },
    boundedBy: { kind: "memory", device: 0 },
  });
});

test.each([
  ["v", 1, 16],
  ["v", 2, 8],
  ["v", 3, 8],
  ["m", 1, 18],
  ["m", 2, 10],
  ["m", 3, 10],
  ["m", 4, 7],
  ["m", 5, 6],
  ["nn", 2, 12],
  ["nn", 6, 8],
])("%s with memory %i: least period for one micro-batch %i", (name, memory, period) => {
  const result = searchPeriod(shape(name, 4, memory), {
    maxNodes: 1_000_000,
    seed: 1,
    maxMicroBatches: 1,
  });
  expect(result).toMatchObject({ leastForOne: true, schedule: { period } });
});

test("memory that not even one micro-batch has is infeasible, with the least that would do", () => {
  const result = solve(shape("interleaved-1f1b", 2, 1));
  expect(result).toMatchObject({ status: "infeasible", leastMemory: [2, 2] });
});
