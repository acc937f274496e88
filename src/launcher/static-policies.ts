/**
 * Policies that stay the same whatever arrives.
 *
 * `fifo` runs one task of one request at a time, as fast as it goes alone. `greedy` launches whatever waits at
 * once, in the widest schedules and largest batches. `static` is the best of a grid of variants, batches, tasks in
 * flight and periods, which is what a tuner of a server's configuration looks for (`descend-grid.ts`); the best ends
 * then go on in small steps on more requests (`polish-policy.ts`). `opara` and `ios` are the same with every model in the
 * schedule of Opara or IOS: what these ship for it, tuned as well as ours.
 */

import { BASELINE_NAMES, type BaselineName } from "../schedule/serving/policy-names.js";
import { policyBytes } from "../schedule/serving/serving-memory.js";
import type {
  LauncherPolicy,
  ModelPolicy,
  ServingModel,
  ServingProblem,
} from "../schedule/serving/serving-model.js";
import { profileNs } from "../schedule/serving/task-profile.js";
import { variantNamed } from "../schedule/serving/variant-named.js";
import {
  concurrenciesOf,
  type GridEnds,
  gridEnds,
  keepsToVariant,
  leastBy,
  type PolicyCosts,
} from "./descend-grid.js";
import type { SampleSet } from "./evaluate-policy.js";
import { keptCosts, launcherCosts } from "./policy-costs.js";
import { polishPolicy } from "./polish-policy.js";
import { coarseJob, type ServingJob, shortenedJob } from "./serving-job.js";
import { simplerPolicy } from "./simpler-policy.js";

/** Stages of a task while the grid is tried; what is best there is compared in full. */
const COARSE_STAGES = 8;

/** Requests of a sample that the grid is tried on. */
const GRID_REQUESTS = 4000;

/** Requests of a sample that small steps from the best of the grid are tried on. */
const POLISH_REQUESTS = 10_000;

/** One task of one request in flight, in the variant that is fastest for it. */
export function fifoPolicy({ models }: ServingProblem): LauncherPolicy {
  const fastest = ({ variants }: ServingModel): number => {
    const ns = variants.map(({ runs }) => (runs[0] === undefined ? 0 : profileNs(runs[0].profile)));
    return ns.indexOf(Math.min(...ns));
  };
  return {
    models: models.map((model) => ({
      periodNs: 0,
      batch: 1,
      concurrency: 1,
      variant: fastest(model),
    })),
    inFlight: 1,
  };
}

/**
 * Everything at once, in the widest variant and the largest batch, with as many tasks of each model in flight as
 * memory allows; `undefined`: not even one of each fits.
 */
export function greedyPolicy(problem: ServingProblem): LauncherPolicy | undefined {
  const widest = ({ variants }: ServingModel): number => {
    const named = ["wide", "opara"].map((wide) => variantNamed({ variants }, wide));
    return named.find((at) => at >= 0) ?? variants.length - 1;
  };
  const policies = [...concurrenciesOf(problem)].reverse().map((concurrency) => ({
    models: problem.models.map((model): ModelPolicy => {
      const variant = widest(model);
      const batch = model.variants[variant]?.runs.at(-1)?.batch ?? 1;
      return { periodNs: 0, batch, concurrency, variant };
    }),
  }));
  return policies.find((policy) => fits(problem, policy));
}

/** Policies of the grid: the best of all; and the best in the variant of a name, where every model has one. */
export interface StaticPolicies extends Readonly<Partial<Record<BaselineName, LauncherPolicy>>> {
  readonly static: LauncherPolicy;
}

/**
 * The best policies of the grid, and of those near it, by training samples; of those that cost no more there than any
 * end of the grid, the best by validation samples. On a CPU `static` is then the simplest of those that cost about the same.
 *
 * So on a GPU, on the samples of `staticTraining`, `static` is never worse than `fifo`, than `greedy`, than the others here, and than
 * where the grid ends with every model in one variant. The same inputs give the same policies on every machine. Cost: for
 * each variant, turn and model a simulation of some thousand requests for every point of the grid: seconds, with four models
 * many.
 */
export function searchStaticPolicies(job: ServingJob, seed: number): StaticPolicies {
  const { problem } = job;
  const training = staticTraining(job, seed);
  const costs: Costs = {
    training: keptCosts(launcherCosts(training.job, training.samples)),
    validation: keptCosts(launcherCosts(job, { seed, purpose: "validation", count: 2 })),
  };
  const mayBe = (policy: LauncherPolicy): boolean => fits(problem, policy);
  const ends = endsOf(job, seed);
  const baselines = BASELINE_NAMES.flatMap((name) => {
    const end = ends.inVariant.get(name);
    const isOwn = problem.models.every((model) => variantNamed(model, name) >= 0);
    const keeps = (policy: LauncherPolicy): boolean =>
      mayBe(policy) && keepsToVariant(problem, policy, name);
    return isOwn && end !== undefined
      ? [[name, settled(training.job, [end], costs, keeps)] as const]
      : [];
  });
  const all = [...ends.all, ...baselines.map(([, policy]) => policy)];
  const best = settled(training.job, all, costs, mayBe);
  const simplest = simplerPolicy(job, best, costs.validation, mayBe);
  return { ...Object.fromEntries(baselines), static: simplest };
}

/** The policy `static` alone. Cost: as `searchStaticPolicies`. */
export function searchStaticPolicy(job: ServingJob, seed: number): LauncherPolicy {
  return searchStaticPolicies(job, seed).static;
}

/** What policies cost on training and on validation samples. */
interface Costs {
  readonly training: PolicyCosts;
  readonly validation: PolicyCosts;
}

/** The best of some policies on training samples, in small steps on from there as far as `mayBe` allows. */
function settled(
  job: ServingJob,
  policies: readonly LauncherPolicy[],
  costs: Costs,
  mayBe: (policy: LauncherPolicy) => boolean,
): LauncherPolicy {
  const best = leastBy(policies, costs.training);
  const polished = polishPolicy(job, best, costs.training, mayBe);
  const least = costs.training(best);
  const kept = [...policies, polished].filter((each) => costs.training(each, least) <= least);
  return leastBy(kept, costs.validation);
}

/**
 * What ends of the grid are compared on: fewer requests, the same for all, in full detail; with stages folded a policy
 * near its limit can look as if it kept up.
 */
export function staticTraining(
  job: ServingJob,
  seed: number,
): { readonly job: ServingJob; readonly samples: SampleSet } {
  return {
    job: shortenedJob(job, POLISH_REQUESTS),
    samples: { seed, purpose: "training", count: 3 },
  };
}

/** Where the grid ends from `fifo` and `greedy`, by quick trials. */
function endsOf(job: ServingJob, seed: number): GridEnds {
  const { problem } = job;
  const quick = shortenedJob(coarseJob(job, COARSE_STAGES), GRID_REQUESTS);
  const training: SampleSet = { seed, purpose: "training", count: 1 };
  const starts = [fifoPolicy(problem), greedyPolicy(problem)].flatMap((each) => each ?? []);
  const costOf = keptCosts<LauncherPolicy>(launcherCosts(quick, training));
  return gridEnds(quick, starts, costOf, (policy) => fits(problem, policy));
}

function fits(problem: ServingProblem, policy: LauncherPolicy): boolean {
  const { memoryBytes } = problem.device;
  return memoryBytes === undefined || policyBytes(problem, policy) <= memoryBytes;
}
