/**
 * The policy `merged`: all models launched together, in windows that repeat (`merged-window.ts`).
 *
 * How many tasks of which batch a window has is chosen among those whose ratio is that of the rates, for all batches of
 * each model, and multiples of them. The stable ones are tried on training requests with several periods, parts side by side
 * as each would run alone, and what they cost decides, as of any policy: a window may be quick and still too long for an
 * objective. Those of the best are then scheduled in full: as they are, and with their tasks cut into two and three
 * parts.
 */
import { gpuBounds } from "../schedule/gpu-bounds.js";
import type { MergedWindow } from "../schedule/serving/merged-window.js";
import { policyBytes } from "../schedule/serving/serving-memory.js";
import type { LauncherPolicy, LauncherWindow } from "../schedule/serving/serving-model.js";
import type { SampleSet } from "./evaluate-policy.js";
import { type PlannedTask, plainWindow, searchWindow } from "./make-window.js";
import { type CutStages, pipelinedTasks } from "./pipelined-tasks.js";
import { type LauncherCosts, launcherCosts } from "./policy-costs.js";
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

/** Times that a model may have more tasks in a window than the ratio asks for: fewer tasks make shorter windows. */
const TOLERANCES: readonly number[] = [1.1, 1.5, 2];

/** Times that a window launches the smallest numbers of tasks. */
const MULTIPLES: readonly number[] = [1, 2, 4];

/** Choices of batches that are looked at. */
const MOST_CHOICES = 256;

/** Windows that are tried on requests. */
const TRIED = 24;

/** Windows that are scheduled in full. */
const SEARCHED = 2;

/** Requests of the samples that they are tried on, and how many samples there are. */
const TRIAL_REQUESTS = 4000;
const TRIAL_SAMPLES = 2;

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
 * Cost: of the searches of up to six windows, and of some hundred simulations, most of them given up early.
 */
export function searchMergedPolicy(
  job: ServingJob,
  library: WindowLibrary,
  seed: number,
): LauncherPolicy | undefined {
  const trial = shortenedJob(job, TRIAL_REQUESTS);
  const training: SampleSet = { seed, purpose: "training", count: TRIAL_SAMPLES };
  const costOf = launcherCosts(trial, training);
  const policies = cheapest(job, quickest(candidatesOf(job, library)), costOf).flatMap(
    ({ candidate }) =>
      windowsFor(candidate, library, seed).flatMap(({ tasks, window }) =>
        policiesOf(job, tasks, window, candidate.longestNs),
      ),
  );
  return leastOf(
    policies.filter((policy) => fits(job, policy)),
    launcherCosts(job, { seed, purpose: "training", count: TRIAL_SAMPLES }),
  )?.policy;
}

/** The candidates that cost least at their best periods, as they would run without a search. */
function cheapest<Tried extends { readonly candidate: Candidate; readonly window: MergedWindow }>(
  job: ServingJob,
  tried: readonly Tried[],
  costOf: LauncherCosts,
): readonly Tried[] {
  // A window is given up once more than `SEARCHED` others are sure to cost less.
  const least: number[] = Array.from({ length: SEARCHED }, () => Number.POSITIVE_INFINITY);
  const costs = tried.map(({ candidate: { tasks, longestNs }, window }) => {
    const found = leastOf(policiesOf(job, tasks, window, longestNs), costOf, least.at(-1));
    const cost = found?.cost ?? Number.POSITIVE_INFINITY;
    least.push(cost);
    least.sort((a, b) => a - b);
    least.length = SEARCHED;
    return cost;
  });
  return [...tried.keys()]
    .sort((a, b) => (costs[a] ?? 0) - (costs[b] ?? 0) || a - b)
    .slice(0, SEARCHED)
    .flatMap((at) => tried[at] ?? []);
}

/** The policies of a window with several periods. */
function policiesOf(
  job: ServingJob,
  tasks: readonly PlannedTask[],
  window: MergedWindow,
  longestNs: number,
): readonly LauncherPolicy[] {
  return PERIODS.map((share) => policyOf(job, tasks, window, Math.round(share * longestNs)));
}

/** The first of those that cost least; `undefined`: none costs at most `atMost`. */
function leastOf(
  policies: readonly LauncherPolicy[],
  costOf: LauncherCosts,
  atMost: number = Number.POSITIVE_INFINITY,
): { readonly policy: LauncherPolicy; readonly cost: number } | undefined {
  let best: { readonly policy: LauncherPolicy; readonly cost: number } | undefined;
  for (const policy of policies) {
    const cost = costOf(policy, best?.cost ?? atMost);
    best = cost < (best?.cost ?? Number.POSITIVE_INFINITY) ? { policy, cost } : best;
  }
  return best;
}

/** All windows that may be made, without their schedules. */
function candidatesOf(job: ServingJob, { batches }: WindowLibrary): readonly Candidate[] {
  const rates = ratesOf(job);
  const found = new Map<string, Candidate>();
  for (const own of choicesOf(batches)) {
    const each = own.map(({ batch }) => batch);
    for (const launches of launchesOf(rates, each)) {
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

/** Numbers of tasks by model: near the ratio of the rates and further from it, and multiples of them. */
function launchesOf(
  rates: readonly number[],
  batches: readonly number[],
): readonly (readonly number[])[] {
  return TOLERANCES.flatMap((tolerance) => {
    const least = windowLaunches(rates, batches, { most: MOST_TASKS, tolerance });
    return least === undefined
      ? []
      : MULTIPLES.map((multiple) => least.map((count) => count * multiple));
  });
}

/** A batch of each model: all choices, or where there are too many those of about the same size. */
function choicesOf(
  batches: readonly (readonly ScheduledBatch[])[],
): readonly (readonly ScheduledBatch[])[] {
  const count = batches.reduce((product, { length }) => product * length, 1);
  if (count > MOST_CHOICES) {
    const sizes = Math.max(...batches.map(({ length }) => length));
    return Array.from({ length: sizes }, (_, size) =>
      batches.map((list) => list[Math.min(size, list.length - 1)] as ScheduledBatch),
    );
  }
  return batches.reduce<readonly (readonly ScheduledBatch[])[]>(
    (choices, list) => choices.flatMap((choice) => list.map((each) => [...choice, each])),
    [[]],
  );
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
