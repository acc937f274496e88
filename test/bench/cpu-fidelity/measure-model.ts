/** Measures one model and its schedules, and predicts them from the profile of the same session. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../../src/core/random.js";
import type { Result } from "../../../src/core/result.js";
import { median } from "../../../src/core/statistics.js";
import { writeWholeModel } from "../../../src/onnx/extract-submodel.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { measureProfile } from "../../../src/profile/measure-profile.js";
import { operatorCostsOf, type Profile } from "../../../src/profile/profile.js";
import { openSchedule, type ScheduleRunner } from "../../../src/profile/schedule-runner.js";
import { warmUp } from "../../../src/profile/warm-up.js";
import { modelInputs } from "../../../src/profile/worker-plan-of.js";
import { loadOnnxRuntime } from "../../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../../src/runtime/random-feeds.js";
import { warmHeap } from "../../../src/runtime/warm-heap.js";
import type { OperatorSchedule } from "../../../src/schedule/operator-schedule.js";
import { simulateWorkers } from "../../../src/schedule/simulate-workers.js";
import { searchOperatorSchedules } from "../../../src/search/operator/candidates.js";
import type { BenchModel } from "./models.js";
import { CALM, untilCalm, watchOthers } from "./others.js";
import { randomSchedules } from "./random-schedules.js";

/** One schedule, predicted and measured, in nanoseconds. */
export interface MeasuredSchedule {
  readonly algorithm: string;
  readonly streams: number;
  readonly segments: number;
  readonly predictedNs: number;
  readonly measuredNs: number;
}

/** What the session gave, whole: for looking into. */
export interface RawModel {
  readonly profile: Profile;
  readonly schedules: readonly {
    readonly schedule: OperatorSchedule;
    readonly samplesNs: readonly number[];
    /** Worker, start and end of each segment, medians. */
    readonly segments: readonly (readonly [number, number, number])[];
  }[];
}

/** A model with its schedules. */
export interface MeasuredModel {
  readonly name: string;
  readonly operators: number;
  /** Share of a core that other programs took while the profile was measured. */
  readonly othersShare: number;
  readonly schedules: readonly MeasuredSchedule[];
}

const RANDOM_SCHEDULES = 6;
const SEED = 1;
const WORKERS = 2;
/** Rounds without a disturbance that are enough, and the seconds after which fewer must do. */
const ENOUGH_ROUNDS = 25;
const LEAST_ROUNDS = 8;
const MOST_MS = 10_000;
/** Longest waits for the machine to be calm: before a profile is measured, and before a round. */
const CALM_PROFILE_MS = 5000;
const CALM_ROUND_MS = 400;
const PROFILES = 3;
const REST_MS = 4;
const WARM_MS = 2;
const LEAST_WARM = 2;

interface Contestant {
  readonly schedule: OperatorSchedule;
  readonly runner: ScheduleRunner;
  readonly samplesNs: number[];
  readonly times: (readonly (readonly [number, number, number])[])[];
}

/** Profile, schedules, measurement, prediction. Throws: anything fails. */
export async function measureModel(
  model: BenchModel,
): Promise<{ readonly measured: MeasuredModel; readonly raw: RawModel }> {
  const folder = mkdtempSync(join(tmpdir(), "bench-cpu-"));
  try {
    const path = join(folder, `${model.name}.onnx`);
    writeFileSync(path, model.bytes());
    const lowered = unwrap(await lowerModel(unwrap(readModel(path)), { dims: new Map() }));
    return await measureLowered(model.name, lowered);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measureLowered(name: string, lowered: LoweredModel) {
  const { graph } = lowered;
  const { profile, othersShare } = await steadyProfile(lowered);
  const costs = operatorCostsOf(profile, graph);
  const { ranked } = searchOperatorSchedules({ graph, costs }, { workers: profile.workers });
  const schedules = [
    ...ranked.filter(({ sameAs }) => sameAs === undefined).map(({ schedule }) => schedule),
    ...randomSchedules(graph, RANDOM_SCHEDULES, seededRandom(SEED)),
  ];
  const contestants = await openAll(lowered, schedules);
  await runRounds(contestants);
  for (const { runner } of contestants) {
    await runner.close();
  }
  const measured: MeasuredModel = {
    name,
    operators: graph.operators.length,
    othersShare,
    schedules: contestants.map(({ schedule, runner, samplesNs }) => ({
      algorithm: schedule.algorithm,
      streams: schedule.streams,
      segments: runner.segments,
      predictedNs: simulateWorkers(graph, schedule, costs, profile.workers).makespanNs,
      measuredNs: Math.round(median(samplesNs)),
    })),
  };
  const raw: RawModel = {
    profile,
    schedules: contestants.map(({ schedule, samplesNs, times }) => ({
      schedule,
      samplesNs,
      segments: mediansOf(times),
    })),
  };
  return { measured, raw };
}

/** The profile of several that other programs have disturbed least. */
async function steadyProfile(
  lowered: LoweredModel,
): Promise<{ readonly profile: Profile; readonly othersShare: number }> {
  let best: { readonly profile: Profile; readonly othersShare: number } | undefined;
  for (let i = 0; i < PROFILES && (best === undefined || best.othersShare > CALM); i++) {
    await untilCalm(CALM_PROFILE_MS);
    const others = watchOthers();
    const profile = unwrap(
      await measureProfile(lowered, { inputs: { seed: SEED }, workers: WORKERS }),
    );
    const othersShare = others();
    if (best === undefined || othersShare < best.othersShare) {
      best = { profile, othersShare };
    }
  }
  if (best === undefined) {
    throw new Error("no profile was measured");
  }
  return best;
}

async function openAll(
  lowered: LoweredModel,
  schedules: readonly OperatorSchedule[],
): Promise<readonly Contestant[]> {
  await warmHeap();
  const runtime = unwrap(await loadOnnxRuntime());
  const feeds = unwrap(randomFeeds(modelInputs(lowered), SEED));
  const whole = unwrap(writeWholeModel(lowered));
  const contestants: Contestant[] = [];
  for (const schedule of schedules) {
    const runner = unwrap(await openSchedule({ runtime, lowered, model: whole, feeds }, schedule));
    unwrap(await warmUp(() => runner.run(), undefined));
    contestants.push({ schedule, runner, samplesNs: [], times: [] });
  }
  return contestants;
}

/** Rounds in which each runs once, in an order drawn again; the least disturbed ones are kept. */
async function runRounds(contestants: readonly Contestant[]): Promise<void> {
  const random = seededRandom(SEED);
  const order = [...contestants];
  const start = performance.now();
  const rounds: { readonly othersShare: number; readonly keep: readonly (() => void)[] }[] = [];
  const calm = (): number => rounds.filter(({ othersShare }) => othersShare <= CALM).length;
  do {
    random.shuffle(order);
    await untilCalm(CALM_ROUND_MS);
    const others = watchOthers();
    const keep: (() => void)[] = [];
    for (const contestant of order) {
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      const run = await runWarm(contestant.runner);
      keep.push(() => {
        contestant.samplesNs.push(run.durationNs);
        contestant.times.push(run.segments.map((each) => [each.worker, each.startNs, each.endNs]));
      });
    }
    rounds.push({ othersShare: others(), keep });
  } while (
    calm() < ENOUGH_ROUNDS &&
    (rounds.length < LEAST_ROUNDS || performance.now() - start < MOST_MS)
  );
  const kept = rounds
    .sort((a, b) => a.othersShare - b.othersShare)
    .slice(0, Math.max(LEAST_ROUNDS, Math.min(calm(), ENOUGH_ROUNDS)));
  for (const { keep } of kept) {
    for (const each of keep) {
      each();
    }
  }
}

/** One run for the record, after others. */
async function runWarm(runner: ScheduleRunner) {
  const start = performance.now();
  for (let runs = 0; runs < LEAST_WARM || performance.now() - start < WARM_MS; runs++) {
    unwrap(await runner.run());
  }
  return unwrap(await runner.run());
}

function mediansOf(
  runs: readonly (readonly (readonly [number, number, number])[])[],
): RawModel["schedules"][number]["segments"] {
  const at = (segment: number, place: 1 | 2): number =>
    Math.round(median(runs.map((run) => run[segment]?.[place] ?? 0)));
  return (runs[0] ?? []).map(([worker], i) => [worker, at(i, 1), at(i, 2)] as const);
}

function unwrap<T>(result: Result<T>): T {
  if (!result.ok) {
    throw new Error(result.error[0].message);
  }
  return result.value;
}
