/**
 * Adam: each parameter moves by about the same step, in the recent direction of its gradient.
 *
 * Additions, multiplications, divisions and square roots only, all of them exact to the last bit on
 * every machine; powers of the decay rates are running products.
 *
 * Source: Kingma and Ba, ICLR 2015, Algorithm 1.
 */

/** An optimizer of one parameter vector. */
export interface Optimizer {
  /** Changes `parameters` by one step against `gradient`. */
  step(parameters: Float64Array, gradient: Float64Array, rate: number): void;
}

const MEAN_DECAY = 0.9;
const SQUARE_DECAY = 0.999;
const EPSILON = 1e-8;

/** An optimizer for vectors of this length. Gradients longer than `clip` are shortened to it. */
export function adam(length: number, clip: number): Optimizer {
  const mean = new Float64Array(length);
  const square = new Float64Array(length);
  let [meanLeft, squareLeft] = [1, 1];
  return {
    step(parameters, gradient, rate): void {
      const norm = Math.sqrt(gradient.reduce((sum, slope) => sum + slope * slope, 0));
      const scale = norm > clip ? clip / norm : 1;
      meanLeft *= MEAN_DECAY;
      squareLeft *= SQUARE_DECAY;
      for (let i = 0; i < length; i++) {
        const slope = gradient[i]! * scale;
        const m = MEAN_DECAY * mean[i]! + (1 - MEAN_DECAY) * slope;
        const s = SQUARE_DECAY * square[i]! + (1 - SQUARE_DECAY) * slope * slope;
        mean[i] = m;
        square[i] = s;
        const size = Math.sqrt(s / (1 - squareLeft)) + EPSILON;
        parameters[i] = parameters[i]! - (rate * (m / (1 - meanLeft))) / size;
      }
    },
  };
}
