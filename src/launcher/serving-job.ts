import type { Workload } from "../arrivals/workload.js";
import { meanRate } from "../arrivals/workload.js";
import { invariant } from "../core/invariant.js";
import { foldRun } from "../schedule/serving/pipelined-runs.js";
import type { BatchRun, ServingModel, ServingProblem } from "../schedule/serving/serving-model.js";
import type { ShedRules } from "../schedule/serving/shed-rules.js";
import { profileNs } from "../schedule/serving/task-profile.js";

/** What a launcher is made for: models on a device, and their requests. */
export interface ServingJob {
  readonly problem: ServingProblem;
  /** The same models in the same order. */
  readonly workload: Workload;
  /** By model, in nanoseconds: the workload's, or `usualObjective`. */
  readonly objectives: readonly number[];
  /** By model: which requests are refused, whatever the policy; absent: none. */
  readonly shed?: ShedRules;
}

/** Times alone that a request may take where the workload says nothing. */
const USUAL_OBJECTIVE = 10;

/** Puts models and requests together. Requires: the same models in the same order. */
export function servingJobOf(problem: ServingProblem, workload: Workload): ServingJob {
  invariant(
    problem.models.every(({ name }, at) => workload.models[at]?.model === name),
    "models and arrivals are in one order",
  );
  const objectives = problem.models.map(
    (model, at) => workload.models[at]?.objectiveNs ?? usualObjective(model),
  );
  return { problem, workload, objectives };
}

/** Ten times what a request takes alone in the fastest variant. */
function usualObjective({ variants }: ServingModel): number {
  return Math.round(USUAL_OBJECTIVE * Math.min(...variants.map(({ runs: [run] }) => aloneNs(run))));
}

/** The least that one request takes alone, in the fastest variant; where times vary the least part of the usual ones. */
export function fastestAloneNs({ variants }: ServingModel): number {
  return Math.min(
    ...variants.flatMap(({ runs: [run] }) => [
      aloneNs(run),
      ...(run?.records ?? []).map(({ usualNs }) => usualNs[0] ?? Number.POSITIVE_INFINITY),
    ]),
  );
}

function aloneNs(run: BatchRun | undefined): number {
  return run === undefined ? 0 : profileNs(run.profile);
}

/** By model: requests per second in the long run. */
export function ratesOf({ workload }: ServingJob): readonly number[] {
  return workload.models.map(({ process: source }) => meanRate(source));
}

/** The same with a shorter time of arrivals, in which about `requests` arrive. */
export function shortenedJob(job: ServingJob, requests: number): ServingJob {
  const rate = ratesOf(job).reduce((sum, each) => sum + each, 0);
  const durationNs = Math.min(job.workload.durationNs, Math.ceil((requests / rate) * 1e9));
  return { ...job, workload: { ...job.workload, durationNs } };
}

/** The same with tasks of at most `stages` stages: quicker to simulate, and less exact. */
export function coarseJob(job: ServingJob, stages: number): ServingJob {
  const models = job.problem.models.map((model) => ({
    ...model,
    variants: model.variants.map((variant) => ({
      ...variant,
      runs: variant.runs.map((run) => foldRun(run, stages)),
    })),
  }));
  return { ...job, problem: { ...job.problem, models } };
}
