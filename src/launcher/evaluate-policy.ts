import { type ArrivalPurpose, drawArrivals } from "../arrivals/draw-arrivals.js";
import { type Interval, intervalOf } from "../core/statistics.js";
import type { Launcher } from "../schedule/serving/adaptive-launcher.js";
import { servingCost } from "../schedule/serving/serving-cost.js";
import {
  type CountedSpan,
  type ServingMetrics,
  servingMetrics,
} from "../schedule/serving/serving-metrics.js";
import type { ServingRun } from "../schedule/serving/serving-run.js";
import { withShedRules } from "../schedule/serving/shed-rules.js";
import { simulateLauncher } from "../schedule/serving/simulate-adaptive.js";
import type { ServingJob } from "./serving-job.js";

/** The samples that a policy is tried on: `count` episodes from `from` on. */
export interface SampleSet {
  readonly seed: number;
  readonly purpose: ArrivalPurpose;
  readonly count: number;
  /** Default 0. */
  readonly from?: number;
}

/** How the requests for one model fare: means over samples, each with its 95 % confidence interval. */
export interface ModelEvaluation {
  readonly throughput: Interval;
  readonly goodput: Interval;
  /** Shares of requests that are answered late, and that are refused. */
  readonly late: Interval;
  readonly shed: Interval;
  readonly p50Ns: Interval;
  readonly p99Ns: Interval;
  /** Requests per task. */
  readonly batch: Interval;
  /** Growth of the backlog, in requests per second. */
  readonly slope: Interval;
}

/** How a policy does on one sample. */
export interface SampleEvaluation {
  readonly cost: number;
  readonly models: readonly ServingMetrics[];
}

/** How a policy does: over samples, and on each. */
export interface PolicyEvaluation {
  readonly models: readonly ModelEvaluation[];
  readonly cost: Interval;
  readonly samples: readonly SampleEvaluation[];
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
  policy: Launcher,
  samples: SampleSet,
): PolicyEvaluation {
  const span = countedSpan(job.workload.durationNs);
  return evaluationOver(
    runsOf(job, policy, samples).map((run) => ({
      cost: servingCost(run, job.objectives, span),
      models: job.objectives.map((objective, model) => servingMetrics(run, model, objective, span)),
    })),
  );
}

/** What comes of samples together. Requires: not empty, all with the same models. */
export function evaluationOver(samples: readonly SampleEvaluation[]): PolicyEvaluation {
  const models = (samples[0]?.models ?? []).map((_, model) =>
    evaluationOf(samples.flatMap((each) => each.models[model] ?? [])),
  );
  return { models, cost: intervalOf(samples.map(({ cost }) => cost)), samples };
}

/** A launcher with the rules of a job by which requests are refused. */
export function shedBy({ shed }: ServingJob, policy: Launcher): Launcher {
  if ("kind" in policy) {
    return shed === undefined ? policy : { ...policy, shed };
  }
  return withShedRules(policy, shed);
}

function runsOf(
  job: ServingJob,
  policy: Launcher,
  { seed, purpose, count, from = 0 }: SampleSet,
): readonly ServingRun[] {
  const { problem, workload } = job;
  const shedding = shedBy(job, policy);
  return Array.from({ length: count }, (_, at) => {
    const episode = from + at;
    const arrivals = drawArrivals(workload, { seed, purpose, episode });
    return simulateLauncher(problem, arrivals, shedding, { seed: seed + episode });
  });
}

function evaluationOf(metrics: readonly ServingMetrics[]): ModelEvaluation {
  const over = (each: (one: ServingMetrics) => number): Interval => intervalOf(metrics.map(each));
  return {
    throughput: over(({ throughput }) => throughput),
    goodput: over(({ goodput }) => goodput),
    late: over(({ late }) => late),
    shed: over(({ shed }) => shed),
    p50Ns: over(({ latencyNs }) => latencyNs.p50),
    p99Ns: over(({ latencyNs }) => latencyNs.p99),
    batch: over(({ batch }) => batch),
    slope: over(({ backlog }) => backlog.slope),
  };
}
