import { describe, expect, it } from "vitest";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../../src/placement/shapes/build-shape.js";
import type { PipelineSchedule } from "../../../../src/schedule/pipeline-schedule.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../../../src/search/pipeline/algorithms.js";
import { shortenSchedule } from "../../../../src/search/pipeline/makespan/shorten-schedule.js";
import { shortestSchedule } from "../../../../src/search/pipeline/makespan/shortest-schedule.js";
import { familySchedules } from "../../../support/family-schedules.js";

function shape(name: string, options: ShapeOptions): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

function scheduled(placement: Placement, algorithm: "modulo" | "greedy", count: number) {
  const found = searchPipeline(algorithm, placement, count);
  if (!found.ok) {
    throw new Error(found.error[0].message);
  }
  return found.value.whole;
}

const OPTIONS = { maxNodes: 50_000, seed: 1 };
const EQUAL = { forward: 2, backward: 2, weight: 2 };

/** Shape, options, micro-batches; makespan of the list schedule, lower bound that is reached. */
const REACHED: readonly (readonly [string, ShapeOptions, number, number, number])[] = [
  ["zb-h", { devices: 4, memory: 4, ...EQUAL }, 8, 60, 54],
  ["zb-h", { devices: 8, memory: 8, ...EQUAL }, 32, 220, 206],
  ["zb-v", { devices: 4, memory: 8 }, 32, 229, 195],
  ["zb-v", { devices: 8, memory: 16 }, 8, 70, 55],
  ["dualpipe", { devices: 4, memory: 4 }, 8, 53, 49],
  ["interleaved-1f1b", { devices: 4, memory: 11, forward: 1, backward: 2 }, 32, 231, 201],
  ["alphafold", { devices: 4, memory: 6 }, 32, 142, 134],
];

describe("shortening", () => {
  it.each(REACHED)("%s %o, %i micro-batches: from %i to %i, the lower bound", (...row) => {
    const [name, options, count, before, after] = row;
    const placement = shape(name, options);
    const whole = scheduled(placement, "greedy", count);
    expect(whole.makespan).toBe(before);
    const shorter = shortenSchedule(placement, whole, OPTIONS);
    expect(shorter.makespan).toBe(after);
    expect(verifyPipelineSchedule(placement, shorter)).toEqual([]);
  });

  it("is right and not longer with so many instances that their order is kept", () => {
    const times = { forward: 20, backward: 18, weight: 9, latency: 1 };
    const placement = shape("zb-h", { devices: 8, memory: 16, ...times });
    const whole = scheduled(placement, "greedy", 400);
    const shorter = shortenSchedule(placement, whole, { maxNodes: 1, seed: 1 });
    expect(shorter.makespan).toBeLessThan(whole.makespan);
    expect(verifyPipelineSchedule(placement, shorter)).toEqual([]);
  });

  it("leaves a schedule at its lower bound as it is", () => {
    const placement = shape("v", { devices: 4, memory: 4 });
    const [whole] = familySchedules(placement, 16);
    const shorter = shortenSchedule(placement, whole as PipelineSchedule, OPTIONS);
    expect(shorter.instances).toEqual(whole?.instances);
  });

  it("gives the same for the same seed, and works within its nodes", () => {
    const placement = shape("x", { devices: 4, memory: 4 });
    const whole = scheduled(placement, "modulo", 8);
    const makespanWith = (maxNodes: number): number =>
      shortenSchedule(placement, whole, { maxNodes, seed: 7 }).makespan;
    expect(shortenSchedule(placement, whole, OPTIONS)).toEqual(
      shortenSchedule(placement, whole, OPTIONS),
    );
    expect(makespanWith(1)).toBeLessThan(whole.makespan);
    expect(makespanWith(100_000)).toBeLessThan(makespanWith(1));
  });

  it("keeps the shortest of several", () => {
    const placement = shape("dualpipe", { devices: 4, memory: 4, latency: 2 });
    const starts = [
      scheduled(placement, "greedy", 8),
      scheduled(placement, "modulo", 8),
      ...familySchedules(placement, 8),
    ];
    const each = starts.map((whole) => shortenSchedule(placement, whole, OPTIONS).makespan);
    const thorough = { ...OPTIONS, isThorough: true, floor: 0 };
    const best = shortestSchedule(placement, starts, thorough);
    expect(best?.makespan).toBe(Math.min(...each));
    expect(verifyPipelineSchedule(placement, best as PipelineSchedule)).toEqual([]);
    expect(shortestSchedule(placement, [], thorough)).toBeUndefined();
  });

  it("shortens what has become the same once, and nothing that is at the floor", () => {
    const placement = shape("x", { devices: 4, memory: 4 });
    const whole = scheduled(placement, "modulo", 8);
    const rounds = (count: number, options: { isThorough: boolean; floor: number }): number => {
      let told = 0;
      const onRound = () => {
        told++;
      };
      const copies = Array.from({ length: count }, () => whole);
      shortestSchedule(placement, copies, { ...OPTIONS, ...options, onRound });
      return told;
    };
    const once = rounds(1, { isThorough: true, floor: 0 });
    expect(rounds(3, { isThorough: true, floor: 0 })).toBe(3 * once);
    // The other two until they settle.
    expect(rounds(3, { isThorough: false, floor: 0 })).toBeLessThan(once + 20);
    expect(rounds(3, { isThorough: false, floor: whole.makespan })).toBe(1);
  });
});
