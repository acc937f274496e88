/**
 * The cost of running sub-models on worker threads instead of operators inside one session, from
 * running small plans on the executor itself and reading its timelines:
 *
 * - a *segment*: a chain of eight one-element sub-models on one worker, time per link;
 * - a *tensor*: a sub-model with nine inputs against one with one input;
 * - a *byte*: two operators as two sub-models on two workers against both in one sub-model, for
 *   tensors of several sizes; the difference of the running times, fitted by a line over the sizes.
 *   It holds the new buffer that ONNX Runtime returns for each output, and the copies into and out of
 *   shared memory (tensors with a single reader are moved instead, and cost less);
 * - a *signal*: from the end of the first of those two to the start of the second, for
 *   tensors so long in the making that the consumer has gone to sleep, as it does in real schedules;
 * - the *slowdown* of k busy workers: the model itself on k workers at the same time, against one.
 *
 * All figures are medians: a disturbed run is long, never short.
 */

import type { Failures } from "../core/failure.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { median } from "../core/statistics.js";
import type { WorkerCosts } from "../cost/operator-costs.js";
import { createCpuExecutor, type SegmentTime } from "../runtime/cpu-executor.js";
import { randomFeeds } from "../runtime/random-feeds.js";
import type { TensorData, TensorSpec } from "../runtime/tensor-data.js";
import type { PlanSegment, WorkerPlan } from "../runtime/worker-plan.js";
import { probeModel } from "./probe-model.js";
import type { OnProgress } from "./progress.js";
import { leftOutRuns } from "./run-counts.js";
import { round4 } from "./timing.js";

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

const WARM_UP_RUNS = 5;
const PROBE_RUNS = 60;
/** Runs of the model for each number of busy workers: as many as fit into this time, within limits. */
const SLOWDOWN_NS = 150e6;
const MIN_SLOWDOWN_RUNS = 5;
const MAX_SLOWDOWN_RUNS = 30;
/** A larger model is not loaded once per worker: a matrix product takes its place. */
const MAX_MODEL_BYTES = 64 << 20;
const CHAIN = 8;
const FAN_IN = 9;
/** Sizes of the tensors handed over, in elements of 4 bytes: 64 KiB to 1 MiB, as between layers. */
const SIZES: readonly number[] = [16_384, 65_536, 262_144];
const MATRIX = 256;

/** The measuring's way to run a plan often: times of every segment, by run. */
type RunPlan = (
  plan: WorkerPlan,
  feeds: ReadonlyMap<string, TensorData>,
  runs: number,
) => Promise<readonly (readonly SegmentTime[])[]>;

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
    const chainNs = await chainLinkNs(run);
    const tensorNs = Math.max(0, (await fanInNs(run)) / (FAN_IN - 1));
    const handover = request.workers < 2 ? { byteNs: 0, signalNs: 0 } : await handoverCosts(run);
    return ok({
      workers: request.workers,
      segmentNs: Math.max(0, Math.round(chainNs - tensorNs)),
      signalNs: Math.round(handover.signalNs),
      tensorNs: Math.round(tensorNs),
      byteNs: round4(handover.byteNs),
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
): Promise<readonly (readonly SegmentTime[])[]> {
  const executor = await createCpuExecutor(plan, signal === undefined ? {} : { signal });
  if (!executor.ok) {
    throw new MeasurementStopped(executor.error);
  }
  try {
    const times: (readonly SegmentTime[])[] = [];
    let leftOut = WARM_UP_RUNS;
    for (let i = 0; i < leftOut + runs; i++) {
      const outcome = await executor.value.run(feeds);
      if (!outcome.ok) {
        throw new MeasurementStopped(outcome.error);
      }
      const { segments } = outcome.value;
      leftOut = i === 0 ? leftOutRuns(WARM_UP_RUNS, workOf(segments)) : leftOut;
      times.push(segments);
    }
    return times.slice(leftOut);
  } finally {
    await executor.value.close();
  }
}

function vector(name: string, length: number): TensorSpec {
  return { name, elementType: "float32", dims: [length] };
}

function negate(tensors: readonly TensorSpec[], input: number, output: number): PlanSegment {
  const from = present(tensors[input], "tensor");
  const to = present(tensors[output], "tensor");
  const model = probeModel({
    operator: "Neg",
    inputs: [from.name],
    output: to.name,
    dims: from.dims,
  });
  return { operators: [to.name], model, inputs: [input], outputs: [output] };
}

function zeroFeeds(specs: readonly TensorSpec[]): ReadonlyMap<string, TensorData> {
  const feeds = randomFeeds(specs, 1);
  if (!feeds.ok) {
    throw new MeasurementStopped(feeds.error);
  }
  return feeds.value;
}

async function chainLinkNs(run: RunPlan): Promise<number> {
  const tensors = Array.from({ length: CHAIN + 1 }, (_, i) => vector(`t${i}`, 1));
  const segments = Array.from({ length: CHAIN }, (_, i) => negate(tensors, i, i + 1));
  const plan = { tensors, inputs: [0], outputs: [CHAIN], workers: [segments] };
  const times = await run(plan, zeroFeeds(tensors.slice(0, 1)), PROBE_RUNS);
  // The first link copies the input of the whole plan: it is not typical.
  return median(
    times.map((links) => ((links[CHAIN - 1]?.endNs ?? 0) - (links[1]?.startNs ?? 0)) / (CHAIN - 1)),
  );
}

/** The extra time of a sub-model with `FAN_IN` inputs over one with a single input. */
async function fanInNs(run: RunPlan): Promise<number> {
  const tensors = Array.from({ length: FAN_IN + 3 }, (_, i) => vector(`t${i}`, 1));
  const copies = Array.from({ length: FAN_IN }, (_, i) => i + 1);
  const wide: PlanSegment = {
    operators: ["sum"],
    model: probeModel({
      operator: "Sum",
      inputs: copies.map((i) => `t${i}`),
      output: `t${FAN_IN + 1}`,
      dims: [1],
    }),
    inputs: copies,
    outputs: [FAN_IN + 1],
  };
  const narrow = negate(tensors, FAN_IN + 1, FAN_IN + 2);
  const segments = [...copies.map((i) => negate(tensors, 0, i)), wide, narrow];
  const plan = { tensors, inputs: [0], outputs: [FAN_IN + 2], workers: [segments] };
  const times = await run(plan, zeroFeeds(tensors.slice(0, 1)), PROBE_RUNS);
  const durations = (segment: number): number =>
    median(times.map((segmentTimes) => durationOf(segmentTimes[segment])));
  return durations(FAN_IN) - durations(FAN_IN + 1);
}

async function handoverCosts(
  run: RunPlan,
): Promise<{ readonly byteNs: number; readonly signalNs: number }> {
  const bytes: number[] = [];
  const extraNs: number[] = [];
  const signals: number[] = [];
  for (const length of SIZES) {
    const tensors = ["x", "t", "y"].map((name) => vector(name, length));
    const producer = negate(tensors, 0, 1);
    const consumer = negate(tensors, 1, 2);
    const feeds = zeroFeeds(tensors.slice(0, 1));
    const model = probeModel({
      operator: "Neg",
      inputs: ["x"],
      output: "y",
      dims: [length],
      repeat: 2,
    });
    const whole = { operators: ["whole"], model, inputs: [0], outputs: [2] };
    const near = await run(
      { tensors, inputs: [0], outputs: [2], workers: [[whole]] },
      feeds,
      PROBE_RUNS,
    );
    // Tensors that the caller reads too are handed over by copy, the costlier way: see `routesOf`.
    const far = await run(
      { tensors, inputs: [0], outputs: [1, 2], workers: [[producer], [consumer]] },
      feeds,
      PROBE_RUNS,
    );
    bytes.push(4 * length);
    extraNs.push(median(far.map(workOf)) - median(near.map(workOf)));
    signals.push(...far.map(([from, to]) => (to?.startNs ?? 0) - (from?.endNs ?? 0)));
  }
  return { byteNs: Math.max(0, slopeOf(bytes, extraNs)), signalNs: Math.max(0, median(signals)) };
}

function workOf(times: readonly SegmentTime[]): number {
  return times.reduce((sum, time) => sum + durationOf(time), 0);
}

function durationOf(time: SegmentTime | undefined): number {
  return time === undefined ? 0 : time.endNs - time.startNs;
}

/** Slope of the least-squares line. Requires: at least two different `x`. */
function slopeOf(x: readonly number[], y: readonly number[]): number {
  const meanX = x.reduce((sum, value) => sum + value, 0) / x.length;
  const meanY = y.reduce((sum, value) => sum + value, 0) / y.length;
  const cross = x.reduce((sum, value, i) => sum + (value - meanX) * ((y[i] ?? 0) - meanY), 0);
  return cross / x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
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
    return median((await run(plan, feeds, runs)).map((times) => workOf(times) / busy));
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
    feeds: zeroFeeds(inputs),
  };
}
