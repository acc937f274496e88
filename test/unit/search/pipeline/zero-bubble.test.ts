import { describe, expect, it } from "vitest";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../../src/placement/shapes/build-shape.js";
import type { Family } from "../../../../src/schedule/family-names.js";
import type { PipelineSchedule } from "../../../../src/schedule/pipeline-schedule.js";
import { simulatePipeline } from "../../../../src/schedule/simulate-pipeline.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import { familySchedule } from "../../../../src/search/pipeline/reference/families.js";

function shape(name: string, options: ShapeOptions): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

/** Longest time of a device from its first block to its last. */
function longestSpan(placement: Placement, whole: PipelineSchedule): number {
  return Math.max(
    ...simulatePipeline(placement, whole).map(({ instances }) => {
      const end = Math.max(...instances.map((instance) => instance.end));
      return end - (instances[0]?.start ?? 0);
    }),
  );
}

function zbH(devices: number, memory?: number): ShapeOptions {
  const times = { devices, forward: 2, backward: 2, weight: 2 };
  return memory === undefined ? times : { ...times, memory };
}

const UNEQUAL = { devices: 8, forward: 20, backward: 18, weight: 9 };

/**
 * Family, shape, options, micro-batches; makespan, span and peak memory that the authors' scheduler
 * gives, re-timed as early as its orders allow.
 */
const PUBLISHED: readonly (readonly [
  Family,
  string,
  ShapeOptions,
  number,
  number,
  number,
  number,
])[] = [
  ["zb-h1", "zb-h", zbH(4), 8, 54, 54, 4],
  ["zb-h1", "zb-h", zbH(4), 32, 198, 198, 4],
  ["zb-h1", "zb-h", zbH(8), 8, 62, 62, 8],
  ["zb-h1", "zb-h", zbH(8), 32, 206, 206, 8],
  ["zb-h2", "zb-h", zbH(4, 6), 8, 54, 50, 6],
  ["zb-h2", "zb-h", zbH(4, 6), 32, 198, 194, 6],
  ["zb-h2", "zb-h", zbH(8, 12), 8, 62, 62, 8],
  ["zb-h2", "zb-h", zbH(8, 12), 32, 206, 198, 12],
  ["zb-h2", "zb-h", zbH(4), 8, 54, 48, 8],
  ["zb-h2", "zb-h", zbH(4), 32, 198, 192, 8],
  ["zb-h2", "zb-h", zbH(8), 8, 62, 62, 8],
  ["zb-h2", "zb-h", zbH(8), 32, 206, 192, 16],
  ["zb-v", "zb-v", { devices: 4 }, 8, 51, 48, 8],
  ["zb-v", "zb-v", { devices: 4 }, 32, 195, 192, 8],
  ["zb-v", "zb-v", { devices: 8 }, 8, 55, 55, 16],
  ["zb-v", "zb-v", { devices: 8 }, 32, 199, 192, 16],
  ["zb-h1", "zb-h", { ...UNEQUAL, latency: 1 }, 32, 1735, 1735, 8],
  ["zb-h2", "zb-h", { ...UNEQUAL, latency: 1 }, 32, 1651, 1649, 16],
  // Two chunks per device take half as long each: all times are doubled to stay whole numbers.
  ["zb-v", "zb-v", { ...UNEQUAL, latency: 2 }, 32, 3223, 3223, 16],
];

describe("zero-bubble families", () => {
  it.each(PUBLISHED)("%s on %s %o, %i micro-batches: %i, span %i, memory %i", (...row) => {
    const [family, name, options, microBatches, makespan, span, peak] = row;
    const placement = shape(name, options);
    const result = familySchedule(family, placement, microBatches);
    const whole = result.ok ? result.value : undefined;
    expect(verifyPipelineSchedule(placement, whole!)).toEqual([]);
    expect([whole?.makespan, longestSpan(placement, whole!)]).toEqual([makespan, span]);
    const peaks = simulatePipeline(placement, whole!).map(({ peakMemory }) => peakMemory);
    expect(Math.max(...peaks)).toBe(peak);
  });

  it("fewer micro-batches than devices, and one device, are no special case", () => {
    for (const [family, name] of [
      ["zb-h1", "zb-h"],
      ["zb-h2", "zb-h"],
      ["zb-v", "zb-v"],
    ] as const) {
      for (const [devices, microBatches] of [
        [6, 1],
        [6, 3],
        [2, 1],
        [2, 5],
      ] as const) {
        const placement = shape(name, { devices, memory: 2 * devices });
        const result = familySchedule(family, placement, microBatches);
        expect(result.ok && verifyPipelineSchedule(placement, result.value)).toEqual([]);
      }
    }
  });

  it("unequal stages and latencies keep the orders right", () => {
    for (const [family, name] of [
      ["zb-h1", "zb-h"],
      ["zb-v", "zb-v"],
    ] as const) {
      const even = shape(name, { devices: 4, latency: 3, forward: 5, backward: 4, weight: 3 });
      const blocks = even.blocks.map((block, at) => ({
        ...block,
        duration: block.duration + ((at * 7) % 5),
      }));
      const placement = { ...even, blocks };
      const result = familySchedule(family, placement, 9);
      expect(result.ok && verifyPipelineSchedule(placement, result.value)).toEqual([]);
    }
  });

  it.each<[Family, string, ShapeOptions, string, RegExp]>([
    ["zb-h1", "v", { devices: 4 }, "family-does-not-fit", /weight gradients.*--shape zb-h/],
    ["zb-h2", "zb-v", { devices: 4 }, "family-does-not-fit", /once over the devices/],
    ["zb-v", "zb-h", { devices: 4 }, "family-does-not-fit", /--shape zb-v/],
    ["zb-v", "m", { devices: 4 }, "family-does-not-fit", /up again/],
    ["zb-v", "zb-v", { devices: 4, memory: 1 }, "family-exceeds-memory", /no order/],
  ])("%s refuses %s %o: %s", (family, name, options, code, message) => {
    const result = familySchedule(family, shape(name, options), 8);
    expect(result.ok ? "" : result.error[0].code).toBe(code);
    expect(result.ok ? "" : result.error[0].message).toMatch(message);
  });
});
