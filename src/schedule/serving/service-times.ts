import { seededRandom } from "../../core/random.js";

/** Numbers drawn for each model; a launch takes that of its number among the model's, in turns. */
const DRAWS = 8192;

/** The factor of a task's times: `run` is the position of its run, `launch` its number among the model's. */
export type ServiceScale = (run: number, model: number, launch: number) => number;

/**
 * Service times drawn from the quantiles of runs that vary, by the seed: a launch of a model has the same luck
 * whatever the policy, so that policies are compared on the same terms. Without a seed, and for runs
 * that do not vary, the factor is 1.
 */
export function serviceScale(
  spreads: readonly (readonly number[] | undefined)[],
  models: number,
  seed: number | undefined,
): ServiceScale {
  if (seed === undefined || spreads.every((spread) => spread === undefined)) {
    return () => 1;
  }
  const draws = Array.from({ length: models }, (_, model) => {
    const random = seededRandom(seed).fork(model);
    return Float64Array.from({ length: DRAWS }, () => random.next());
  });
  return (run, model, launch) => {
    const spread = spreads[run];
    return spread === undefined ? 1 : quantileAt(spread, draws[model]![launch % DRAWS]!);
  };
}

/** The quantile at a share, between two neighbors in proportion. */
function quantileAt(quantiles: readonly number[], share: number): number {
  const position = share * (quantiles.length - 1);
  const below = Math.floor(position);
  const low = quantiles[below]!;
  return low + (quantiles[Math.min(below + 1, quantiles.length - 1)]! - low) * (position - below);
}

/** Quantiles at equal steps over their mean, and the mean: that of what `serviceScale` draws from them. */
export function spreadOf(quantilesNs: readonly number[]): {
  readonly meanNs: number;
  readonly spread: readonly number[];
} {
  const steps = quantilesNs.length - 1;
  const ends = quantilesNs[0]! + quantilesNs[steps]!;
  const meanNs = (quantilesNs.reduce((sum, each) => sum + each, 0) - ends / 2) / steps;
  return { meanNs, spread: quantilesNs.map((each) => each / meanNs) };
}
