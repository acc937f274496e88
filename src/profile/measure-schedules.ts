/**
 * Measures schedules against what ONNX Runtime does with the whole model by itself.
 *
 * Everything is made ready first; then, round after round, each contestant runs once, in an order that
 * is drawn again for each round, so that a disturbance hits all of them alike and none always follows
 * the same neighbor. Between two turns the process comes to rest: the threads of ONNX Runtime's own
 * pools go on spinning for tens of milliseconds after a run, on cores that the next one needs. A rest
 * cools caches and clocks down (a run of 0.1 ms took 0.5 ms), so each timed run follows untimed ones.
 *
 * A contestant's time is the median over the rounds; it is compared by the ratios to the sequential
 * baseline *of the same round*, with an interval from a bootstrap. The sequential baseline takes part
 * twice: how far apart the two come out is the noise floor.
 *
 * All times are the caller's: from asking for an inference with the inputs in its memory to having
 * the outputs there.
 */

import type { Failures } from "../core/failure.js";
import { present } from "../core/invariant.js";
import { seededRandom } from "../core/random.js";
import { fail, ok, type Result } from "../core/result.js";
import { isChain } from "../ir/is-chain.js";
import { residentConstants } from "../onnx/resident-constants.js";
import { compareOutputs } from "../runtime/compare-outputs.js";
import { executionStopped } from "../runtime/failures.js";
import type { TensorData } from "../runtime/tensor-data.js";
import { warmHeap } from "../runtime/warm-heap.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import type {
  BaselineName,
  BaselineTiming,
  OutputCheck,
  ScheduleMeasurement,
  ScheduleTiming,
} from "./profile.js";
import { MOST_DIFFERENCE } from "./profile-limits.js";
import type { OnProgress } from "./progress.js";
import { fewestRuns, leftOutRuns } from "./run-counts.js";
import {
  openSchedule,
  openWholeModel,
  type RunnableModel,
  type ScheduleRunner,
} from "./schedule-runner.js";
import { timedRun } from "./timed-run.js";
import { noiseOf, relativeTime, timingOf } from "./timing.js";
import { comparedOutputs, scheduleDigest } from "./worker-plan-of.js";

/** Options of measuring schedules. */
export interface ScheduleRequest extends RunnableModel {
  /** Verified schedules; those that do the same are measured once. */
  readonly schedules: readonly OperatorSchedule[];
  /** Threads that ONNX Runtime may use in its own baselines: the cores of the machine. */
  readonly cores: number;
  readonly seed: number;
  /** Bytes that the sessions open at a time may take, about (default: 4 GiB). */
  readonly sessionBytes?: number;
  /** Rounds that count (default: as many as fit into 6 seconds, 15 to 60). */
  readonly rounds?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly onOutputs?: OnOutputs;
}

/** Called once for each way to run the model, a baseline's name or a schedule's digest, with its last outputs. */
export type OnOutputs = (way: string, outputs: ReadonlyMap<string, TensorData>) => void;

const SESSION_BYTES = 4 * 2 ** 30;
/** Memory of a session at least: the weights, as they are and packed for its kernels, and activations. */
const BYTES_PER_WEIGHT_BYTE = 3;
const WARM_UP_ROUNDS = 3;
const MIN_ROUNDS = 15;
const MAX_ROUNDS = 60;
const BUDGET_NS = 6e9;
/** Label of the random sequence that orders the contestants; the others number the contestants. */
const ORDER = 1_000_000;

/** Someone who can run the model, and what came of it. */
interface Contestant {
  readonly open: () => Promise<Result<ScheduleRunner>>;
  /** While it takes part. */
  runner: ScheduleRunner | undefined;
  /** Sub-models that one inference runs. */
  segments: number;
  readonly samplesNs: number[];
  /** The sequential baseline's samples of the same rounds. */
  readonly referenceNs: number[];
  lastOutputs: ReadonlyMap<string, TensorData>;
}

interface Baseline extends Contestant {
  readonly name: BaselineName;
  readonly intraThreads: number;
  readonly interThreads: number;
}

interface Candidate extends Contestant {
  readonly schedule: OperatorSchedule;
  readonly digest: string;
}

/**
 * Measures schedules and baselines.
 *
 * Every contestant holds sessions with weights and an arena of its own, so a large model is measured
 * in several heats: the sequential baseline is in all of them, the others take turns.
 *
 * Order: baselines as declared, schedules as given.
 * Ensures: every thread and session made is freed, also when it fails or is stopped.
 * Fails: the failures of sessions, plans and executors; `stopped`.
 */
export async function measureSchedules(
  request: ScheduleRequest,
): Promise<Result<ScheduleMeasurement>> {
  await warmHeap();
  const baselines = baselinesOf(request);
  const candidates = candidatesOf(request);
  const always = baselines.slice(0, ALWAYS);
  let [rounds, warmUpRounds] = [request.rounds, WARM_UP_ROUNDS];
  try {
    const footprint = await footprintOf(present(baselines[0], "sequential baseline"));
    if (!footprint.ok) {
      return footprint;
    }
    const others = [...baselines.slice(ALWAYS), ...candidates];
    for (const heat of heatsOf(request, others, footprint.value)) {
      const contestants = [...always, ...heat];
      const failed = await openAll(contestants);
      if (failed !== undefined) {
        return fail(failed);
      }
      const ran = await runRounds({ ...request, ...(rounds && { rounds }) }, contestants);
      if (!ran.ok) {
        return ran;
      }
      ({ rounds, warmUpRounds } = ran.value);
      await closeAll(heat);
    }
    return ok({ ...summarize(request, rounds ?? 0, baselines, candidates), warmUpRounds });
  } finally {
    await closeAll([...baselines, ...candidates]);
  }
}

/** Baselines that take part in every heat: the sequential one, twice. */
const ALWAYS = 2;

/**
 * Bytes by which the process grows when a contestant is made ready and has run once: weights, and the
 * arena for tensors and for what kernels lay out, which only grows.
 */
async function footprintOf(contestant: Contestant): Promise<Result<number>> {
  const before = process.memoryUsage.rss();
  const failed = await openAll([contestant]);
  if (failed !== undefined) {
    return fail(failed);
  }
  const ran = await present(contestant.runner, "an open contestant").run();
  return ran.ok ? ok(Math.max(0, process.memoryUsage.rss() - before)) : ran;
}

/** Contestants that take part together, besides those that always do. */
function heatsOf(
  { lowered, sessionBytes = SESSION_BYTES }: ScheduleRequest,
  contestants: readonly Contestant[],
  footprint: number,
): readonly (readonly Contestant[])[] {
  const weights = residentConstants(lowered).reduce((sum, { bytes }) => sum + bytes, 1);
  const most = Math.floor(sessionBytes / Math.max(footprint, BYTES_PER_WEIGHT_BYTE * weights));
  const size = Math.max(1, most - ALWAYS);
  const heats: Contestant[][] = [[]];
  for (const contestant of contestants) {
    if (heats.at(-1)?.length === size) {
      heats.push([]);
    }
    heats.at(-1)?.push(contestant);
  }
  return heats;
}

async function openAll(contestants: readonly Contestant[]): Promise<Failures | undefined> {
  for (const contestant of contestants) {
    if (contestant.runner === undefined) {
      const runner = await contestant.open();
      if (!runner.ok) {
        return runner.error;
      }
      contestant.runner = runner.value;
      contestant.segments = runner.value.segments;
    }
  }
  return undefined;
}

async function closeAll(contestants: readonly Contestant[]): Promise<void> {
  for (const contestant of contestants) {
    const { runner } = contestant;
    contestant.runner = undefined;
    await runner?.close();
  }
}

function baselinesOf(request: ScheduleRequest): readonly Baseline[] {
  const { cores } = request;
  const wanted: readonly (readonly [BaselineName, number, number])[] = [
    ["sequential", 1, 1],
    ["sequential-again", 1, 1],
    // On one core these would be the first again, and a chain has nothing to run side by side.
    ...(cores > 1 ? ([["all-cores", cores, 1]] as const) : []),
    ...(cores > 1 && !isChain(request.lowered.graph)
      ? ([["parallel", cores, cores]] as const)
      : []),
  ];
  return wanted.map(([name, intraThreads, interThreads]) => ({
    name,
    intraThreads,
    interThreads,
    ...contestantOf(() => openWholeModel(request, { intraThreads, interThreads })),
  }));
}

function contestantOf(open: Contestant["open"]): Contestant {
  return {
    open,
    runner: undefined,
    segments: 0,
    samplesNs: [],
    referenceNs: [],
    lastOutputs: new Map(),
  };
}

function candidatesOf(request: ScheduleRequest): readonly Candidate[] {
  const candidates = new Map<string, Candidate>();
  for (const schedule of request.schedules) {
    const digest = scheduleDigest(request.lowered.graph, schedule);
    if (!candidates.has(digest)) {
      const contestant = contestantOf(() => openSchedule(request, schedule, request.signal));
      candidates.set(digest, { schedule, digest, ...contestant });
    }
  }
  return [...candidates.values()];
}

/** Rounds that counted, and those before. */
interface Rounds {
  readonly rounds: number;
  readonly warmUpRounds: number;
}

/** Runs all contestants, round by round; the first is the reference. */
async function runRounds(
  request: ScheduleRequest,
  contestants: readonly Contestant[],
): Promise<Result<Rounds>> {
  let rounds = request.rounds ?? MAX_ROUNDS;
  let [warmUpRounds, fewest] = [WARM_UP_ROUNDS, MIN_ROUNDS];
  const random = seededRandom(request.seed).fork(ORDER);
  const order = [...contestants];
  const [reference] = contestants;
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    const start = process.hrtime.bigint();
    random.shuffle(order);
    for (const contestant of order) {
      if (request.signal?.aborted === true) {
        return fail([executionStopped()]);
      }
      const runner = present(contestant.runner, "an open contestant");
      const outcome = await timedRun(runner, round === 0, request.signal);
      if (!outcome.ok) {
        return outcome;
      }
      if (round === 0 && contestant === reference) {
        warmUpRounds = leftOutRuns(WARM_UP_ROUNDS, outcome.value.durationNs);
        fewest = fewestRuns(MIN_ROUNDS, outcome.value.durationNs);
      }
      if (round >= warmUpRounds) {
        contestant.samplesNs.push(outcome.value.durationNs);
      }
      contestant.lastOutputs = outcome.value.outputs;
    }
    if (round >= warmUpRounds) {
      noteReference(contestants);
    }
    if (request.rounds === undefined && round === warmUpRounds - 1) {
      const roundNs = Number(process.hrtime.bigint() - start);
      rounds = Math.min(MAX_ROUNDS, Math.max(fewest, Math.floor(BUDGET_NS / roundNs)));
    }
    request.onProgress?.({
      phase: "schedules",
      done: round + 1,
      total: warmUpRounds + rounds,
      label: `measuring ${contestants.length} ways to run the model`,
    });
  }
  return ok({ rounds, warmUpRounds });
}

/** Gives every contestant the first one's time of this round, to compare its own with. */
function noteReference(contestants: readonly Contestant[]): void {
  const referenceNs = contestants[0]?.samplesNs.at(-1) ?? 0;
  for (const contestant of contestants) {
    contestant.referenceNs.push(referenceNs);
  }
}

function summarize(
  request: ScheduleRequest,
  rounds: number,
  baselines: readonly Baseline[],
  candidates: readonly Candidate[],
): Omit<ScheduleMeasurement, "warmUpRounds"> {
  const reference = present(baselines[0], "sequential baseline");
  for (const { name, lastOutputs } of baselines) {
    request.onOutputs?.(name, lastOutputs);
  }
  for (const { digest, lastOutputs } of candidates) {
    request.onOutputs?.(digest, lastOutputs);
  }
  const random = seededRandom(request.seed);
  const names = comparedOutputs(request.lowered);
  const timingsOf = (
    contestant: Contestant,
    label: number,
  ): Pick<BaselineTiming, "latency" | "relative" | "outputs"> => ({
    latency: timingOf(contestant.samplesNs),
    relative: relativeTime(contestant.samplesNs, contestant.referenceNs, random.fork(label)),
    outputs: checkOutputs(names, reference.lastOutputs, contestant.lastOutputs),
  });
  const baselineTimings = baselines.map(
    ({ name, intraThreads, interThreads, ...contestant }, i): BaselineTiming => ({
      name,
      intraThreads,
      interThreads,
      ...timingsOf(contestant, i),
    }),
  );
  const again = present(
    baselineTimings.find(({ name }) => name === "sequential-again"),
    "second sequential baseline",
  );
  return {
    rounds,
    seed: request.seed,
    noiseRatio: noiseOf(again.relative),
    baselines: baselineTimings,
    schedules: candidates.map(
      ({ schedule, digest, ...contestant }, i): ScheduleTiming => ({
        digest,
        algorithm: schedule.algorithm,
        streams: schedule.streams,
        segments: contestant.segments,
        ...timingsOf(contestant, baselines.length + i),
      }),
    ),
  };
}

/** Compares what a contestant gave last with the reference, in the outputs that a schedule computes. */
function checkOutputs(
  names: ReadonlySet<string>,
  reference: ReadonlyMap<string, TensorData>,
  actual: ReadonlyMap<string, TensorData>,
): OutputCheck {
  const scheduled = (all: ReadonlyMap<string, TensorData>): ReadonlyMap<string, TensorData> =>
    new Map([...all].filter(([name]) => names.has(name)));
  const comparison = compareOutputs(scheduled(reference), scheduled(actual));
  // JSON has no infinity: a NaN against a number is as far as differences are told apart.
  const finite = (value: number): number => Math.min(value, MOST_DIFFERENCE);
  return {
    identical: comparison.identical,
    maxAbsolute: finite(comparison.maxAbsolute),
    maxRelative: finite(comparison.maxRelative),
  };
}
