import type { Random } from "../core/random.js";
import { type NetworkShape, parameterCount } from "./graph-network.js";

/** Parameters to start training from: uniform, such that rows keep their size; the answer is 0. */
export function initialParameters(shape: NetworkShape, random: Random): Float64Array {
  const parameters = new Float64Array(parameterCount(shape));
  let at = 0;
  for (let layer = 0; layer < shape.layers; layer++) {
    const inputs = 3 * (layer === 0 ? shape.features : shape.hidden);
    const bound = Math.sqrt(6 / inputs);
    for (let i = 0; i < inputs * shape.hidden; i++) {
      parameters[at++] = random.between(-bound, bound);
    }
    at += shape.hidden;
  }
  return parameters;
}
