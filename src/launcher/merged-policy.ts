/**
 * The policy `merged`: all models launched together, in windows that repeat (`merged-window.ts`).
 *
 * How many tasks of which batch a window has is chosen among those whose ratio is that of the rates, and multiples of
 * them: the stable ones that would be quickest are tried on requests, parts side by side as each would run alone. The
 * window of the best is then scheduled in full: as it is, and with its tasks cut into two and three parts.
 */
import { gpuBounds } from "../schedule/gpu-bounds.js";
import type { MergedWindow } from "../schedule/serving/merged-window.js";
import { policyBytes } from "../schedule/serving/serving-memory.js";
import type { LauncherPolicy, LauncherWindow } from "../schedule/serving/serving-model.js";
import type { SampleSet } from "./evaluate-policy.js";
import { type PlannedTask, plainWindow, searchWindow } from "./make-window.js";
import { type CutStages, pipelinedTasks } from "./pipelined-tasks.js";
import { launcherCosts } from "./policy-costs.js";
import { ratesOf, type ServingJob, shortenedJob } from "./serving-job.js";
import type { ScheduledBatch } from "./variant-library.js";
import { longestPeriodNs, windowLaunches } from "./window-launches.js";

/** What windows are made from. */
export interface WindowLibrary {
  /** By model, then batch. */
  readonly batches: readonly (readonly ScheduledBatch[])[];
  readonly cut: CutStages;
}

/** Operators of a window; larger ones are not made. */
export const MOST_WINDOW_OPERATORS = 4000;

/** Tasks of a window. */
const MOST_TASKS = 16;

/** Times that a window launches the smallest numbers of tasks. */
const MULTIPLES: readonly number[] = [1, 2, 4];

/** Windows that are tried on requests. */
const TRIED = 5;

/** Requests of the sample that they are tried on. */
const TRIAL_REQUESTS = 2000;

/** Stages into which tasks are cut. */
const STAGES: readonly number[] = [2, 3];

/** Periods of the best windows, as shares of the longest one that serves the rates. */
const PERIODS: readonly number[] = [0, 0.5, 0.9];

/** Work of each search, in ends of kernel phases. */
const EFFORT = 200_000;

/** Tasks for a window, and the longest period at which they serve the rates. */
interface Candidate {
  readonly tasks: readonly PlannedTask[];
  readonly longestNs: number;
}

/**
 * The best policy with a window; `undefined`: no window of at most `MOST_WINDOW_OPERATORS` fits into memory.
 *
 * Cost: of the searches of up to three windows, and of some ten simulations.
 */
export function searchMergedPolicy(
  job: ServingJob,
  library: WindowLibrary,
  seed: number,
): LauncherPolicy | undefined {
  const training: SampleSet = { seed, purpose: "training", count: 1 };
  const trial = shortenedJob(job, TRIAL_REQUESTS);
  const trialCost = launcherCosts(trial, training);
  const tried = quickest(candidatesOf(job, library)).map(({ candidate, window }) => ({
    candidate,
    cost: trialCost(policyOf(job, candidate.tasks, window, 0)),
  }));
  const [first] = [...tried].sort((a, b) => a.cost - b.cost);
  if (first === undefined) {
    return undefined;
  }
  const policies = windowsFor(first.candidate, library, seed).flatMap(({ tasks, window }) =>
    PERIODS.map((share) =>
      policyOf(job, tasks, window, Math.round(share * first.candidate.longestNs)),
    ),
  );
  const validation: SampleSet = { seed, purpose: "validation", count: 2 };
  const costOf = launcherCosts(job, validation);
  const costs = policies
    .filter((policy) => fits(job, policy))
    .map((policy) => ({ policy, cost: costOf(policy) }));
  return costs.reduce<(typeof costs)[number] | undefined>(
    (best, each) => (best === undefined || each.cost < best.cost ? each : best),
    undefined,
  )?.policy;
}

/** All windows that may be made, without their schedules. */
function candidatesOf(job: ServingJob, { batches }: WindowLibrary): readonly Candidate[] {
  const rates = ratesOf(job);
  const sizes = Math.max(...batches.map(({ length }) => length));
  const found = new Map<string, Candidate>();
  for (let size = 0; size < sizes; size++) {
    const own = batches.map((list) => list[Math.min(size, list.length - 1)] as ScheduledBatch);
    const each = own.map(({ batch }) => batch);
    const least = windowLaunches(rates, each, MOST_TASKS) ?? [];
    for (const multiple of least.length === 0 ? [] : MULTIPLES) {
      const launches = least.map((count) => count * multiple);
      const tasks = launches.flatMap((count, model) =>
        Array.from({ length: count }, () => wholeTask(model, own[model] as ScheduledBatch)),
      );
      if (isSmall(tasks) && fits(job, policyOf(job, tasks, undefined, 0))) {
        const longestNs = longestPeriodNs(rates, each, launches);
        found.set(JSON.stringify([each, launches]), { tasks, longestNs });
      }
    }
  }
  return [...found.values()];
}

function wholeTask(model: number, { batch, problem, schedules }: ScheduledBatch): PlannedTask {
  const parts = [problem.graph.operators.map(({ id }) => id)];
  return { model, batch, parts, problem, schedule: schedules["top-compile"] };
}

function isSmall(tasks: readonly PlannedTask[]): boolean {
  const operators = tasks.reduce((sum, { problem }) => sum + problem.graph.operators.length, 0);
  return tasks.length <= MOST_TASKS && operators <= MOST_WINDOW_OPERATORS;
}

/**
 * The windows whose requests would be answered soonest: a window takes its time, and at a load of r it is 1 / (1 - r)
 * times as long until a request is through. Where none is stable, those with the least load.
 */
function quickest(
  candidates: readonly Candidate[],
): readonly { readonly candidate: Candidate; readonly window: MergedWindow }[] {
  // What no schedule can make stable need not be scheduled.
  const hopeful = candidates.filter(({ tasks, longestNs }) => boundNs(tasks) < longestNs);
  const made = (hopeful.length > 0 ? hopeful : candidates).map((candidate) => {
    const window = plainWindow(candidate.tasks);
    return { candidate, window, load: window.periodNs / candidate.longestNs };
  });
  const stable = made
    .filter(({ load }) => load < 1)
    .sort((a, b) => a.window.periodNs / (1 - a.load) - b.window.periodNs / (1 - b.load));
  const ranked = stable.length > 0 ? stable : made.sort((a, b) => a.load - b.load);
  return ranked.slice(0, TRIED);
}

/** Work of the tasks, which takes at least so long however they are scheduled. */
function boundNs(tasks: readonly PlannedTask[]): number {
  const bounds = tasks.map(({ problem }) => gpuBounds(problem));
  const sum = (of: (bound: (typeof bounds)[number]) => number): number =>
    bounds.reduce((total, bound) => total + of(bound), 0);
  return Math.max(
    sum(({ capacityNs }) => capacityNs),
    sum(({ arithmeticNs }) => arithmeticNs),
    sum(({ bandwidthNs }) => bandwidthNs),
  );
}

/** The window of a candidate, whole and in parts, each scheduled in full. */
function windowsFor(
  { tasks }: Candidate,
  { cut }: WindowLibrary,
  seed: number,
): readonly { readonly tasks: readonly PlannedTask[]; readonly window: MergedWindow }[] {
  const whole = { tasks, window: searchWindow(tasks, { seed, effort: EFFORT }) };
  const inParts = STAGES.flatMap((stages) => {
    const found = pipelinedTasks(tasks, stages, cut);
    if (found === undefined) {
      return [];
    }
    const window = searchWindow(found.tasks, { seed, effort: EFFORT, starts: [found.start] });
    return [{ tasks: found.tasks, window }];
  });
  return [whole, ...inParts];
}

/** The policy of a window; without one, only what memory it needs is right. */
function policyOf(
  { problem }: ServingJob,
  tasks: readonly PlannedTask[],
  window: MergedWindow | undefined,
  periodNs: number,
): LauncherPolicy {
  const models = problem.models.map((_, model) => {
    const own = tasks.filter((task) => task.model === model);
    const concurrency = own.reduce((sum, { parts }) => sum + parts.length, 0);
    return { periodNs, batch: own[0]?.batch ?? 1, concurrency, variant: 0 };
  });
  const problems = tasks.map((task) => task.problem);
  const made: LauncherWindow | undefined = window && { window, problems };
  return { models, ...(made === undefined ? {} : { window: made }) };
}

function fits({ problem }: ServingJob, policy: LauncherPolicy): boolean {
  const { memoryBytes } = problem.device;
  return memoryBytes === undefined || policyBytes(problem, policy) <= memoryBytes;
}
