/** Actors that begin with a policy that was found otherwise. */

import type { Random } from "../../core/random.js";
import type { NetworkShape } from "../../learn/graph-network.js";
import { initialParameters } from "../../learn/initial-parameters.js";

/**
 * Parameters of a network that answers as that of `prior`, and can learn more: hidden units that do nothing there, which no
 * gradient would ever reach, become ones to start training from. Where all of it is 0: as `initialParameters`.
 *
 * Requires: one layer.
 */
export function warmParameters(
  shape: NetworkShape,
  prior: Float64Array,
  random: Random,
): Float64Array {
  const { features, hidden, outputs } = shape;
  const fresh = initialParameters(shape, random);
  const warm = prior.slice();
  const bias = 3 * features * hidden;
  for (let unit = 0; unit < hidden; unit++) {
    const own = Array.from({ length: 3 * features + 1 }, (_, row) => row * hidden + unit);
    if (own.every((at) => prior[at] === 0)) {
      for (const at of own) {
        warm[at] = fresh[at]!;
      }
      const read = bias + hidden + (features + unit) * outputs;
      warm.fill(0, read, read + outputs);
    }
  }
  return warm;
}
