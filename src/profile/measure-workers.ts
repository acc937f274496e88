/**
 * The cost of running sub-models on worker threads instead of operators inside one session, from
 * running small plans on the executor itself and reading its timelines (see `worker-probes`):
 *
 * - a *segment* and a *tensor*, on one worker;
 * - a *byte*: the slope over tensors of several sizes of what crossing between workers takes;
 * - a *signal* to a worker that is awake and to one that has gone to sleep, the caller's *request* and
 *   the *return* to the caller, who copies inputs and outputs;
 * - the *slowdown* of k busy workers: the model itself on k workers at the same time, against one.
 *
 * All figures are medians: a disturbed run is long, never short. Each plan runs untimed first, because
 * the JavaScript engine of a new worker takes hundreds of runs to settle.
 */

import type { Failures } from "../core/failure.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { median } from "../core/statistics.js";
import type { WorkerCosts } from "../cost/operator-costs.js";
import { createCpuExecutor, type SegmentTime } from "../runtime/cpu-executor.js";
import { randomFeeds } from "../runtime/random-feeds.js";
import type { TensorData, TensorSpec } from "../runtime/tensor-data.js";
import type { WorkerPlan } from "../runtime/worker-plan.js";
import { AWAKE_NS } from "../runtime/worker-protocol.js";
import { probeModel } from "./probe-model.js";
import type { OnProgress } from "./progress.js";
import { round4 } from "./timing.js";
import { warmUp } from "./warm-up.js";
import {
  type ByteFigures,
  crossingProbe,
  type Probe,
  type ProbeRun,
  type SignalFigures,
  segmentProbe,
  signalProbe,
} from "./worker-probes.js";

/** Options of measuring worker threads. */
export interface WorkerRequest {
  /** Most workers to expect at the same time, at least 1. */
  readonly workers: number;
  /** The whole model as an ONNX file, and its inputs and outputs: the work for the slowdown. */
  readonly model: Uint8Array;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly feeds: ReadonlyMap<string, TensorData>;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

const PROBE_RUNS = 60;
/** Runs of the model for each number of busy workers: as many as fit into this time, within limits. */
const SLOWDOWN_NS = 150e6;
const MIN_SLOWDOWN_RUNS = 5;
const MAX_SLOWDOWN_RUNS = 30;
/** A larger model is not loaded once per worker: a matrix product takes its place. */
const MAX_MODEL_BYTES = 64 << 20;
/** On one worker nothing is signalled, and the caller runs the model itself. */
const NO_SIGNALS: SignalFigures = { signalNs: 0, wakeNs: 0, requestNs: 0, returnNs: 0 };
const NO_BYTES = { byteNs: 0, callerByteNs: 0 };
/** Sizes of the tensors handed over, in elements of 4 bytes: 64 KiB to 1 MiB, as between layers. */
const SIZES: readonly number[] = [16_384, 65_536, 262_144];
const MATRIX = 256;

/** The measuring's way to run a plan often. */
type RunPlan = (
  plan: WorkerPlan,
  feeds: ReadonlyMap<string, TensorData>,
  runs: number,
) => Promise<readonly ProbeRun[]>;

/** Carries a failure out of nested measurements; caught by `measureWorkers`. */
class MeasurementStopped extends Error {
  readonly failures: Failures;

  constructor(failures: Failures) {
    super(failures[0].message);
    this.failures = failures;
  }
}

/**
 * Measures the costs of worker threads.
 *
 * Units: integer nanoseconds, but for `byteNs` and `slowdown` (4 decimals).
 * Fails: the failures of `createCpuExecutor` and of its runs.
 * Cost: well under a second for a small model, five runs per number of workers for a large one.
 */
export async function measureWorkers(request: WorkerRequest): Promise<Result<WorkerCosts>> {
  const steps = 3 + SIZES.length + request.workers;
  let done = 0;
  const run: RunPlan = async (plan, feeds, runs) => {
    const times = await runOften(plan, feeds, runs, request.signal);
    done = Math.min(done + 1, steps);
    request.onProgress?.({ phase: "workers", done, total: steps, label: "worker threads" });
    return times;
  };
  try {
    const probe = async <T>({ plan, read }: Probe<T>): Promise<T> =>
      read(await run(plan, zeroFeeds(plan), PROBE_RUNS));
    const { segmentNs, tensorNs } = await probe(segmentProbe());
    const signals = request.workers < 2 ? NO_SIGNALS : await probe(signalProbe());
    const bytes = request.workers < 2 ? NO_BYTES : await byteCosts(probe);
    return ok({
      workers: request.workers,
      segmentNs: Math.round(segmentNs),
      signalNs: Math.round(signals.signalNs),
      awakeNs: AWAKE_NS,
      wakeNs: Math.round(signals.wakeNs),
      requestNs: Math.round(signals.requestNs),
      returnNs: Math.round(signals.returnNs),
      callerByteNs: bytes.callerByteNs,
      tensorNs: Math.round(tensorNs),
      byteNs: bytes.byteNs,
      slowdown: await slowdowns(request, run),
    });
  } catch (error) {
    if (error instanceof MeasurementStopped) {
      return fail(error.failures);
    }
    throw error;
  }
}

async function runOften(
  plan: WorkerPlan,
  feeds: ReadonlyMap<string, TensorData>,
  runs: number,
  signal: AbortSignal | undefined,
): Promise<readonly ProbeRun[]> {
  const executor = orStop(await createCpuExecutor(plan, signal === undefined ? {} : { signal }));
  try {
    orStop(await warmUp(() => executor.run(feeds), signal));
    const kept: ProbeRun[] = [];
    for (let i = 0; i < runs; i++) {
      const { segments, durationNs } = orStop(await executor.run(feeds));
      kept.push({ segments, durationNs });
    }
    return kept;
  } finally {
    await executor.close();
  }
}

function orStop<T>(outcome: Result<T>): T {
  if (!outcome.ok) {
    throw new MeasurementStopped(outcome.error);
  }
  return outcome.value;
}

function zeroFeeds({ tensors, inputs }: WorkerPlan): ReadonlyMap<string, TensorData> {
  return orStop(
    randomFeeds(
      inputs.map((tensor) => present(tensors[tensor], "input")),
      1,
    ),
  );
}

/** Nanoseconds per byte that crosses, and per byte that the caller copies. */
async function byteCosts(
  probe: <T>(probe: Probe<T>) => Promise<T>,
): Promise<Pick<WorkerCosts, "byteNs" | "callerByteNs">> {
  const figures: ByteFigures[] = [];
  for (const length of SIZES) {
    figures.push(await probe(crossingProbe(length)));
  }
  const perByte = (kind: keyof ByteFigures): number => {
    const points = figures.map((each) => each[kind]);
    const bytes = points.map((point) => point.bytes);
    const ns = points.map((point) => point.ns);
    return round4(Math.max(0, slopeOf(bytes, ns)));
  };
  return { byteNs: perByte("crossing"), callerByteNs: perByte("caller") };
}

/** The median of the slopes between any two points, which one disturbed point does not move far. Requires: different `x`. */
function slopeOf(x: readonly number[], y: readonly number[]): number {
  return median(
    x.flatMap((right, i) =>
      x.slice(0, i).map((left, j) => ((y[i] ?? 0) - (y[j] ?? 0)) / (right - left)),
    ),
  );
}

function workOf(times: readonly SegmentTime[]): number {
  return times.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
}

/** Index k - 1: how many times longer the model takes with k workers busy with it than with one. */
async function slowdowns(request: WorkerRequest, run: RunPlan): Promise<readonly number[]> {
  const { model, inputs, outputs, feeds } =
    request.model.length > MAX_MODEL_BYTES ? matrixWork() : request;
  const durationWith = async (busy: number, runs: number): Promise<number> => {
    const tensors = [...inputs, ...Array.from({ length: busy }, () => outputs).flat()];
    const first = (worker: number): number => inputs.length + worker * outputs.length;
    const workers = Array.from({ length: busy }, (_, worker) => [
      {
        operators: ["the whole model"],
        model,
        inputs: [...inputs.keys()],
        outputs: outputs.map((_, i) => first(worker) + i),
      },
    ]);
    const plan: WorkerPlan = {
      tensors,
      inputs: [...inputs.keys()],
      outputs: [...tensors.keys()].slice(inputs.length),
      workers,
    };
    return median((await run(plan, feeds, runs)).map(({ segments }) => workOf(segments) / busy));
  };
  const aloneNs = await durationWith(1, MIN_SLOWDOWN_RUNS);
  const runs = Math.min(
    MAX_SLOWDOWN_RUNS,
    Math.max(MIN_SLOWDOWN_RUNS, Math.round(SLOWDOWN_NS / aloneNs)),
  );
  const reference = runs > MIN_SLOWDOWN_RUNS ? await durationWith(1, runs) : aloneNs;
  const result = [1];
  for (let busy = 2; busy <= request.workers; busy++) {
    const slowdown = (await durationWith(busy, runs)) / reference;
    // More workers never make each other faster: what looks like it is noise.
    result.push(round4(Math.max(result[busy - 2] ?? 1, slowdown)));
  }
  return result;
}

function matrixWork(): Pick<WorkerRequest, "model" | "inputs" | "outputs" | "feeds"> {
  const dims = [MATRIX, MATRIX];
  const inputs: TensorSpec[] = [{ name: "x", elementType: "float32", dims }];
  return {
    model: probeModel({ operator: "MatMul", inputs: ["x", "x"], output: "y", dims }),
    inputs,
    outputs: [{ name: "y", elementType: "float32", dims }],
    feeds: orStop(randomFeeds(inputs, 1)),
  };
}
