import { describe, expect, it } from "vitest";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape } from "../../../../src/placement/shapes/build-shape.js";
import { verifyPeriodicSchedule } from "../../../../src/schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import {
  compactRepetend,
  tesselFastSchedule,
} from "../../../../src/search/pipeline/reference/tessel-fast.js";

function shape(name: string, devices: number, mode: "train" | "infer", memory: number): Placement {
  const built = buildShape(name, { devices, mode, memory });
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

/** Shape, devices, mode, memory; the published code's period and micro-batches in the repetend. */
const CASES: readonly (readonly [string, number, "train" | "infer", number, number, number])[] = [
  ["k", 4, "infer", 20, 2, 3],
  ["k", 4, "train", 20, 6, 4],
  ["k", 6, "infer", 20, 2, 4],
  ["k", 6, "train", 20, 6, 6],
  ["k", 8, "infer", 20, 2, 5],
  ["m", 4, "train", 6, 6, 6],
  ["m", 4, "train", 20, 6, 6],
  ["m", 5, "train", 20, 6, 7],
  ["m", 6, "train", 20, 6, 9],
  ["nn", 4, "train", 6, 8, 6],
  ["nn", 4, "train", 20, 8, 6],
  ["nn", 5, "train", 20, 8, 7],
  ["nn-eager", 4, "train", 20, 8, 7],
  ["v", 4, "train", 20, 4, 6],
  ["v", 6, "train", 20, 4, 9],
  ["x", 4, "train", 20, 8, 6],
];

/** Those that the published code did not end within 10 minutes; their load is the period. */
const UNFINISHED: readonly (readonly [string, number, number])[] = [
  ["mllm", 4, 8],
  ["m", 7, 6],
  ["nn", 6, 8],
  ["m", 16, 6],
];

describe("tessel-fast", () => {
  it.each(CASES)("%s %i %s, memory %i: period %i, %i in the repetend", (...row) => {
    const [name, devices, mode, memory, period, inRepetend] = row;
    const placement = shape(name, devices, mode, memory);
    const found = tesselFastSchedule(placement, 16, 1000);
    expect(found.ok && found.value.periodic.period).toBe(period);
    expect(1 + Math.max(...compactRepetend(placement).mids)).toBe(inRepetend);
    for (const count of [1, 3, inRepetend, 16]) {
      const each = tesselFastSchedule(placement, count, 1000);
      expect(each.ok && verifyPipelineSchedule(placement, each.value.whole)).toEqual([]);
      expect(each.ok && verifyPeriodicSchedule(placement, each.value.periodic)).toEqual([]);
    }
  });

  it.each(UNFINISHED)("%s %i ends, with period %i", (name, devices, period) => {
    const placement = shape(name, devices, "train", 60);
    const found = tesselFastSchedule(placement, 64, 1000);
    expect(found.ok && found.value.periodic.period).toBe(period);
    expect(found.ok && verifyPipelineSchedule(placement, found.value.whole)).toEqual([]);
  });

  it("does not try again when memory does not suffice", () => {
    const found = tesselFastSchedule(shape("m", 4, "train", 5), 16, 1000);
    expect(found.ok ? undefined : found.error[0]).toMatchObject({
      code: "repetend-exceeds-memory",
      message: 'its only repetend takes 6 of memory on device "d0", the limit is 5',
      exit: 1,
    });
  });

  it("waits for latencies by more micro-batches in flight, not by a longer period", () => {
    const built = buildShape("v", { devices: 4, latency: 5 });
    const placement = built.ok ? built.value : undefined;
    const { period, mids } = compactRepetend(placement!);
    expect(period).toBe(4);
    expect(Math.max(...mids)).toBeGreaterThan(5);
    const found = tesselFastSchedule(placement!, 20, 1000);
    expect(found.ok && verifyPipelineSchedule(placement!, found.value.whole)).toEqual([]);
    expect(found.ok && verifyPeriodicSchedule(placement!, found.value.periodic)).toEqual([]);
  });

  it("the limit of nodes ends the search for ramps, not the schedule", () => {
    const placement = shape("m", 6, "train", 20);
    const found = tesselFastSchedule(placement, 16, 1);
    expect(found.ok && found.value.isCutShort).toBe(true);
    expect(found.ok && found.value.periodic.period).toBe(6);
    expect(found.ok && verifyPipelineSchedule(placement, found.value.whole)).toEqual([]);
  });
});
