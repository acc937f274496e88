/**
 * Floating-point numbers as what they are: whole numbers times powers of two. Sums and products are
 * exact, and a quotient is rounded to the side that is asked for.
 */

/** `n` times 2 to the power of `e`. */
export interface Dyadic {
  readonly n: bigint;
  readonly e: number;
}

/** Zero. */
export const ZERO: Dyadic = { n: 0n, e: 0 };

/** The exact value of a finite number. */
export function dyadic(value: number): Dyadic {
  let n = value;
  let e = 0;
  while (!Number.isInteger(n)) {
    n *= 2;
    e--;
  }
  return { n: BigInt(n), e };
}

/** The exact sum. */
export function sum(a: Dyadic, b: Dyadic): Dyadic {
  const e = Math.min(a.e, b.e);
  return { n: (a.n << BigInt(a.e - e)) + (b.n << BigInt(b.e - e)), e };
}

/** The exact product. */
export function product(a: Dyadic, b: Dyadic): Dyadic {
  return { n: a.n * b.n, e: a.e + b.e };
}

/** Negative, zero or positive as `a` is below, equal to or above `b`. */
export function compare(a: Dyadic, b: Dyadic): number {
  const { n } = sum(a, { n: -b.n, e: b.e });
  return n < 0n ? -1 : n > 0n ? 1 : 0;
}

/** The exact sum of products of two lists, each number taken as it is. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): Dyadic {
  let total = ZERO;
  for (let at = 0; at < a.length; at++) {
    if (a[at] !== 0 && b[at] !== 0) {
      total = sum(total, product(dyadic(a[at]!), dyadic(b[at]!)));
    }
  }
  return total;
}

/**
 * The least number that is not below the quotient, or the largest that is not above it.
 *
 * Requires: `numerator` >= 0, `denominator` > 0. A quotient beyond all numbers is `Infinity`, or the largest.
 */
export function quotient(numerator: Dyadic, denominator: Dyadic, side: "up" | "down"): number {
  const isAbove = (value: number): number =>
    compare(product(dyadic(value), denominator), numerator);
  let value = nearQuotient(numerator, denominator);
  if (side === "up") {
    while (Number.isFinite(value) && isAbove(value) < 0) {
      value = next(value, 1);
    }
    while (value > 0 && isAbove(next(value, -1)) >= 0) {
      value = next(value, -1);
    }
    return value;
  }
  value = Math.min(value, Number.MAX_VALUE);
  while (isAbove(value) > 0) {
    value = next(value, -1);
  }
  while (value < Number.MAX_VALUE && isAbove(next(value, 1)) <= 0) {
    value = next(value, 1);
  }
  return value;
}

/** The quotient within some units in the last place. */
function nearQuotient(numerator: Dyadic, denominator: Dyadic): number {
  if (numerator.n === 0n) {
    return 0;
  }
  // 64 bits more than the divisor has give a whole quotient that is precise enough.
  const shift = Math.max(0, bits(denominator.n) - bits(numerator.n) + 64);
  const whole = (numerator.n << BigInt(shift)) / denominator.n;
  const drop = Math.max(0, bits(whole) - 64);
  const exponent = numerator.e - denominator.e - shift + drop;
  return scaled(Number(whole >> BigInt(drop)), exponent);
}

/** `value` times 2 to the power of `exponent`, in steps that neither overflow nor lose bits on the way. */
function scaled(value: number, exponent: number): number {
  let result = value;
  let left = exponent;
  while (left !== 0 && result !== 0 && Number.isFinite(result)) {
    const step = Math.max(-512, Math.min(512, left));
    result *= 2 ** step;
    left -= step;
  }
  return result;
}

function bits(n: bigint): number {
  return n.toString(16).length * 4;
}

const FLOAT = new Float64Array(1);
const WORD = new BigInt64Array(FLOAT.buffer);

/** The neighbor of a number that is at least 0, on either side; nothing is below 0. */
function next(value: number, step: 1 | -1): number {
  FLOAT[0] = value;
  WORD[0] = (WORD[0] ?? 0n) + BigInt(step);
  return FLOAT[0];
}
