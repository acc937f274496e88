import type { AdaptiveLauncher } from "./adaptive-launcher.js";
import { knobsOf } from "./reaction.js";
import { policyBytes } from "./serving-memory.js";
import type { LauncherPolicy, ModelPolicy, ServingProblem } from "./serving-model.js";

/** What a launcher may choose for a model. */
export interface ModelReach {
  /** The most of what it may choose. */
  readonly batch: number;
  readonly concurrency: number;
  /** Positions of variants that it may choose. */
  readonly variants: readonly number[];
}

/** What a launcher may choose, by model. Cost: O(rows, steps or levels of all models). */
export function reachOf(launcher: AdaptiveLauncher): readonly ModelReach[] {
  if (launcher.kind === "learned") {
    return launcher.models.map(({ levels }) => ({
      batch: Math.max(...levels.batches),
      concurrency: Math.max(...levels.concurrencies),
      variants: Array.from({ length: levels.variants }, (_, variant) => variant),
    }));
  }
  const policies =
    launcher.kind === "reactive" ? [launcher.policy] : launcher.regimes.map(({ policy }) => policy);
  return (policies[0]?.models ?? []).map((_, at): ModelReach => {
    const own = policies.flatMap(({ models }) => models.slice(at, at + 1).flatMap(knobsOf));
    return {
      batch: Math.max(...own.map(({ batch }) => batch)),
      concurrency: Math.max(...own.map(({ concurrency }) => concurrency)),
      variants: [...new Set(own.map(({ variant }) => variant))],
    };
  });
}

/**
 * Memory that a launcher may need, whatever it chooses from one look to the next: weights, and as many tasks as it
 * may have in flight, each of the largest batch in the hungriest variant. On a CPU every variant has its own
 * sessions, which are there all the time.
 *
 * Cost: of `policyBytes` for each variant.
 */
export function reachBytes(
  problem: ServingProblem,
  reach: readonly ModelReach[],
  inFlight: number | undefined,
): number {
  const limit = inFlight === undefined ? {} : { inFlight };
  const least = policyBytes(problem, { models: [] });
  const hungriest = reach.map(({ variants, ...most }, at): ModelPolicy => {
    const points = variants.map((variant): ModelPolicy => ({ periodNs: 0, variant, ...most }));
    const bytes = points.map((point) => policyBytes(problem, alone(point, at)));
    return points[bytes.indexOf(Math.max(...bytes))] as ModelPolicy;
  });
  if (problem.device.kind === "gpu") {
    return policyBytes(problem, { models: hungriest, ...limit });
  }
  return reach.reduce(
    (sum, { variants, ...most }, at) =>
      variants.reduce(
        (own, variant) =>
          own + policyBytes(problem, alone({ periodNs: 0, variant, ...most }, at)) - least,
        sum,
      ),
    least,
  );

  function alone(point: ModelPolicy, at: number): LauncherPolicy {
    const none = { ...point, concurrency: 0 };
    return { models: problem.models.map((_, model) => (model === at ? point : none)) };
  }
}
