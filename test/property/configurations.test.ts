/** All numbers of micro-batches per period at once, against the search of one to three, and against a second proof. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../src/placement/shapes/build-shape.js";
import { doubtOn } from "../../src/schedule/check-configurations.js";
import { reduced } from "../../src/schedule/max-cycle-ratio.js";
import { verifyPeriodicSchedule } from "../../src/schedule/verify-periodic-schedule.js";
import { searchConfigurations } from "../../src/search/pipeline/configurations/search-configurations.js";
import { type FoundPeriod, periodicOf } from "../../src/search/pipeline/found-period.js";
import { searchPeriod } from "../../src/search/pipeline/period-search.js";
import { randomPlacement } from "../support/placements.js";

function shape(name: string, options: ShapeOptions): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(JSON.stringify(built.error));
  }
  return built.value;
}

const rateOf = ({ period, copies }: FoundPeriod): number => period / copies;

describe("configurations of pipelines", () => {
  it("give the published least times, and those of more micro-batches per period", () => {
    const each = (placement: Placement, choices: number) => {
      const { found, isLeast } = searchConfigurations(placement, choices);
      if (found === undefined) {
        throw new Error("nothing found");
      }
      expect(verifyPeriodicSchedule(placement, periodicOf(found))).toEqual([]);
      return { rate: rateOf(found), isLeast };
    };
    // Three in 16: the bound of memory.
    expect(each(shape("v", { devices: 4, memory: 3 }), 10_000)).toEqual({
      rate: 16 / 3,
      isLeast: true,
    });
    // One after the other.
    expect(each(shape("v", { devices: 2, memory: 1 }), 1000)).toEqual({ rate: 8, isLeast: true });
    const zeroBubble = { devices: 3, memory: 2, forward: 1, backward: 1, weight: 1 };
    expect(each(shape("zb-h", zeroBubble), 200_000).isLeast).toBe(true);
    // 57 in 14 and 85 in 14 were found by another program; blocks without memory may run ahead without end.
    expect(each(shape("finetune", { devices: 3, memory: 3 }), 100_000).rate).toBeLessThan(57 / 14);
    expect(each(shape("nn", { devices: 3, memory: 2 }), 100_000).rate).toBe(11);
  });

  it("are never worse than one to three per period, and proved by another way of listing them", () => {
    let least = 0;
    fc.assert(
      fc.property(randomPlacement({ maxBlocks: 5 }), (placement) => {
        const { found, isLeast } = searchConfigurations(placement, 6000);
        if (found === undefined) {
          return;
        }
        expect(verifyPeriodicSchedule(placement, periodicOf(found))).toEqual([]);
        if (!isLeast) {
          return;
        }
        least++;
        const ratio = reduced(found.period, found.copies);
        expect(doubtOn(placement, ratio)).toBeUndefined();
        // A little more is not the least.
        const more = reduced(ratio.numerator * 100 + 1, ratio.denominator * 100);
        expect(doubtOn(placement, more)).toBe("too-high");
        const few = searchPeriod(placement, { maxNodes: 20_000, seed: 1, polish: false }).schedule;
        const known =
          few === undefined ? Number.POSITIVE_INFINITY : few.period / few.microBatchesPerPeriod;
        expect(rateOf(found)).toBeLessThanOrEqual(known + 1e-9);
      }),
      { numRuns: 200 },
    );
    expect(least).toBeGreaterThan(30);
  });
});
