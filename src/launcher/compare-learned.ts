/** Learned launchers beside the policies that stay the same, and the gate between them. */
import type { LauncherPolicy } from "../schedule/serving/serving-model.js";
import { evaluatePolicy, type PolicyEvaluation, type SampleSet } from "./evaluate-policy.js";
import {
  type LearnedCandidate,
  type LearningOptions,
  learnLaunchers,
} from "./marl/learn-launchers.js";
import type { ServingJob } from "./serving-job.js";

/** A learned launcher with how it does. */
export interface ComparedLauncher extends LearnedCandidate, Validated {
  readonly heldOut: PolicyEvaluation;
}

/** What the gate looks at: on validation samples. */
export interface Validated {
  readonly validationCost: number;
  /** Requests answered in time per second, all models together. */
  readonly validationGoodput: number;
}

/** What was learned, and the position of the launcher that ships; -1: the policy that it was learned from does. */
export interface LearnedComparison {
  readonly start: Validated;
  readonly launchers: readonly ComparedLauncher[];
  readonly best: number;
}

/** Samples on which the best launcher is chosen. */
const VALIDATION_SAMPLES = 3;

/**
 * Learns launchers from a policy and tries them, on validation samples and on `samples` held-out ones.
 *
 * The same inputs give the same result on every machine. Cost: of `learnLaunchers`, and a simulation in full detail
 * for each sample.
 */
export function compareLearned(
  job: ServingJob,
  policy: LauncherPolicy,
  { samples, ...learning }: LearningOptions & { readonly samples: number },
): LearnedComparison {
  const { seed } = learning;
  const validation: SampleSet = { seed, purpose: "validation", count: VALIDATION_SAMPLES };
  const launchers = learnLaunchers(job, policy, learning).map(
    (each): ComparedLauncher => ({
      ...each,
      ...validated(evaluatePolicy(job, each.launcher, validation)),
      heldOut: evaluatePolicy(job, each.launcher, { seed, purpose: "held-out", count: samples }),
    }),
  );
  const start = validated(evaluatePolicy(job, policy, validation));
  return { start, launchers, best: throughGate(start, launchers) };
}

/**
 * The gate: the position of the launcher that costs least of those that, on validation, cost less than the policy
 * they were learned from and answer no fewer requests in time; -1: there is none.
 */
export function throughGate(start: Validated, launchers: readonly Validated[]): number {
  let best = -1;
  let least = start.validationCost;
  for (const [at, { validationCost, validationGoodput }] of launchers.entries()) {
    if (validationCost < least && validationGoodput >= start.validationGoodput) {
      best = at;
      least = validationCost;
    }
  }
  return best;
}

function validated(found: PolicyEvaluation): Validated {
  return { validationCost: found.cost.mean, validationGoodput: goodputOf(found) };
}

/** Requests answered in time per second, all models together. */
export function goodputOf({ models }: PolicyEvaluation): number {
  return models.reduce((sum, { goodput }) => sum + goodput.mean, 0);
}
