import { describe, expect, it } from "vitest";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../../src/placement/shapes/build-shape.js";
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

describe("chimera", () => {
  // With F = B the paper counts D - 2 bubbles: a device is busy 2N slots of 2N + D - 2, where N
  // counts the micro-batches of both directions.
  it.each([
    [2, 3],
    [4, 2],
    [4, 8],
    [6, 9],
    [8, 4],
    [8, 16],
  ])("%i devices, %i micro-batches each way: D - 2 bubbles", (devices, microBatches) => {
    const placement = shape("x", { devices, forward: 1, backward: 1 });
    const result = familySchedule("chimera", placement, microBatches);
    const whole = result.ok ? result.value : undefined;
    expect(whole?.makespan).toBe(4 * microBatches + devices - 2);
    expect(verifyPipelineSchedule(placement, whole!)).toEqual([]);
  });

  it.each([
    ["x", { devices: 4 }],
    ["x", { devices: 6, latency: 2, forward: 3, backward: 5 }],
    ["dualpipe", { devices: 8 }],
    ["x", { devices: 4, mode: "infer" }],
  ] as const)("%s %o is right for any number of micro-batches", (name, options) => {
    const placement = shape(name, options);
    for (const microBatches of [1, 2, 3, 7, 8]) {
      const result = familySchedule("chimera", placement, microBatches);
      expect(result.ok && verifyPipelineSchedule(placement, result.value)).toEqual([]);
    }
  });

  it("a device holds at most as many micro-batches as there are devices", () => {
    const placement = shape("x", { devices: 4, memory: 4 });
    const result = familySchedule("chimera", placement, 12);
    const peaks = result.ok
      ? simulatePipeline(placement, result.value).map(({ peakMemory }) => peakMemory)
      : [];
    expect(Math.max(...peaks)).toBe(4);
  });

  it.each(["v", "k", "m", "zb-v"])("refuses %s, and says what it needs", (name) => {
    const result = familySchedule("chimera", shape(name, { devices: 4 }), 4);
    expect(result.ok ? "" : result.error[0].code).toBe("family-does-not-fit");
    expect(result.ok ? "" : result.error[0].message).toMatch(/two opposite chains/);
  });
});
