import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { intervalOf, quantile, selectQuantile } from "../../../src/core/statistics.js";

describe("intervalOf", () => {
  it("is the mean with Student's interval", () => {
    expect(intervalOf([5])).toEqual({ mean: 5, half: 0 });
    // Standard deviation 1, of three: 4.303 / sqrt(3).
    const { mean, half } = intervalOf([1, 2, 3]);
    expect(mean).toBe(2);
    expect(half).toBeCloseTo(4.303 / Math.sqrt(3), 12);
    expect(intervalOf([4, 4, 4, 4])).toEqual({ mean: 4, half: 0 });
  });

  it("of many is that of the normal distribution", () => {
    const samples = Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 ? 1 : -1));
    expect(intervalOf(samples).half).toBeCloseTo(
      (1.96 * Math.sqrt(1000 / 999)) / Math.sqrt(1000),
      12,
    );
  });
});

describe("selectQuantile", () => {
  it("is the quantile of all in order", () => {
    const numbers = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.nat()), { minLength: 1 });
    const fraction = fc.constantFrom(0, 0.01, 0.5, 0.9, 0.99, 1);
    fc.assert(
      fc.property(numbers, fraction, (values, each) => {
        const own = Float64Array.from(values);
        expect(selectQuantile(own, each)).toBe(quantile(values, each));
        expect(own.sort()).toEqual(Float64Array.from(values).sort());
      }),
      { numRuns: 500 },
    );
  });
});
