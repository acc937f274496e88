import { present } from "../core/invariant.js";
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
import {
  evaluatePolicy,
  evaluationOver,
  type PolicyEvaluation,
  type SampleEvaluation,
  type SampleSet,
} from "./evaluate-policy.js";
import { FIRST_LOOK, looksFor, passGate } from "./gate.js";
import type { LearnedName } from "./marl/learn-launchers.js";
import { searchMergedPolicy, type WindowLibrary } from "./merged-policy.js";
import { ratesOf, type ServingJob } from "./serving-job.js";
import { fallsBehind, sheddingJob } from "./shedding.js";
import { simplestOf, threadsOfLauncher } from "./simpler-policy.js";
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
  /** Hears what is done next: step `done` of `total`, in words. */
  readonly onStep?: ((label: string, done: number, total: number) => void) | undefined;
}

/**
 * Compares all policies, `merged` only with what windows are made from. The best is chosen on validation samples by the
 * gate: `static`, unless another costs less beyond doubt (`gate.ts`); on a CPU one with fewer threads that costs about as much. The figures are of `samples` held-out ones, the same for
 * every policy. A policy under which a backlog grows is not chosen while there is another. Costs count to six
 * digits, which is what files have.
 *
 * Where nothing is declared, requests that cannot be answered in time are refused if `isOverloaded`, and if the backlog
 * grows under every policy.
 */
export function comparePolicies(job: ServingJob, options: ComparisonOptions): PolicyComparison {
  const { isOverloaded = false } = options;
  const plain = compared(sheddingJob(job, isOverloaded), options);
  return isOverloaded ||
    plain.policies.some(({ validation }) => keepsUp(validation.samples)) ||
    plain.job.shed?.every(Boolean) === true
    ? plain
    : compared(sheddingJob(job, true), options);
}

/** As files record figures. */
function recorded(samples: readonly number[]): Interval {
  const { mean, half } = intervalOf(samples.map(sixDigits));
  return { mean: sixDigits(mean), half: sixDigits(half) };
}

function keepsUp(samples: readonly SampleEvaluation[]): boolean {
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

function compared(
  job: ServingJob,
  { seed, samples, windows, onStep }: ComparisonOptions,
): PolicyComparison {
  let steps = 0;
  // The static grid and windows, each policy, the choice.
  const tell = (label: string): void => onStep?.(label, steps++, POLICY_NAMES.length + 3);
  tell("searching static ones");
  const grid = searchStaticPolicies(job, seed);
  tell("searching windows");
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
    tell("trying them on samples");
    if (policy === undefined) {
      return [];
    }
    return [evaluated(job, { name, policy }, { seed, samples })];
  });
  const absent = POLICY_NAMES.filter((name) => made[name] === undefined).map((policy) => {
    return { policy, reason: reasonFor(policy, job.problem.device) };
  });
  tell("choosing on validation samples");
  return { job, absent, ...chosen(job, policies, seed) };
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

/** A policy, tried on the validation samples of the first look and on `samples` held-out ones. Cost: a simulation of each in full detail. */
export function evaluated(
  job: ServingJob,
  each: Omit<ComparedPolicy, "validation" | "heldOut">,
  { seed, samples }: { readonly seed: number; readonly samples: number },
): ComparedPolicy {
  const { policy, adaptive = policy } = each;
  const set = { seed, purpose: "validation", count: FIRST_LOOK } as const;
  const validation = evaluatePolicy(job, adaptive, set);
  const heldOut = evaluatePolicy(job, adaptive, { seed, purpose: "held-out", count: samples });
  return { ...each, validation, heldOut };
}

/**
 * The policy that passes the gate (`gate.ts`), on a CPU a simpler one that costs about as much, and all with the validation
 * samples that it took to know. Requires: at least one, each tried on the first look's samples or more. Cost: a simulation for
 * every further sample.
 */
export function chosen(
  job: ServingJob,
  policies: readonly ComparedPolicy[],
  seed: number,
): Pick<PolicyComparison, "policies" | "best"> {
  const tried = policies.map(({ policy, adaptive, validation }) => ({
    launcher: adaptive ?? policy,
    samples: [...validation.samples],
  }));
  const upTo = (at: number, count: number): readonly SampleEvaluation[] => {
    const { launcher, samples } = present(tried[at], "policy");
    const from = samples.length;
    if (from < count) {
      const set: SampleSet = { seed, purpose: "validation", count: count - from, from };
      samples.push(...evaluatePolicy(job, launcher, set).samples);
    }
    return samples.slice(0, count);
  };
  const requests = ratesOf(job).reduce(
    (sum, rate) => sum + (rate * job.workload.durationNs) / 1e9,
    0,
  );
  const { best: holder, samples } = passGate(
    {
      count: policies.length,
      first: policies.findIndex(({ name }) => name === "static"),
      costs: (at, count) => upTo(at, count).map(({ cost }) => sixDigits(cost)),
      keepsUp: (at, count) => keepsUp(upTo(at, count)),
    },
    looksFor(requests),
  );
  const all = policies.map((each, at) => ({
    ...each,
    validation: evaluationOver(upTo(at, samples[at] ?? FIRST_LOOK)),
  }));
  return {
    policies: all,
    best: job.problem.device.kind === "cpu" ? simplest(job, all, holder) : holder,
  };
}

/** The position of the policy with the fewest threads among those that cost about as much as the one at `holder`. */
function simplest(
  { problem }: ServingJob,
  policies: readonly ComparedPolicy[],
  holder: number,
): number {
  const areUp = policies.map(({ validation }) => keepsUp(validation.samples));
  return simplestOf(
    policies.map(({ policy, adaptive, validation: { samples } }, at) => ({
      threads: threadsOfLauncher(problem, adaptive ?? policy),
      cost: recorded(samples.slice(0, FIRST_LOOK).map(({ cost }) => cost)).mean,
      isAble: areUp[at] === true || !areUp.includes(true),
    })),
    holder,
  );
}
