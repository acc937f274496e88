/** Blocks that hold no memory run for many micro-batches at once. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../../src/placement/shapes/build-shape.js";
import { verifyPeriodicSchedule } from "../../../../src/schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../../../src/search/pipeline/algorithms.js";
import { periodicOf } from "../../../../src/search/pipeline/found-period.js";
import { searchPeriod } from "../../../../src/search/pipeline/period-search.js";
import { middleOf, withEnds } from "../../../../src/search/pipeline/quick/batched-ends.js";
import { pausedPeriod } from "../../../../src/search/pipeline/quick/paused-middle.js";
import { randomPlacement } from "../../../support/placements.js";

function shape(name: string, options: ShapeOptions): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(JSON.stringify(built.error));
  }
  return built.value;
}

describe("blocks without memory", () => {
  // Spread blocks for all micro-batches at once, and between them 1F1B: its load for each, and the ramps of 1F1B.
  const CASES: readonly (readonly [string, ShapeOptions, number, number])[] = [
    ["m", { devices: 8, memory: 8 }, 24, 24 * 6 + 7 * 4],
    ["m", { devices: 4, memory: 4 }, 8, 8 * 6 + 3 * 4],
    ["m", { devices: 4, memory: 4 }, 32, 32 * 6 + 3 * 4],
    ["m", { devices: 3, memory: 3 }, 48, 296],
    ["finetune", { devices: 3, memory: 3 }, 48, 198],
    ["finetune", { devices: 4, memory: 4 }, 64, 265],
  ];
  it.each(CASES)("%s %o, %i micro-batches: at most %i", (name, options, count, most) => {
    const placement = shape(name, options);
    const found = searchPipeline("top-compile", placement, count, { maxNodes: 20_000 });
    if (!found.ok) {
      throw new Error(JSON.stringify(found.error));
    }
    expect(verifyPipelineSchedule(placement, found.value.whole)).toEqual([]);
    expect(found.value.whole.makespan).toBeLessThanOrEqual(most);
  });

  it("in pauses of the others cost their own time and one wait for many micro-batches", () => {
    const placement = shape("m", { devices: 4, memory: 4 });
    const { schedule } = searchPeriod(placement, { maxNodes: 20_000, seed: 1 });
    if (schedule === undefined) {
      throw new Error("no schedule");
    }
    expect(verifyPeriodicSchedule(placement, schedule)).toEqual([]);
    // 80 for 13 was found by another program; 6 is the load.
    expect(schedule.period / schedule.microBatchesPerPeriod).toBeLessThan(80 / 13);
  });

  it("of random placements, before and after the others, and in pauses: right schedules", () => {
    let middles = 0;
    fc.assert(
      fc.property(randomPlacement({ maxBlocks: 7 }), (placement) => {
        const middle = middleOf(placement);
        if (middle === undefined) {
          return;
        }
        const found = searchPipeline("quick", middle.placement, 4);
        if (!found.ok) {
          return;
        }
        middles++;
        const { whole, periodic } = found.value;
        expect(verifyPipelineSchedule(placement, withEnds(placement, middle, whole))).toEqual([]);
        const paused = pausedPeriod(placement, middle, periodic);
        if (paused !== undefined) {
          expect(verifyPeriodicSchedule(placement, periodicOf(paused))).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
    expect(middles).toBeGreaterThan(20);
  });

  it("are all that comes before or after memory is held", () => {
    const middle = middleOf(shape("m", { devices: 3, memory: 3 }));
    expect(middle?.head).toHaveLength(1);
    expect(middle?.tail).toHaveLength(1);
    expect(middle?.placement.blocks).toHaveLength(6);
    expect(middleOf(shape("v", { devices: 3, memory: 3 }))).toBeUndefined();
    expect(middleOf(shape("m", { devices: 3 }))).toBeUndefined();
  });
});
