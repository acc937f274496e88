/**
 * Of policies that nobody could tell apart, the one that needs least: on a CPU a session costs memory and a thread, and
 * predictions are only so exact.
 */
import { present } from "../core/invariant.js";
import type { Launcher } from "../schedule/serving/adaptive-launcher.js";
import { reachOf } from "../schedule/serving/adaptive-memory.js";
import type {
  LauncherPolicy,
  ModelPolicy,
  ServingProblem,
} from "../schedule/serving/serving-model.js";
import { concurrenciesOf, type PolicyCosts } from "./descend-grid.js";
import type { ServingJob } from "./serving-job.js";

/** Costs that differ by less than this share are the same: about as near as predicted and measured latencies come. */
const SAME_SHARE = 0.25;

/**
 * Of policies that were found in different ways, costs are the same only if they differ by less than this, too: as much as two
 * of a hundred requests. Where many are late anyway, a quarter more of these is much.
 */
const SAME_COST = 0.02;

/**
 * On a CPU, the policy with the fewest threads in all of those that differ in sessions and threads of one model after the
 * other and cost about the same as the given one; of as few threads the cheapest. Elsewhere the given one.
 *
 * Cost: for each model a cost for every number of threads and sessions.
 */
export function simplerPolicy(
  job: ServingJob,
  policy: LauncherPolicy,
  costOf: PolicyCosts,
  mayBe: (policy: LauncherPolicy) => boolean,
): LauncherPolicy {
  if (job.problem.device.kind === "gpu") {
    return policy;
  }
  const most = (1 + SAME_SHARE) * costOf(policy);
  let simplest = policy;
  for (const [model, own] of policy.models.entries()) {
    const threads = threadsOf(job, model, own);
    const choices = fewerThreads(job, model, own)
      .map((each) => withModel(simplest, model, each))
      .filter(mayBe)
      .map((each) => ({
        policy: each,
        threads: threadsOf(job, model, each.models[model] as ModelPolicy),
        cost: costOf(each, most),
      }))
      .filter((each) => each.threads < threads && each.cost <= most)
      .sort((a, b) => a.threads - b.threads || a.cost - b.cost);
    simplest = choices[0]?.policy ?? simplest;
  }
  return simplest;
}

/** The same treatment of requests by any sessions and threads that there are for its batch. */
function fewerThreads(
  { problem }: ServingJob,
  model: number,
  own: ModelPolicy,
): readonly ModelPolicy[] {
  const variants = problem.models[model]?.variants ?? [];
  return variants.flatMap(({ runs }, variant) =>
    runs.some(({ batch }) => batch === own.batch)
      ? concurrenciesOf(problem).map((concurrency) => ({ ...own, variant, concurrency }))
      : [],
  );
}

/** A policy among those that were compared. */
export interface Comparable {
  /** Of all its sessions. */
  readonly threads: number;
  readonly cost: number;
  /** Whether it may be used. */
  readonly isAble: boolean;
}

/**
 * The position of the able policy with the fewest threads, fewer than the one at `holder` has, that costs about as much as
 * that one or less; of as few the cheapest, of these the first. `holder`: there is none.
 */
export function simplestOf(policies: readonly Comparable[], holder: number): number {
  const held = present(policies[holder], "policy");
  const most = held.cost + Math.min(SAME_SHARE * held.cost, SAME_COST);
  const simpler = policies
    .map((each, at) => ({ ...each, at }))
    .filter(({ isAble, cost, threads }) => isAble && cost <= most && threads < held.threads)
    .sort((a, b) => a.threads - b.threads || a.cost - b.cost || a.at - b.at);
  return simpler[0]?.at ?? holder;
}

/** Threads of all sessions of a launcher on a CPU: it keeps those of every variant that it may choose. */
export function threadsOfLauncher(problem: ServingProblem, launcher: Launcher): number {
  if (!("kind" in launcher)) {
    return launcher.models.reduce((sum, own, at) => sum + threadsOf({ problem }, at, own), 0);
  }
  return reachOf(launcher).reduce(
    (sum, { variants, concurrency }, at) =>
      variants.reduce(
        (own, variant) => own + threadsOf({ problem }, at, { variant, concurrency }),
        sum,
      ),
    0,
  );
}

/** Threads that a model keeps busy at most. */
function threadsOf(
  { problem }: Pick<ServingJob, "problem">,
  model: number,
  { variant, concurrency }: Pick<ModelPolicy, "variant" | "concurrency">,
): number {
  const [run] = problem.models[model]?.variants[variant]?.runs ?? [];
  return concurrency * (run?.profile.share[0] ?? 1);
}

function withModel(policy: LauncherPolicy, model: number, point: ModelPolicy): LauncherPolicy {
  return { ...policy, models: policy.models.map((each, at) => (at === model ? point : each)) };
}
