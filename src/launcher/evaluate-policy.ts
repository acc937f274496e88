import { type ArrivalPurpose, drawArrivals } from "../arrivals/draw-arrivals.js";
import { type Interval, intervalOf } from "../core/statistics.js";
import { servingCost } from "../schedule/serving/serving-cost.js";
import {
  type CountedSpan,
  type ServingMetrics,
  servingMetrics,
} from "../schedule/serving/serving-metrics.js";
import type { LauncherPolicy } from "../schedule/serving/serving-model.js";
import type { ServingRun } from "../schedule/serving/serving-run.js";
import { simulateServing } from "../schedule/serving/simulate-serving.js";
import type { ServingJob } from "./serving-job.js";

/** The samples that a policy is tried on: `count` episodes from 0 on. */
export interface SampleSet {
  readonly seed: number;
  readonly purpose: ArrivalPurpose;
  readonly count: number;
}

/** How the requests for one model fare: means over samples, each with its 95 % confidence interval. */
export interface ModelEvaluation {
  readonly throughput: Interval;
  readonly goodput: Interval;
  /** Share of requests that are late. */
  readonly late: Interval;
  readonly p50Ns: Interval;
  readonly p99Ns: Interval;
  /** Requests per task. */
  readonly batch: Interval;
  /** Growth of the backlog, in requests per second. */
  readonly slope: Interval;
}

/** How a policy does. */
export interface PolicyEvaluation {
  readonly models: readonly ModelEvaluation[];
  readonly cost: Interval;
}

/** The part of a sample in which queues fill up; its requests are not counted. */
const WARM_UP = 0.1;

/** The span of a sample whose requests are counted. */
export function countedSpan(durationNs: number): CountedSpan {
  return { fromNs: WARM_UP * durationNs, toNs: durationNs };
}

/** Tries a policy on every sample of a set. Cost: a simulation each. */
export function evaluatePolicy(
  job: ServingJob,
  policy: LauncherPolicy,
  samples: SampleSet,
): PolicyEvaluation {
  const span = countedSpan(job.workload.durationNs);
  const runs = runsOf(job, policy, samples);
  const costs = runs.map((run) => servingCost(run, job.objectives, span));
  const models = job.objectives.map((objective, model) =>
    evaluationOf(runs.map((run) => servingMetrics(run, model, objective, span))),
  );
  return { models, cost: intervalOf(costs) };
}

/** The mean cost of a policy over the samples of a set. Cost: a simulation each. */
export function policyCost(job: ServingJob, policy: LauncherPolicy, samples: SampleSet): number {
  const span = countedSpan(job.workload.durationNs);
  const costs = runsOf(job, policy, samples).map((run) => servingCost(run, job.objectives, span));
  return costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
}

function runsOf(
  { problem, workload }: ServingJob,
  policy: LauncherPolicy,
  { seed, purpose, count }: SampleSet,
): readonly ServingRun[] {
  return Array.from({ length: count }, (_, episode) =>
    simulateServing(problem, drawArrivals(workload, { seed, purpose, episode }), policy, {
      seed: seed + episode,
    }),
  );
}

function evaluationOf(metrics: readonly ServingMetrics[]): ModelEvaluation {
  const over = (each: (one: ServingMetrics) => number): Interval => intervalOf(metrics.map(each));
  return {
    throughput: over(({ throughput }) => throughput),
    goodput: over(({ goodput }) => goodput),
    late: over(({ late }) => late),
    p50Ns: over(({ latencyNs }) => latencyNs.p50),
    p99Ns: over(({ latencyNs }) => latencyNs.p99),
    batch: over(({ batch }) => batch),
    slope: over(({ backlog }) => backlog.slope),
  };
}
