/** Blocks at the ends of a micro-batch that stop everything else: bounds and schedules without them, against all orders. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkBound } from "../../src/schedule/check-bound.js";
import { isTooShort } from "../../src/schedule/check-makespan.js";
import { verifyPeriodicSchedule } from "../../src/schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../../src/schedule/verify-pipeline-schedule.js";
import { aloneAtEnds, withoutBlocks } from "../../src/schedule/without-blocks.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { searchOthers } from "../../src/search/pipeline/all-numbers.js";
import { sharesOf } from "../../src/search/pipeline/effort.js";
import { periodicOf } from "../../src/search/pipeline/found-period.js";
import { periodBounds } from "../../src/search/pipeline/lower-bounds.js";
import { setApart } from "../../src/search/pipeline/set-apart.js";
import { shortestOfOthers } from "../../src/search/pipeline/shortest-of-others.js";
import { leastPeriodOf } from "../support/brute-force-period.js";
import { leastMakespan } from "../support/brute-force-pipeline.js";
import { randomPlacement } from "../support/placements.js";
import { withSpreadEnds } from "../support/spread-ends.js";
import { trainingPlacement } from "../support/training-placements.js";

const TINY = withSpreadEnds(
  randomPlacement({ maxDevices: 2, maxBlocks: 3, maxDuration: 3, maxLatency: 2 }),
);
const TRAINING = withSpreadEnds(trainingPlacement({ maxStages: 2, maxDuration: 2 }));

describe("blocks set apart", () => {
  it("are those that verify takes out, with the same others", () => {
    fc.assert(
      fc.property(fc.oneof(TINY, TRAINING), (placement) => {
        const others = setApart(placement);
        const rest = withoutBlocks(placement, aloneAtEnds(placement));
        expect(others?.beside ?? aloneAtEnds(placement)).toEqual(aloneAtEnds(placement));
        if (others !== undefined) {
          const { placement: left, blocks: kept, time } = others;
          expect(rest).toEqual({ placement: left, kept, time });
        }
      }),
      { numRuns: 300 },
    );
  });

  it("leave whole schedules that are the shortest, where it is proved, and bounds that hold", () => {
    const seen = { all: 0, proved: 0, shorter: 0 };
    fc.assert(
      fc.property(TINY, fc.integer({ min: 1, max: 2 }), (placement, count) => {
        const quick = searchPipeline("quick", placement, count);
        const found = quick.ok
          ? shortestOfOthers(placement, quick.value.whole, sharesOf("default", placement))
          : undefined;
        if (!quick.ok || found === undefined) {
          return;
        }
        const least = leastMakespan(placement, count);
        const { whole, bound, isProved } = found;
        expect(verifyPipelineSchedule(placement, whole)).toEqual([]);
        expect(bound).toBeLessThanOrEqual(least);
        expect(whole.makespan).toBeLessThanOrEqual(quick.value.whole.makespan);
        const rest = withoutBlocks(placement, aloneAtEnds(placement));
        if (typeof rest === "object") {
          expect(isTooShort(rest.placement, count, least - count * rest.time)).toBe(false);
        }
        seen.all++;
        if (isProved) {
          expect(whole.makespan).toBe(least);
          seen.proved++;
          seen.shorter += whole.makespan < quick.value.whole.makespan ? 1 : 0;
        }
      }),
      { numRuns: 150 },
    );
    expect(seen.proved).toBeGreaterThan(seen.all / 2);
  });

  it("give bounds of periods that no period is below, and that verify proves", () => {
    const seen = { memory: 0, configurations: 0, found: 0 };
    fc.assert(
      fc.property(
        fc.oneof(TINY, TRAINING),
        fc.integer({ min: 1, max: 2 }),
        (placement, microBatchesPerPeriod) => {
          const { found, bound } = searchOthers(placement, 3000);
          const bounds = [...periodBounds(placement), ...(bound === undefined ? [] : [bound])];
          const own = bounds.filter(({ beside }) => beside !== undefined);
          for (const { numerator, denominator, ...reason } of own) {
            const each = { numerator, denominator };
            const period = Math.ceil((numerator * microBatchesPerPeriod) / denominator);
            const claim = { ...reason, each, period, microBatchesPerPeriod };
            expect(checkBound(placement, claim)).toMatchObject({ kind: "proved", period });
            const options = { copies: microBatchesPerPeriod, longest: period - 1, waits: 1 };
            const isShort = microBatchesPerPeriod === 1 || placement.blocks.length < 5;
            if (isShort && period < 12) {
              expect(leastPeriodOf(placement, options)).toBe(Number.POSITIVE_INFINITY);
            }
            seen[reason.kind === "memory" ? "memory" : "configurations"]++;
          }
          if (found !== undefined) {
            expect(verifyPeriodicSchedule(placement, periodicOf(found))).toEqual([]);
            seen.found++;
          }
        },
      ),
      { numRuns: 150 },
    );
    expect(Math.min(seen.memory, seen.configurations)).toBeGreaterThan(20);
    expect(seen.found).toBeGreaterThan(5);
  });
});
