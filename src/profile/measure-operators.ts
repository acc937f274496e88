/**
 * Times every operator of a model inside a run of the whole model on one thread, with the profiler
 * of ONNX Runtime, at the optimization level at which sub-models run later.
 *
 * Several sessions, because a session keeps whatever memory layout and page placement it got at its
 * start; the first runs of each are left out (caches, lazy allocations); medians, because a disturbed
 * run is long, never short. The time of a kernel is split over the operators that it stands for
 * (`attributeKernels`), and what lies between the kernels over all of them, so that in every run the
 * times of the operators add up to the time of the run. At last all are scaled so that their medians
 * add up to the median of runs without the profiler: that takes out what the profiler itself costs,
 * and that medians of parts add up to less than the median of their sums where a machine is busy.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { median, quantile } from "../core/statistics.js";
import { bodiesOf } from "../onnx/bodies.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { OnnxGraph } from "../onnx/model.js";
import { readModel } from "../onnx/read-model.js";
import { executionStopped } from "../runtime/failures.js";
import { bindSession, createSession, type OnnxRuntime } from "../runtime/onnx-runtime.js";
import { orNoRoom, temporaryFolder } from "../runtime/temporary-folder.js";
import type { TensorData } from "../runtime/tensor-data.js";
import {
  attributeKernels,
  fusedWith,
  type KernelAttribution,
  timeSharesOf,
} from "./attribute-kernels.js";
import { kernelsNotFound, profilerFailed } from "./failures.js";
import type { OperatorMethod, OperatorTiming } from "./profile.js";
import { driftOf, type ProfiledRuns, sortEvents, withEscapedNames } from "./profiler-events.js";
import type { OnProgress } from "./progress.js";
import { fewestRuns, leftOutRuns } from "./run-counts.js";
import { round4, timingOf } from "./timing.js";
import { warmUp } from "./warm-up.js";

/** Options of measuring operators. */
export interface OperatorRequest {
  readonly runtime: OnnxRuntime;
  readonly lowered: LoweredModel;
  /** The whole model with static shapes and unique node names, as an ONNX file. */
  readonly model: Uint8Array;
  readonly feeds: ReadonlyMap<string, TensorData>;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** The times of all operators. */
export interface OperatorMeasurement {
  readonly method: OperatorMethod;
  /** In the order of the graph. */
  readonly operators: readonly OperatorTiming[];
}

/** Runs left out at the start of a session, where single operators take up to 19 times longer. */
const WARM_UP_RUNS = 3;
/** Fewest runs kept of each session, unless they are slow. */
const MIN_RUNS = 15;
/** Most runs kept of each session: more do not steady a median, they only take longer. */
const MAX_RUNS = 60;
/** A session ends when it ran this long and has the fewest runs. */
const SESSION_NS = 400e6;
/** Most events of a session; the library drops events beyond a million. */
const MAX_EVENTS = 200_000;
const MIN_SESSIONS = 2;
const MAX_SESSIONS = 4;
/** Sessions that differ more than this call for one more: 1 % is usual between quiet ones. */
const STEADY_RATIO = 0.05;
/** Operators shorter than this have no drift of their own: the profiler's clock counts microseconds. */
const DRIFT_FROM_NS = 50_000;

/** One session: its runs, the operators' time in each run, and how it was split. */
interface SessionTimes {
  readonly runs: ProfiledRuns;
  /** Time of operator o in run r: `operatorNs[o][r]`. */
  readonly operatorNs: readonly Float64Array[];
  readonly attribution: KernelAttribution;
  readonly unattributedRatio: number;
  readonly sharedRatio: number;
  /** Runs before those that were kept. */
  readonly leftOut: number;
}

/**
 * Measures every operator.
 *
 * Ensures: no temporary file is left, also when it fails or is stopped.
 * Fails: `onnxruntime-refused-model`, `onnxruntime-run-failed`, `profiler-failed`,
 * `temporary-folder-refused`, `temporary-folder-full`, `stopped`.
 * Cost: at least 54 runs of the model, 18 where they are slow; blocks the calling thread during each.
 */
export async function measureOperators(
  request: OperatorRequest,
): Promise<Result<OperatorMeasurement>> {
  const plain = await measurePlainRuns(request);
  if (!plain.ok) {
    return plain;
  }
  const sessions: SessionTimes[] = [];
  do {
    const session = await measureSession(request, sessions.length);
    if (!session.ok) {
      return session;
    }
    sessions.push(session.value);
  } while (
    sessions.length < MIN_SESSIONS ||
    (sessions.length < MAX_SESSIONS && runDrift(sessions) > STEADY_RATIO)
  );
  return ok(summarize(request.lowered, sessions, plain.value));
}

/** Durations of runs without the profiler, which takes part of the time that it measures. */
async function measurePlainRuns(request: OperatorRequest): Promise<Result<readonly number[]>> {
  const { path } = request.lowered.model;
  // Said before the first session is made: for ten thousands of nodes ONNX Runtime takes minutes.
  sayProgress(request, 0, 0);
  const session = await createSession(request.runtime, request.model, {}, path);
  if (!session.ok) {
    return session;
  }
  const model = bindSession(request.runtime, session.value, request.feeds, path);
  const warm = await warmUp(model.run, request.signal);
  if (!warm.ok) {
    await model.release();
    return warm;
  }
  const samplesNs: number[] = [];
  const ran = await runOften(request, 0, async () => {
    const start = process.hrtime.bigint();
    const outcome = await model.run();
    samplesNs.push(Number(process.hrtime.bigint() - start));
    return outcome;
  });
  await model.release();
  return ran.ok ? ok(samplesNs.slice(ran.value)) : ran;
}

async function measureSession(
  request: OperatorRequest,
  position: number,
): Promise<Result<SessionTimes>> {
  const made = temporaryFolder("top-compile-profile");
  if (!made.ok) {
    return made;
  }
  const { path } = made.value;
  const measured = await measureIn(path, request, position);
  // A full disk makes ONNX Runtime fail in words of its own.
  const outcome =
    measured.ok || request.signal?.aborted === true
      ? measured
      : fail(orNoRoom(measured.error, path, request.model.length));
  made.value.remove();
  return outcome;
}

async function measureIn(
  folder: string,
  request: OperatorRequest,
  position: number,
): Promise<Result<SessionTimes>> {
  try {
    const optimized = join(folder, "optimized.onnx");
    const session = await createSession(
      request.runtime,
      request.model,
      {
        profilePrefix: join(folder, "profile"),
        optimizedModel: { path: optimized, weightsFile: "optimized.weights" },
      },
      request.lowered.model.path,
    );
    if (!session.ok) {
      return session;
    }
    const model = bindSession(
      request.runtime,
      session.value,
      request.feeds,
      request.lowered.model.path,
    );
    const ran = await runOften(request, position + 1, model.run);
    session.value.endProfiling();
    await model.release();
    return ran.ok ? readSession(request.lowered, folder, optimized, ran.value) : ran;
  } catch (error) {
    return fail([profilerFailed(error)]);
  }
}

/** Runs a model as often as a session does, and returns how many of the first runs are left out. */
async function runOften(
  request: OperatorRequest,
  position: number,
  run: () => Promise<Result<unknown>>,
): Promise<Result<number>> {
  const most = Math.max(
    MIN_RUNS,
    Math.min(MAX_RUNS, Math.floor(MAX_EVENTS / (request.lowered.model.graph.nodes.length + 2))),
  );
  let start = performance.now();
  let [leftOut, fewest] = [WARM_UP_RUNS, MIN_RUNS];
  for (let done = 0; done < leftOut + most; done++) {
    if (done === leftOut) {
      start = performance.now();
    }
    if (request.signal?.aborted === true) {
      return fail([executionStopped()]);
    }
    const outcome = await run();
    if (!outcome.ok) {
      return outcome;
    }
    if (done === 0) {
      const firstNs = (performance.now() - start) * 1e6;
      leftOut = leftOutRuns(WARM_UP_RUNS, firstNs);
      fewest = fewestRuns(MIN_RUNS, firstNs);
    }
    sayProgress(request, position, done + 1);
    const kept = done + 1 - leftOut;
    if (kept >= fewest && (performance.now() - start) * 1e6 >= SESSION_NS) {
      break;
    }
  }
  return ok(leftOut);
}

/** Tells that a session, the one without the profiler first, has run `runs` times. */
function sayProgress({ onProgress }: OperatorRequest, position: number, runs: number): void {
  const perSession = WARM_UP_RUNS + MIN_RUNS;
  onProgress?.({
    phase: "operators",
    done: position * perSession + Math.min(runs, perSession),
    total: (1 + Math.max(MIN_SESSIONS, position)) * perSession,
    label: position === 0 ? "whole model" : `operators, session ${position}`,
  });
}

/** Reads the profile and the optimized model that one session wrote. */
function readSession(
  lowered: LoweredModel,
  folder: string,
  optimizedPath: string,
  leftOut: number,
): Result<SessionTimes> {
  const optimized = readModel(optimizedPath);
  if (!optimized.ok) {
    return optimized;
  }
  const file = readdirSync(folder).find((name) => /^profile.*\.json$/.test(name));
  const text = readFileSync(join(folder, present(file, "profile of the session")), "utf8");
  const attribution = attributeKernels(lowered, optimized.value.graph);
  const names = optimized.value.graph.nodes.map((node) => node.name);
  const runs = sortEvents(withEscapedNames(text, namesIn(optimized.value.graph)), leftOut);
  return names.length > 0 && !names.some((name) => runs.kernelNs.has(name))
    ? fail([kernelsNotFound(lowered.model.path)])
    : ok({ ...splitTimes(lowered, runs, names, attribution), leftOut });
}

/** Names of all nodes, those in bodies included. */
function namesIn(graph: OnnxGraph): readonly string[] {
  return graph.nodes.flatMap((node) => [node.name, ...bodiesOf(node).flatMap(namesIn)]);
}

/** Gives every operator its part of every run. */
function splitTimes(
  lowered: LoweredModel,
  runs: ProfiledRuns,
  kernelNames: readonly string[],
  attribution: KernelAttribution,
): Omit<SessionTimes, "leftOut"> {
  const count = runs.runNs.length;
  const operatorNs = lowered.graph.operators.map(() => new Float64Array(count));
  let sharedNs = 0;
  for (const [kernel, name] of kernelNames.entries()) {
    const times = runs.kernelNs.get(name);
    const operators = attribution.operatorsOf[kernel] ?? [];
    if (times === undefined || operators.length === 0) {
      continue;
    }
    const shares = timeSharesOf(lowered.graph, operators);
    for (const [i, operator] of operators.entries()) {
      const total = present(operatorNs[operator], "operator");
      for (let run = 0; run < count; run++) {
        total[run] = (total[run] ?? 0) + (times[run] ?? 0) * (shares[i] ?? 0);
      }
    }
    sharedNs += operators.length > 1 ? times.reduce((sum, time) => sum + time, 0) : 0;
  }
  const attributed = spreadRest(runs.runNs, operatorNs);
  const all = runs.runNs.reduce((sum, time) => sum + time, 0);
  return {
    runs,
    operatorNs,
    attribution,
    unattributedRatio: 1 - attributed / Math.max(1, all),
    sharedRatio: sharedNs / Math.max(1, attributed),
  };
}

/** Scales each run's operator times to the time of the run. Gives the time that had been attributed. */
function spreadRest(runNs: readonly number[], operatorNs: readonly Float64Array[]): number {
  let attributed = 0;
  for (const [run, total] of runNs.entries()) {
    const sum = operatorNs.reduce((partial, times) => partial + (times[run] ?? 0), 0);
    attributed += sum;
    for (const times of operatorNs) {
      times[run] = sum === 0 ? total / operatorNs.length : ((times[run] ?? 0) * total) / sum;
    }
  }
  return attributed;
}

function summarize(
  lowered: LoweredModel,
  sessions: readonly SessionTimes[],
  plainNs: readonly number[],
): OperatorMeasurement {
  const run = timingOf(joined(sessions.map(({ runs }) => runs.runNs)));
  const plainRun = timingOf(plainNs);
  const samplesOf = lowered.graph.operators.map(({ id }) =>
    joined(sessions.map((session) => present(session.operatorNs[id], "operator"))),
  );
  const total = samplesOf.reduce((sum, samples) => sum + median(samples), 0);
  const scale = plainRun.medianNs / Math.max(1, total);
  const drifts: number[] = [];
  const { attribution } = present(sessions[0], "session");
  const first = fusedWith(attribution);
  const shared = new Set(attribution.operatorsOf.filter((set) => set.length > 1).flat());
  const operators = lowered.graph.operators.map(({ id, name }): OperatorTiming => {
    const timing = timingOf(present(samplesOf[id], "samples").map((time) => time * scale));
    if (timing.medianNs >= DRIFT_FROM_NS) {
      drifts.push(driftOf(sessions.map((session) => present(session.operatorNs[id], "operator"))));
    }
    return {
      name,
      ...timing,
      kernels: attribution.kernelsOf[id] ?? 0,
      shared: shared.has(id),
      ...(first[id] === id ? {} : { fusedWith: lowered.graph.operators[first[id]!]?.name ?? name }),
    };
  });
  const worst = (read: (session: SessionTimes) => number): number =>
    round4(Math.max(...sessions.map(read)));
  return {
    operators,
    method: {
      level: "all",
      intraThreads: 1,
      sessions: sessions.length,
      warmUpRuns: Math.min(...sessions.map(({ leftOut }) => leftOut)),
      keptRuns: Math.min(...sessions.map(({ runs }) => runs.runNs.length)),
      run: plainRun,
      profilerRatio: round4(run.medianNs / Math.max(1, plainRun.medianNs)),
      unattributedRatio: worst((session) => session.unattributedRatio),
      sharedRatio: worst((session) => session.sharedRatio),
      runDriftRatio: round4(runDrift(sessions)),
      operatorDriftRatio: drifts.length === 0 ? 0 : round4(quantile(drifts, 0.9)),
    },
  };
}

function runDrift(sessions: readonly SessionTimes[]): number {
  return driftOf(sessions.map(({ runs }) => runs.runNs));
}

function joined(parts: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => Array.from(part)));
}
