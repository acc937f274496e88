/** With more work the search keeps everything that less finds. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../src/placement/placement.js";
import { buildShape } from "../../src/placement/shapes/build-shape.js";
import { verifyPeriodicSchedule } from "../../src/schedule/verify-periodic-schedule.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { searchPeriod } from "../../src/search/pipeline/period-search.js";
import { randomPlacement } from "../support/placements.js";
import { trainingPlacement } from "../support/training-placements.js";

/** Time for each micro-batch; infinite where nothing was found. */
function eachOf(placement: Placement, maxNodes: number): number {
  const { schedule } = searchPeriod(placement, { maxNodes, seed: 1 });
  return schedule === undefined
    ? Number.POSITIVE_INFINITY
    : schedule.period / schedule.microBatchesPerPeriod;
}

describe("a period", () => {
  it("takes no more for each micro-batch than the whole schedule again and again", () => {
    fc.assert(
      fc.property(
        randomPlacement({ maxBlocks: 8 }),
        fc.integer({ min: 1, max: 5 }),
        (placement, microBatches) => {
          const found = searchPipeline("top-compile", placement, microBatches, { maxNodes: 400 });
          if (found.ok) {
            const { periodic, whole } = found.value;
            expect(verifyPeriodicSchedule(placement, periodic)).toEqual([]);
            expect(periodic.period * microBatches).toBeLessThanOrEqual(
              whole.makespan * periodic.microBatchesPerPeriod,
            );
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("more work", () => {
  it("never gives a longer time for each micro-batch", () => {
    let better = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          trainingPlacement({ maxStages: 6, maxDuration: 5 }),
          randomPlacement({ maxBlocks: 10 }),
        ),
        fc.constantFrom(1, 10_000),
        (placement, factor) => {
          const times = {
            ...placement,
            blocks: placement.blocks.map((block, at) => ({
              ...block,
              duration: block.duration * factor + (factor > 1 ? at % 3 : 0),
            })),
          };
          const each = [60, 300, 1000, 4000].map((maxNodes) => eachOf(times, maxNodes));
          for (const [at, next] of each.slice(1).entries()) {
            // Where durations are nearly equal, what is a tie in small ones is none here.
            expect(next).toBeLessThanOrEqual((each[at] ?? 0) * (factor > 1 ? 1.001 : 1));
          }
          better += each.at(-1) === each[0] ? 0 : 1;
        },
      ),
      { numRuns: 60 },
    );
    expect(better).toBeGreaterThan(3);
  });

  it("goes on in stages behind the usual work", () => {
    const built = buildShape("m", { devices: 4, memory: 4, forward: 2, backward: 5 });
    if (!built.ok) {
      throw new Error(built.error[0].message);
    }
    expect(eachOf(built.value, 700_000)).toBeLessThanOrEqual(eachOf(built.value, 300_000));
  });
});
