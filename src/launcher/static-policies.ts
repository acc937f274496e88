/**
 * Policies that stay the same whatever arrives.
 *
 * `fifo` runs one task of one request at a time, as fast as it goes alone. `greedy` launches whatever waits at
 * once, in the widest schedules and largest batches. `static` is the best of a grid of variants, batches, tasks in
 * flight and periods, which is what a tuner of a server's configuration looks for; with several models they are
 * chosen in turns, one with the others as they are, until no turn changes anything; the best then goes on in small
 * steps on more requests (`polish-policy.ts`).
 */

import { policyBytes } from "../schedule/serving/serving-memory.js";
import type {
  LauncherPolicy,
  ModelPolicy,
  ServingModel,
  ServingProblem,
} from "../schedule/serving/serving-model.js";
import { profileNs } from "../schedule/serving/task-profile.js";
import { policyCost, type SampleSet } from "./evaluate-policy.js";
import { polishPolicy } from "./polish-policy.js";
import { coarseJob, ratesOf, type ServingJob } from "./serving-job.js";

/** Tasks of a model in flight that are tried on a GPU. */
const CONCURRENCIES: readonly number[] = [1, 2, 4, 8];

/** Tasks of a model in flight that are tried: on a CPU up to twice as many as it has cores. */
function concurrenciesOf({ device }: ServingProblem): readonly number[] {
  return device.kind === "gpu" ? CONCURRENCIES : [1, ...stepsTo(2 * device.workers)];
}

/** 2, 3, 4, 6, 8, 12, ... up to `most`. */
function stepsTo(most: number): readonly number[] {
  const steps: number[] = [];
  for (let step = 2; step <= most; step *= 2) {
    steps.push(step, ...(step * 1.5 <= most ? [step * 1.5] : []));
  }
  return steps;
}

/** Periods that are tried, as shares of the time in which a batch arrives. */
const PERIODS: readonly number[] = [0, 0.5, 0.9];

/** Stages of a task while the grid is tried; what is best there is compared in full. */
const COARSE_STAGES = 8;

/** Requests of a sample that the grid is tried on. */
const GRID_REQUESTS = 4000;

/** Requests of a sample that small steps from the best of the grid are tried on. */
const POLISH_REQUESTS = 10_000;

/** Turns of all models. */
const MOST_TURNS = 3;

/** Policies that the grid ends with. */
const KEPT = 4;

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
    const named = ["wide", "opara"].map((wide) => variants.findIndex(({ name }) => name === wide));
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

/**
 * The best policy of the grid, by training samples, and of those near it the best by validation samples.
 *
 * The same inputs give the same policy on every machine. Cost: for each turn and model a simulation of
 * some thousand requests for every point of the grid: a second or two.
 */
export function searchStaticPolicy(job: ServingJob, seed: number): LauncherPolicy {
  const grid = shortened(coarseJob(job, COARSE_STAGES), GRID_REQUESTS);
  const training: SampleSet = { seed, purpose: "training", count: 1 };
  const tried = new Map<string, { readonly policy: LauncherPolicy; readonly cost: number }>();
  const costOf = (policy: LauncherPolicy): number => {
    const key = JSON.stringify(policy);
    const known = tried.get(key);
    const cost = known?.cost ?? policyCost(grid, policy, training);
    tried.set(key, { policy, cost });
    return cost;
  };
  const starts = [fifoPolicy(job.problem), greedyPolicy(job.problem)].flatMap((each) => each ?? []);
  let best = leastBy(starts, costOf);
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const before = best;
    for (const [model] of job.problem.models.entries()) {
      best = leastBy([best, ...neighborsOf(grid, best, model)], costOf);
    }
    if (best === before) {
      break;
    }
  }
  const ranked = [...tried.values()].sort((a, b) => a.cost - b.cost).slice(0, KEPT);
  const coarse = shortened(coarseJob(job, COARSE_STAGES), POLISH_REQUESTS);
  const more: SampleSet = { seed, purpose: "training", count: 3 };
  const kept = ranked.map(({ policy }) => policy);
  const start = leastBy(kept, (policy) => policyCost(coarse, policy, more));
  const polished = polishPolicy(coarse, start, more, (policy) => fits(job.problem, policy));
  const validation: SampleSet = { seed, purpose: "validation", count: 2 };
  return leastBy([...kept, polished], (policy) => policyCost(job, policy, validation));
}

/** The policies with any other point of the grid for one model; without a limit for all models. */
function neighborsOf(job: ServingJob, policy: LauncherPolicy, model: number): LauncherPolicy[] {
  const { problem } = job;
  const rate = ratesOf(job)[model] ?? 1;
  const others = policy.inFlight === undefined ? policy : { models: policy.models };
  const points = (problem.models[model]?.variants ?? []).flatMap(({ runs }, variant) =>
    runs.flatMap(({ batch }) =>
      concurrenciesOf(problem).flatMap((concurrency) =>
        (batch === 1 ? PERIODS.slice(0, 1) : PERIODS).map((share): ModelPolicy => {
          return {
            periodNs: Math.round((share * batch * 1e9) / rate),
            batch,
            concurrency,
            variant,
          };
        }),
      ),
    ),
  );
  return points
    .map((point) => ({ models: others.models.map((each, at) => (at === model ? point : each)) }))
    .filter((each) => fits(problem, each));
}

/** The same with a shorter time of arrivals. */
function shortened(job: ServingJob, requests: number): ServingJob {
  const rate = ratesOf(job).reduce((sum, each) => sum + each, 0);
  const durationNs = Math.min(job.workload.durationNs, Math.ceil((requests / rate) * 1e9));
  return { ...job, workload: { ...job.workload, durationNs } };
}

function fits(problem: ServingProblem, policy: LauncherPolicy): boolean {
  const { memoryBytes } = problem.device;
  return memoryBytes === undefined || policyBytes(problem, policy) <= memoryBytes;
}

/** The first of those that cost least. */
function leastBy(
  policies: readonly LauncherPolicy[],
  costOf: (policy: LauncherPolicy) => number,
): LauncherPolicy {
  const costs = policies.map(costOf);
  return policies[costs.indexOf(Math.min(...costs))] as LauncherPolicy;
}
