import type { Random } from "../../core/random.js";

/** Uniform numbers whose sum is one draw. */
const PARTS = 12;

/**
 * Nearly normal, with mean 0 and deviation 1: the sum of twelve uniform numbers less 6. Logarithms may differ in the
 * last bit between engines.
 */
export function nearlyNormal(random: Random): number {
  let sum = -PARTS / 2;
  for (let part = 0; part < PARTS; part++) {
    sum += random.next();
  }
  return sum;
}

/** How fast noise goes back to 0: it lasts for about ten looks. */
const RETURN = 0.1;

/** Noise that changes slowly, so that what is tried lasts long enough to show: Ornstein-Uhlenbeck. */
export class SlowNoise {
  readonly values: Float64Array;
  readonly #random: Random;

  constructor(length: number, random: Random) {
    this.values = new Float64Array(length);
    this.#random = random;
  }

  /** Goes on by one look; the values spread by about `deviation`. */
  next(deviation: number): Float64Array {
    // A first-order process with this step has variance 1 / (1 - (1 - RETURN)^2) times that of the step.
    const step = deviation * Math.sqrt(RETURN * (2 - RETURN));
    for (let at = 0; at < this.values.length; at++) {
      this.values[at] = (1 - RETURN) * this.values[at]! + step * nearlyNormal(this.#random);
    }
    return this.values;
  }
}
