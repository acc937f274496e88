import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTooShort } from "../../src/schedule/check-makespan.js";
import { verifyPipelineSchedule } from "../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { exactWhole } from "../../src/search/pipeline/makespan/exact-whole.js";
import { leastWhole } from "../../src/search/pipeline/makespan/least-whole.js";
import { makespanBound } from "../../src/search/pipeline/path-bounds.js";
import { leastMakespan } from "../support/brute-force-pipeline.js";
import { randomPlacement } from "../support/placements.js";
import { trainingPlacement } from "../support/training-placements.js";

const TINY = randomPlacement({ maxDevices: 3, maxBlocks: 3, maxDuration: 3, maxLatency: 2 });
const SMALL = fc.oneof(randomPlacement(), trainingPlacement({ maxStages: 4, maxDuration: 3 }));

describe("the shortest whole schedule", () => {
  it("is that of all orders, where it is proved", () => {
    const seen = { all: 0, shorter: 0 };
    fc.assert(
      fc.property(TINY, fc.integer({ min: 1, max: 2 }), (placement, count) => {
        const found = searchPipeline("quick", placement, count);
        if (!found.ok) {
          return;
        }
        const known = found.value.whole;
        const { whole, isProved } = exactWhole(placement, known, 0, 1e6);
        expect(verifyPipelineSchedule(placement, whole)).toEqual([]);
        expect(isProved).toBe(true);
        expect(whole.makespan).toBe(leastMakespan(placement, count));
        expect(exactWhole(placement, known, 0, 0)).toEqual({ whole: known, isProved: false });
        seen.all++;
        seen.shorter += whole.makespan < known.makespan ? 1 : 0;
      }),
      { numRuns: 150 },
    );
    expect(seen.all).toBeGreaterThan(50);
    expect(seen.shorter).toBeGreaterThan(2);
  });
});

describe("bounds of whole schedules", () => {
  it("are never above the least makespan, and often the same", () => {
    const seen = { all: 0, least: 0, better: 0 };
    fc.assert(
      fc.property(TINY, fc.integer({ min: 1, max: 2 }), (placement, count) => {
        const least = leastMakespan(placement, count);
        if (least === Number.POSITIVE_INFINITY) {
          return;
        }
        const low = makespanBound(placement, count);
        const bound = leastWhole(placement, count, { low, high: 2 * least, maxWork: 1e6 });
        expect(bound).toBeLessThanOrEqual(least);
        expect(isTooShort(placement, count, least)).toBe(false);
        seen.all++;
        seen.least += bound === least ? 1 : 0;
        seen.better += bound > low ? 1 : 0;
      }),
      { numRuns: 200 },
    );
    expect(seen.least).toBeGreaterThan(seen.all / 2);
    expect(seen.better).toBeGreaterThan(0);
  });

  it("are proved again by code of their own, and refute no schedule that there is", () => {
    let better = 0;
    fc.assert(
      fc.property(SMALL, fc.integer({ min: 1, max: 8 }), (placement, count) => {
        const found = searchPipeline("quick", placement, count);
        if (!found.ok) {
          return;
        }
        const { makespan } = found.value.whole;
        const low = makespanBound(placement, count);
        const bound = leastWhole(placement, count, { low, high: makespan + 1, maxWork: 1e6 });
        expect(bound).toBeLessThanOrEqual(makespan);
        expect(isTooShort(placement, count, makespan)).toBe(false);
        if (bound > low) {
          better++;
          expect(isTooShort(placement, count, bound - 1)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
    expect(better).toBeGreaterThan(10);
  });
});
