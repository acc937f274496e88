import { sixDigits } from "../core/six-digits.js";
import { type Interval, intervalOf } from "../core/statistics.js";
import type { AdaptiveLauncher } from "../schedule/serving/adaptive-launcher.js";
import {
  type AbsenceReason,
  type AbsentPolicy,
  POLICY_NAMES,
  type PolicyName,
} from "../schedule/serving/policy-names.js";
import type { ServingMetrics } from "../schedule/serving/serving-metrics.js";
import type { LauncherPolicy, ServingDevice } from "../schedule/serving/serving-model.js";
import { evaluatePolicy, type PolicyEvaluation } from "./evaluate-policy.js";
import type { LearnedName } from "./marl/learn-launchers.js";
import { searchMergedPolicy, type WindowLibrary } from "./merged-policy.js";
import type { ServingJob } from "./serving-job.js";
import { fallsBehind, sheddingJob } from "./shedding.js";
import { simplestOf, threadsOfPolicy } from "./simpler-policy.js";
import { fifoPolicy, greedyPolicy, searchStaticPolicies } from "./static-policies.js";

/** Names of the policies under which each model's tasks are launched by themselves, as a server of sessions can. */
export const SESSION_POLICY_NAMES = ["fifo", "greedy", "static"] as const;

/** One of `SESSION_POLICY_NAMES`. */
export type SessionPolicyName = (typeof SESSION_POLICY_NAMES)[number];

/** A policy with what it costs on validation samples and how it does on held-out ones. */
export interface ComparedPolicy {
  readonly name: PolicyName | LearnedName;
  /** What is done all the time, or at first. */
  readonly policy: LauncherPolicy;
  /** How it changes from tick to tick; absent: it stays the same. */
  readonly adaptive?: AdaptiveLauncher;
  readonly validation: PolicyEvaluation;
  readonly heldOut: PolicyEvaluation;
}

/** Policies, and the position of the one that is best on validation. */
export interface PolicyComparison {
  /** With the rules by which requests are refused. */
  readonly job: ServingJob;
  readonly policies: readonly ComparedPolicy[];
  /** Of the names that every comparison has, those without a policy. */
  readonly absent: readonly AbsentPolicy[];
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
  const grid = searchStaticPolicies(job, seed);
  const made: Readonly<Record<PolicyName, LauncherPolicy | undefined>> = {
    fifo: fifoPolicy(job.problem),
    greedy: greedyPolicy(job.problem),
    opara: grid.opara,
    ios: grid.ios,
    static: grid.static,
    merged: windows && searchMergedPolicy(job, windows, seed),
  };
  const policies = POLICY_NAMES.flatMap((name): ComparedPolicy[] => {
    const policy = made[name];
    if (policy === undefined) {
      return [];
    }
    return [evaluated(job, { name, policy }, { seed, samples })];
  });
  const absent = POLICY_NAMES.filter((name) => made[name] === undefined).map((policy) => {
    return { policy, reason: reasonFor(policy, job.problem.device) };
  });
  return { job, policies, absent, best: bestOf(policies, job) };
}

function reasonFor(name: PolicyName, { kind }: ServingDevice): AbsenceReason {
  if (name === "greedy") {
    return "exceeds-memory";
  }
  if (kind === "cpu") {
    return "cpu";
  }
  return name === "merged" ? "no-window" : "too-many-operators";
}

/** A policy, tried on validation samples and on `samples` held-out ones. Cost: a simulation of each in full detail. */
export function evaluated(
  job: ServingJob,
  each: Omit<ComparedPolicy, "validation" | "heldOut">,
  { seed, samples }: { readonly seed: number; readonly samples: number },
): ComparedPolicy {
  const { policy, adaptive = policy } = each;
  const set = { seed, purpose: "validation", count: VALIDATION_SAMPLES } as const;
  const validation = evaluatePolicy(job, adaptive, set);
  const heldOut = evaluatePolicy(job, adaptive, { seed, purpose: "held-out", count: samples });
  return { ...each, validation, heldOut };
}

/**
 * The position of the policy that costs least on validation samples, of those that keep up; of all if none does. On a CPU
 * of the simplest that costs about as much.
 */
export function bestOf(policies: readonly ComparedPolicy[], { problem }: ServingJob): number {
  const areUp = policies.some(keepsUp);
  const costs = policies.map((each) =>
    areUp && !keepsUp(each) ? Number.POSITIVE_INFINITY : costOf(each),
  );
  return problem.device.kind === "gpu"
    ? costs.indexOf(Math.min(...costs))
    : simplestOf(
        costs,
        policies.map(({ policy }) => threadsOfPolicy(problem, policy)),
      );
}
