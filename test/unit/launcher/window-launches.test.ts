import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { longestPeriodNs, windowLaunches } from "../../../src/launcher/window-launches.js";

const launches = (
  rates: readonly number[],
  batches: readonly number[],
  most: number,
  tolerance = 1.1,
) => windowLaunches(rates, batches, { most, tolerance });

describe("tasks of a window", () => {
  it("are the smallest numbers near the ratio of the rates", () => {
    expect(launches([100], [1], 8)).toEqual([1]);
    expect(launches([100, 100], [1, 1], 8)).toEqual([1, 1]);
    expect(launches([100, 50], [1, 1], 8)).toEqual([2, 1]);
    // 100 a second in batches of 4 are 25 tasks.
    expect(launches([100, 50], [4, 1], 8)).toEqual([1, 2]);
    expect(launches([1000, 600], [1, 1], 8)).toEqual([5, 3]);
    // 2 to 1 is 4 % too much for the second; 1 to 1 is 92 %.
    expect(launches([100, 48], [1, 1], 8)).toEqual([2, 1]);
    expect(launches([90, 31], [1, 1], 16)).toEqual([8, 3]);
    // No more tasks than these: the nearest is 5 to 2.
    expect(launches([90, 31], [1, 1], 8)).toEqual([5, 2]);
    expect(launches([1000, 1], [1, 1], 4)).toEqual([3, 1]);
    // Half as much again, and twice as much.
    expect(launches([90, 31], [1, 1], 16, 1.5)).toEqual([2, 1]);
    expect(launches([100, 50], [1, 1], 16, 2)).toEqual([1, 1]);
    expect(launches([1, 1, 1], [1, 1, 1], 2)).toBeUndefined();
  });

  it("are never too few for any model", () => {
    const rate = fc.double({ min: 0.01, max: 1e5, noNaN: true });
    const TOLERANCE = fc.constantFrom(1.1, 1.5, 2);
    const model = fc.record({ rate, batch: fc.constantFrom(1, 2, 4, 32) });
    fc.assert(
      fc.property(
        fc.array(model, { minLength: 1, maxLength: 4 }),
        TOLERANCE,
        (models, tolerance) => {
          const rates = models.map((each) => each.rate);
          const batches = models.map(({ batch }) => batch);
          const counts = launches(rates, batches, 16, tolerance)!;
          expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(16);
          expect(counts.every((count) => Number.isInteger(count) && count >= 1)).toBe(true);
          // The model that needs most tasks decides how long the period may be.
          const needs = rates.map((each, at) => each / batches[at]!);
          const fastest = needs.indexOf(Math.max(...needs));
          const longest = (1e9 * counts[fastest]!) / needs[fastest]!;
          const period = longestPeriodNs(rates, batches, counts);
          expect(Math.abs(period - longest)).toBeLessThanOrEqual(1e-6 * longest);
        },
      ),
    );
  });
});
