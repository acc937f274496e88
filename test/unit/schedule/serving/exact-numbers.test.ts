import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compare,
  dot,
  dyadic,
  product,
  quotient,
  sum,
} from "../../../../src/schedule/serving/exact-numbers.js";

const whole = (value: number) => ({ n: BigInt(value), e: 0 });

describe("exact numbers", () => {
  it("are what the bits say", () => {
    expect(dyadic(0.75)).toEqual({ n: 3n, e: -2 });
    expect(dyadic(Number.MIN_VALUE)).toEqual({ n: 1n, e: -1074 });
    expect(dyadic(2 ** 60)).toEqual({ n: 1n << 60n, e: 0 });
  });

  it("keep what floats lose", () => {
    // 0.1 + 0.2 is above 0.3 as they stand: the sum of the two doubles lies between two others.
    expect(compare(sum(dyadic(0.1), dyadic(0.2)), dyadic(0.3))).toBe(1);
    expect(compare(sum(dyadic(1e300), dyadic(1e-300)), dyadic(1e300))).toBe(1);
    expect(compare(product(dyadic(0.1), dyadic(10)), dyadic(1))).toBe(1);
    expect(compare(dot([1e300, 1], [1, 1e-300]), dyadic(1e300))).toBe(1);
  });

  it("divide to the nearest number on the side that is asked for", () => {
    const positive = fc.double({ min: 5e-324, max: 1e300, noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        const [above, below] = [dyadic(a), dyadic(b)];
        const up = quotient(above, below, "up");
        const down = quotient(above, below, "down");
        const times = (value: number) => product(dyadic(value), below);
        expect(down).toBeLessThanOrEqual(up);
        expect(compare(times(down), above)).toBeLessThanOrEqual(0);
        if (Number.isFinite(up)) {
          expect(compare(times(up), above)).toBeGreaterThanOrEqual(0);
          // Neighbors, or one and the same where the quotient is a number.
          const gap = Math.max(2 ** -1074, up * 2 ** -52);
          expect(up - down).toBeLessThanOrEqual(gap);
          expect(up === down).toBe(compare(times(up), above) === 0);
        } else {
          expect(compare(times(Number.MAX_VALUE), above)).toBeLessThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("divide 1 by 3", () => {
    expect(quotient(whole(1), whole(3), "down")).toBe(1 / 3);
    expect(quotient(whole(1), whole(3), "up")).toBe(1 / 3 + 2 ** -54);
    expect(quotient(whole(0), whole(3), "up")).toBe(0);
    expect(quotient(whole(12), whole(3), "down")).toBe(4);
  });
});
