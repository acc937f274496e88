/** How long tasks take that vary, worked out by itself for `replayRequests` from docs/serving.md. */
import { seededRandom } from "../core/random.js";

/** Launches of a model after which its draws begin again. */
const DRAWS = 8192;

/** How much longer than on average a launch takes: `launch` is its number among those of the model, from 0. */
export type LaunchFactor = (
  model: number,
  launch: number,
  spread: readonly number[] | undefined,
) => number;

/** Factors by the seed; without one, and of runs that do not vary, 1. */
export function launchFactors(seed: number | undefined): LaunchFactor {
  const drawn = new Map<number, readonly number[]>();
  return (model, launch, spread) => {
    if (seed === undefined || spread === undefined) {
      return 1;
    }
    const draws = drawn.get(model) ?? drawsOf(seed, model);
    drawn.set(model, draws);
    return quantileAt(spread, draws[launch % DRAWS]!);
  };
}

function drawsOf(seed: number, model: number): readonly number[] {
  const random = seededRandom(seed).fork(model);
  return Array.from({ length: DRAWS }, () => random.next());
}

/** Between two quantiles on the straight line. */
function quantileAt(quantiles: readonly number[], share: number): number {
  const place = share * (quantiles.length - 1);
  const at = Math.floor(place);
  const low = quantiles[at]!;
  const high = quantiles[at + 1] ?? low;
  return low + (place - at) * (high - low);
}
