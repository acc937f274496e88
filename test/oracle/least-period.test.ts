import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../src/placement/placement.js";
import { buildShape } from "../../src/placement/shapes/build-shape.js";
import { checkBound } from "../../src/schedule/check-bound.js";
import {
  steadyPeakMemory,
  verifyPeriodicSchedule,
} from "../../src/schedule/verify-periodic-schedule.js";
import { leastPeakAt, leastPeriodOf } from "../support/brute-force-period.js";
import { provingSearch, rateOf } from "../support/default-search.js";
import { randomPlacement } from "../support/placements.js";
import { trainingPlacement } from "../support/training-placements.js";

const LONGEST = 12;

/** Every start is tried up to one period after it may be: what brute force finds exists. */
const ONE = { copies: 1, longest: LONGEST, waits: 1 };

const SMALL: fc.Arbitrary<Placement> = fc.oneof(
  randomPlacement({ maxDevices: 3, maxBlocks: 6, maxDuration: 2, maxLatency: 1 }),
  trainingPlacement({ maxStages: 3, maxDuration: 2 }),
);

const TINY: fc.Arbitrary<Placement> = fc.oneof(
  randomPlacement({ maxDevices: 2, maxBlocks: 4, maxDuration: 2, maxLatency: 1 }),
  trainingPlacement({ maxStages: 2, maxDuration: 2 }),
);

function shape(name: string, memory: number): Placement {
  const built = buildShape(name, { devices: 2, memory });
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

describe("brute force of periods", () => {
  it.each([
    ["v", 2, 1, 4],
    ["v", 1, 1, 8],
    ["m", 4, 1, 6],
  ] as const)("%s on 2 devices, memory %i, %i per period: %i", (name, memory, copies, period) => {
    const options = { ...ONE, copies };
    expect(leastPeriodOf(shape(name, memory), options)).toBe(period);
  });

  it("finds less memory than the limit, and none below what one micro-batch holds", () => {
    expect(leastPeakAt(shape("v", 8), ONE, 4)).toBe(2);
    expect(leastPeakAt(shape("v", 8), ONE, 8)).toBe(1);
  });
});

describe("the period search against brute force", () => {
  it("needs no longer for one micro-batch than the least period, and what it says holds", () => {
    const seen = { reached: 0, better: 0 };
    fc.assert(
      fc.property(SMALL, (placement) => {
        const least = leastPeriodOf(placement, ONE);
        const found = provingSearch(placement);
        if (found !== undefined) {
          const { periodic, boundedBy, boundEach: each, periodLowerBound: period } = found;
          const { microBatchesPerPeriod } = periodic;
          expect(verifyPeriodicSchedule(placement, periodic)).toEqual([]);
          const claim = { ...boundedBy, each, period, microBatchesPerPeriod };
          const check = checkBound(placement, claim);
          expect(check.kind).not.toBe("unproved");
        }
        if (least === Number.POSITIVE_INFINITY || found?.isCutShort === true) {
          return;
        }
        expect(rateOf(found)).toBeLessThanOrEqual(least);
        seen[rateOf(found) === least ? "reached" : "better"]++;
        if (found?.periodic.microBatchesPerPeriod === 1) {
          expect(found.periodLowerBound).toBeLessThanOrEqual(least);
        }
      }),
      { numRuns: 100 },
    );
    expect(seen.reached).toBeGreaterThan(30);
  });

  it("needs no longer for two micro-batches than their least period", () => {
    let checked = 0;
    fc.assert(
      fc.property(TINY, (placement) => {
        const least = leastPeriodOf(placement, { copies: 2, longest: 8, waits: 1 });
        const found = provingSearch(placement);
        if (least < Number.POSITIVE_INFINITY && found?.isCutShort !== true) {
          checked++;
          expect(rateOf(found)).toBeLessThanOrEqual(least / 2);
        }
      }),
      { numRuns: 30 },
    );
    expect(checked).toBeGreaterThan(10);
  });

  it("needs no more memory than the least at its period", () => {
    let checked = 0;
    fc.assert(
      fc.property(SMALL, (placement) => {
        const found = provingSearch(placement);
        if (found === undefined || found.isCutShort || found.periodic.period > LONGEST) {
          return;
        }
        const { period, microBatchesPerPeriod: copies } = found.periodic;
        if (copies * placement.blocks.length <= 8) {
          checked++;
          const peaks = steadyPeakMemory(placement, found.periodic).map((peak) => peak ?? 0);
          const least = leastPeakAt(placement, { ...ONE, copies }, period);
          expect(Math.max(0, ...peaks)).toBeLessThanOrEqual(least);
        }
      }),
      { numRuns: 100 },
    );
    expect(checked).toBeGreaterThan(20);
  });
});
