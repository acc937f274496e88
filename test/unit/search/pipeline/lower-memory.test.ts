import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limitMemory } from "../../../../src/placement/limit-memory.js";
import { parsePlacement } from "../../../../src/placement/parse-placement.js";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildPreset } from "../../../../src/placement/presets/build-preset.js";
import { buildShape, type ShapeOptions } from "../../../../src/placement/shapes/build-shape.js";
import { isTooShort } from "../../../../src/schedule/check-makespan.js";
import type { PipelineSchedule } from "../../../../src/schedule/pipeline-schedule.js";
import { simulatePipeline } from "../../../../src/schedule/simulate-pipeline.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../../../src/search/pipeline/algorithms.js";
import { fitMemory } from "../../../../src/search/pipeline/makespan/fit-memory.js";
import { lowerMemory } from "../../../../src/search/pipeline/makespan/lower-memory.js";
import { familySchedules } from "../../../support/family-schedules.js";
import { randomPlacement } from "../../../support/placements.js";

function shape(name: string, options: ShapeOptions): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

function within(placement: Placement, memory: number): Placement {
  const limited = limitMemory(placement, "test", memory);
  if (!limited.ok) {
    throw new Error(limited.error[0].message);
  }
  return limited.value;
}

function peakOf(placement: Placement, whole: PipelineSchedule): number {
  return Math.max(...simulatePipeline(placement, whole).map(({ peakMemory }) => peakMemory));
}

describe("memory of whole schedules", () => {
  // All these makespans are least: load with the shortest ways to it and from it.
  it.each([
    ["v", { devices: 4 }, 16, 76, 4],
    ["interleaved-1f1b", { devices: 8, chunks: 4, forward: 1, backward: 2 }, 24, 309, 39],
    ["interleaved-1f1b", { devices: 8, chunks: 2, forward: 2, backward: 4 }, 24, 330, 23],
    ["zb-h", { devices: 4, forward: 2, backward: 2, weight: 2 }, 16, 102, 4],
  ] as const)(
    "%s %o, %i micro-batches: %i with at most %i",
    (name, options, count, makespan, memory) => {
      const placement = shape(name, options);
      const found = searchPipeline("top-compile", placement, count);
      expect(found.ok && found.value.whole.makespan).toBe(makespan);
      expect(found.ok && peakOf(placement, found.value.whole)).toBeLessThanOrEqual(memory);
    },
  );

  it("is the least that any schedule as short holds, where few blocks leave few states", () => {
    const built = buildPreset("megatron", { devices: 4, head: 3, layout: "Et*4|t*4|t*2m|L" });
    if (!built.ok) {
      throw new Error(built.error[0].message);
    }
    const { placement } = built.value;
    const found = searchPipeline("top-compile", placement, 16, { seed: 1, maxNodes: 100_000 });
    expect(found).toMatchObject({ value: { whole: { makespan: 204 }, makespanLowerBound: 204 } });
    expect(found.ok && peakOf(placement, found.value.whole)).toBe(24);
    expect(isTooShort(within(placement, 24), 16, 204)).toBe(false);
    expect(isTooShort(within(placement, 23), 16, 204)).toBe(true);
  });

  it("is never above that of a family that takes as long", () => {
    for (const [name, devices] of [
      ["v", 4],
      ["interleaved-1f1b", 4],
      ["zb-h", 4],
      ["zb-v", 4],
    ] as const) {
      const placement = shape(name, { devices });
      const found = searchPipeline("top-compile", placement, 12, { effort: "quick" });
      const ours = found.ok ? found.value.whole : undefined;
      for (const whole of familySchedules(placement, 12)) {
        expect(ours?.makespan).toBeLessThanOrEqual(whole.makespan);
        if (whole.makespan === ours?.makespan) {
          expect(peakOf(placement, ours)).toBeLessThanOrEqual(peakOf(placement, whole));
        }
      }
    }
  });

  it("keeps every device to its own limit, where another holds more", () => {
    // Two chains that cross; device 1 holds 3 at most, device 0 what it likes.
    const chain = (
      name: string,
      first: number,
      durations: readonly number[],
      workspaces: readonly number[],
    ) =>
      ["f0", "f1", "b1", "b0"].map((id, at) => ({
        id: `${name}${id}`,
        kind: at < 2 ? "forward" : "backward",
        devices: [`d${at === 0 || at === 3 ? first : 1 - first}`],
        duration: durations[at],
        memory: at < 2 ? 1 : -1,
        workspace: workspaces[at],
      }));
    const text = JSON.stringify({
      format: "top-compile/placement",
      version: 1,
      timeUnit: "step",
      memoryRelease: "start",
      devices: [{ name: "d0" }, { name: "d1", memory: 3 }],
      blocks: [
        ...chain("x", 0, [1, 3, 1, 1], [2, 2, 3, 0]),
        ...chain("y", 1, [3, 1, 1, 3], [0, 2, 2, 1]),
      ],
      dependencies: [
        { from: "xf0", to: "xf1" },
        { from: "xf1", to: "xb1", latency: 2 },
        { from: "xb1", to: "xb0", latency: 2 },
        { from: "yf0", to: "yf1", latency: 4 },
        { from: "yf1", to: "yb1" },
        { from: "yb1", to: "yb0" },
      ],
    });
    const placement = parsePlacement(text, "test", undefined);
    if (!placement.ok) {
      throw new Error(placement.error[0].message);
    }
    const found = searchPipeline("top-compile", placement.value, 4);
    expect(found.ok && verifyPipelineSchedule(placement.value, found.value.whole)).toEqual([]);
  });

  it("gets lower, and nothing longer", () => {
    let lower = 0;
    fc.assert(
      fc.property(randomPlacement(), fc.integer({ min: 1, max: 8 }), (placement, count) => {
        const found = searchPipeline("greedy", placement, count);
        if (!found.ok) {
          return;
        }
        const { whole } = found.value;
        const leaner = lowerMemory(placement, whole, [], { maxNodes: 20_000, seed: 1 });
        expect(verifyPipelineSchedule(placement, leaner)).toEqual([]);
        expect(leaner.makespan).toBeLessThanOrEqual(whole.makespan);
        expect(peakOf(placement, leaner)).toBeLessThanOrEqual(peakOf(placement, whole));
        lower += peakOf(placement, leaner) < peakOf(placement, whole) ? 1 : 0;
      }),
      { numRuns: 100 },
    );
    expect(lower).toBeGreaterThan(5);
  });
});

describe("fitMemory", () => {
  it("lets what finds no memory wait", () => {
    const placement = shape("v", { devices: 4 });
    const found = searchPipeline("gpipe", placement, 8);
    const whole = found.ok ? fitMemory(within(placement, 3), found.value.whole) : undefined;
    expect(whole && verifyPipelineSchedule(within(placement, 3), whole)).toEqual([]);
    expect(whole && peakOf(placement, whole)).toBe(3);
  });

  it("gives up where everything waits", () => {
    // Both chunks of a micro-batch are held at once, so two begun micro-batches stop each other.
    const placement = shape("interleaved-1f1b", { devices: 2, chunks: 2 });
    const found = searchPipeline("gpipe", placement, 4);
    expect(found.ok && fitMemory(within(placement, 2), found.value.whole)).toBeUndefined();
  });
});
