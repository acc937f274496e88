import { sixDigits } from "../core/six-digits.js";
import { type Interval, intervalOf } from "../core/statistics.js";
import type { ServingMetrics } from "../schedule/serving/serving-metrics.js";
import type { LauncherPolicy } from "../schedule/serving/serving-model.js";
import { evaluatePolicy, type PolicyEvaluation } from "./evaluate-policy.js";
import { searchMergedPolicy, type WindowLibrary } from "./merged-policy.js";
import type { ServingJob } from "./serving-job.js";
import { fallsBehind, sheddingJob } from "./shedding.js";
import { fifoPolicy, greedyPolicy, searchStaticPolicy } from "./static-policies.js";

/** Names of the policies under which each model's tasks are launched by themselves, as a server of sessions can. */
export const SESSION_POLICY_NAMES = ["fifo", "greedy", "static"] as const;

/** Names of the policies that are compared, in their order. */
export const POLICY_NAMES = ["fifo", "greedy", "static", "merged"] as const;

/** One of `SESSION_POLICY_NAMES`. */
export type SessionPolicyName = (typeof SESSION_POLICY_NAMES)[number];

/** One of `POLICY_NAMES`. */
export type PolicyName = (typeof POLICY_NAMES)[number];

/** A policy with what it costs on validation samples and how it does on held-out ones. */
export interface ComparedPolicy {
  readonly name: PolicyName;
  readonly policy: LauncherPolicy;
  readonly validation: PolicyEvaluation;
  readonly heldOut: PolicyEvaluation;
}

/** Policies, and the position of the one that is best on validation. */
export interface PolicyComparison {
  /** With the rules by which requests are refused. */
  readonly job: ServingJob;
  readonly policies: readonly ComparedPolicy[];
  readonly best: number;
}

/** How policies are compared. */
export interface ComparisonOptions {
  readonly seed: number;
  /** Held-out samples. */
  readonly samples: number;
  /** More is asked for than can be answered; absent: no. */
  readonly isOverloaded?: boolean;
  /** What windows are made from; absent: there are none. */
  readonly windows?: WindowLibrary | undefined;
}

/** Samples on which the best policy is chosen. */
const VALIDATION_SAMPLES = 3;

/**
 * Compares all policies, `merged` only with what windows are made from. The best is chosen on validation samples, the
 * figures are of `samples` held-out ones, the same for every policy. A policy under which a backlog grows is not chosen
 * while there is another. Costs that are the same to six digits, which is what files have, are the same: the first
 * policy of them is chosen.
 *
 * Where nothing is declared, requests that cannot be answered in time are refused if `isOverloaded`, and if the backlog
 * grows under every policy.
 */
export function comparePolicies(job: ServingJob, options: ComparisonOptions): PolicyComparison {
  const { isOverloaded = false } = options;
  const plain = compared(sheddingJob(job, isOverloaded), options);
  return isOverloaded || plain.policies.some(keepsUp) || plain.job.shed?.every(Boolean) === true
    ? plain
    : compared(sheddingJob(job, true), options);
}

/** As files record figures: policies that differ less than that are equal, and the first of them is the better one. */
function recorded(samples: readonly number[]): Interval {
  const { mean, half } = intervalOf(samples.map(sixDigits));
  return { mean: sixDigits(mean), half: sixDigits(half) };
}

function keepsUp({ validation: { samples } }: ComparedPolicy): boolean {
  const [first] = samples;
  return (
    first?.models.every((_, model) => {
      const over = (figure: (metrics: ServingMetrics) => number): Interval =>
        recorded(samples.flatMap(({ models }) => models.slice(model, model + 1).map(figure)));
      const slope = over(({ backlog }) => backlog.slope);
      return !fallsBehind({ slope, throughput: over(({ throughput }) => throughput) });
    }) !== false
  );
}

function costOf({ validation: { samples } }: ComparedPolicy): number {
  return recorded(samples.map(({ cost }) => cost)).mean;
}

function compared(
  job: ServingJob,
  { seed, samples, windows }: ComparisonOptions,
): PolicyComparison {
  const made: Readonly<Record<PolicyName, LauncherPolicy | undefined>> = {
    fifo: fifoPolicy(job.problem),
    greedy: greedyPolicy(job.problem),
    static: searchStaticPolicy(job, seed),
    merged: windows && searchMergedPolicy(job, windows, seed),
  };
  const policies = POLICY_NAMES.flatMap((name): ComparedPolicy[] => {
    const policy = made[name];
    if (policy === undefined) {
      return [];
    }
    const set = { seed, purpose: "validation", count: VALIDATION_SAMPLES } as const;
    const validation = evaluatePolicy(job, policy, set);
    const heldOut = evaluatePolicy(job, policy, { seed, purpose: "held-out", count: samples });
    return [{ name, policy, validation, heldOut }];
  });
  const areUp = policies.some(keepsUp);
  const costs = policies.map((each) =>
    areUp && !keepsUp(each) ? Number.POSITIVE_INFINITY : costOf(each),
  );
  return { job, policies, best: costs.indexOf(Math.min(...costs)) };
}
