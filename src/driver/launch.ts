/** Serving several models on one GPU known by its data sheet: their libraries, what can be sustained, policies. */
import { basename } from "node:path";
import { MAX_REQUESTS } from "../arrivals/arrivals-format.js";
import { arrivalsInvalid } from "../arrivals/failures.js";
import { matchModels } from "../arrivals/match-models.js";
import { mostRequests } from "../arrivals/most-requests.js";
import { readArrivals } from "../arrivals/read-arrivals.js";
import { scaleWorkload } from "../arrivals/scale-workload.js";
import type { Workload } from "../arrivals/workload.js";
import type { FoundRegime } from "../artifact/launcher-section-of.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import type { DeviceModel } from "../cost/device-model.js";
import { storedModel } from "../estimate/stored-model.js";
import type { Precision } from "../kernels/precision.js";
import { capacityOf } from "../launcher/capacity.js";
import { checkServingMemory } from "../launcher/check-memory.js";
import { checkObjectives } from "../launcher/check-objectives.js";
import { type ComparisonOptions, comparePolicies } from "../launcher/compare-policies.js";
import type { WindowLibrary } from "../launcher/merged-policy.js";
import { ratesOf, type ServingJob, servingJobOf } from "../launcher/serving-job.js";
import {
  type BatchedLowering,
  type ServingLibrary,
  servingLibraryOf,
} from "../launcher/variant-library.js";
import { withKernelList } from "../onnx/fuse/fuse-operators.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { OnProgress } from "../profile/progress.js";
import { loadModel, loadModelForBatch, noteOnDims } from "../runtime/load-model.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import { capacityProblemOf } from "../schedule/serving/capacity-problem.js";
import type { ServingDevice, ServingProblem } from "../schedule/serving/serving-model.js";
import { checkEstimable } from "./check-estimable.js";
import type { DriverContext } from "./context.js";
import { cutIntoStages } from "./cut-stages.js";
import { modelNameRepeated } from "./failures.js";

/** Where the requests come from. */
export type ArrivalsSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "workload"; readonly workload: Workload; readonly where: string };

/** A request to compare launcher policies. */
export interface LaunchRequest {
  readonly models: readonly string[];
  readonly arrivals: ArrivalsSource;
  readonly device: DeviceModel;
  readonly math: Precision;
  readonly dims: ReadonlyMap<string, number>;
  /** Absent: that of the arrivals, or 1. */
  readonly seed: number | undefined;
  /** Held-out samples. */
  readonly samples: number;
  /** Steps in which launchers are learned; 0: none are. */
  readonly trainSteps: number;
  /** Times the rates of the arrivals that policies are compared for: ascending, all different. */
  readonly scales: readonly number[];
}

/** What was found out about serving the models. */
export interface Launched {
  /** With the arrivals as they are given. */
  readonly job: ServingJob;
  readonly seed: number;
  readonly samples: number;
  /** By scale. */
  readonly regimes: readonly FoundRegime[];
}

/** The random seed where neither the command nor the arrivals give one. */
export const USUAL_SEED = 1;

/**
 * Compares launcher policies for models that share a GPU.
 *
 * Fails: as reading arrivals and models does; `model-name-repeated`, `arrivals-model-unknown`,
 * `arrivals-model-missing`, `operators-not-capturable`, `operators-unknown`, `models-exceed-memory`, `objective-impossible`.
 */
export async function comparePoliciesFor(
  request: LaunchRequest,
  context: DriverContext,
): Promise<Result<Launched>> {
  const workload = workloadFor(request);
  if (!workload.ok) {
    return workload;
  }
  const few = checkScales(workload.value, request);
  if (!few.ok) {
    return few;
  }
  const seed = request.seed ?? workload.value.seed ?? USUAL_SEED;
  const libraries: ServingLibrary[] = [];
  const loading = { dims: request.dims, prepare: preparing(request.math) };
  for (const [at, path] of request.models.entries()) {
    const { batches = [1], model = "" } = workload.value.models[at] ?? {};
    const loaded = await loadBatches(path, batches, loading, context);
    const library = loaded.ok
      ? await context.compute(() => libraryOf(model, loaded.value, request, seed))
      : loaded;
    if (!library.ok) {
      return library;
    }
    libraries.push(library.value);
  }
  return context.compute(() => launched(request, workload.value, libraries, { seed, context }));
}

/** Only operators that a graph can capture, as they are stored, with those that one launch computes together. */
function preparing(math: Precision): BatchLoading["prepare"] {
  return (path, lowered) => {
    const estimable = checkEstimable(path, lowered);
    return estimable.ok ? ok(withKernelList(storedModel(lowered, math), "patterns")) : estimable;
  };
}

/** Fails with `arrivals-invalid` if there would be too many requests at the largest scale. */
export function checkScales(
  workload: Workload,
  { arrivals, scales }: Pick<LaunchRequest, "arrivals" | "scales">,
): Result<void> {
  const scale = Math.max(...scales);
  const where = arrivals.kind === "file" ? arrivals.path : arrivals.where;
  return checkRequests(scaleWorkload(workload, scale), where, `${scale} times the rates are`);
}

/** Fails with `arrivals-invalid` if what is said of `where` would be too many requests. */
export function checkRequests(workload: Workload, where: string, what: string): Result<void> {
  const most = Math.round(mostRequests(workload));
  const message = `${what} up to ${most} requests in a sample, more than ${MAX_REQUESTS}`;
  return most <= MAX_REQUESTS
    ? ok(undefined)
    : fail([arrivalsInvalid(where, { pointer: "", message })]);
}

/** The requests for models, in their order. Fails: `model-name-repeated`, and as reading arrivals does. */
export function workloadFor({
  models,
  arrivals,
}: Pick<LaunchRequest, "models" | "arrivals">): Result<Workload> {
  const names = models.map(modelName);
  const repeated = names.find((name, at) => names.indexOf(name) !== at);
  if (repeated !== undefined) {
    return fail([modelNameRepeated(repeated)]);
  }
  return matchedArrivals(names, arrivals);
}

/** The requests for models by their names, in their order. Fails: as reading arrivals does. */
export function matchedArrivals(
  names: readonly string[],
  arrivals: ArrivalsSource,
): Result<Workload> {
  if (arrivals.kind === "workload") {
    return matchModels(arrivals.workload, names, arrivals.where);
  }
  const read = readArrivals(arrivals.path);
  return read.ok ? matchModels(read.value, names, arrivals.path) : read;
}

/** The name of a model's file without folder and extension. */
export function modelName(path: string): string {
  return basename(path).replace(/\.onnx$/i, "");
}

/** How models are loaded to be served. */
export interface BatchLoading {
  readonly dims: ReadonlyMap<string, number>;
  /** What the device makes of a model, or why it cannot run it. */
  readonly prepare: (path: string, lowered: LoweredModel) => Result<LoweredModel>;
}

/**
 * A model for each batch size. One that cannot be had for a batch is had for the smaller ones only, which
 * is noted; a batch of 1 is the model as it is.
 */
export async function loadBatches(
  path: string,
  batches: readonly number[],
  { dims, prepare: prepared }: BatchLoading,
  { allowExternal = [], onNote }: DriverContext,
): Promise<Result<readonly BatchedLowering[]>> {
  const loaded: BatchedLowering[] = [];
  for (const batch of batches) {
    const options = { dims, allowExternal };
    const lowered =
      batch === 1
        ? await loadModel(path, options)
        : await loadModelForBatch(path, options, { batch, mayRewrite: true });
    if (
      !lowered.ok &&
      batch > 1 &&
      lowered.error.every(({ code }) => code === "batch-impossible")
    ) {
      const [{ message }] = lowered.error;
      onNote(`${modelName(path)}: no batches from ${batch} on: ${message}`);
      break;
    }
    if (!lowered.ok) {
      return lowered;
    }
    const note = batch === 1 ? noteOnDims(lowered.value) : undefined;
    if (note !== undefined) {
      onNote(`${modelName(path)}: ${note}`);
    }
    const ready = prepared(path, lowered.value);
    if (!ready.ok) {
      return ready;
    }
    loaded.push({ batch, lowered: ready.value });
  }
  return ok(loaded);
}

function libraryOf(
  name: string,
  batches: readonly BatchedLowering[],
  { device, math }: LaunchRequest,
  seed: number,
): Result<ServingLibrary> {
  return ok(servingLibraryOf(name, batches, { device, math, seed }));
}

function launched(
  { device, samples, scales }: LaunchRequest,
  workload: Workload,
  libraries: readonly ServingLibrary[],
  { seed, context }: { readonly seed: number; readonly context: DriverContext },
): Result<Launched> {
  const [
    {
      batches: [first],
    },
  ] = libraries as readonly [ServingLibrary];
  const { interference } = present(first, "batch").problem.work;
  const { memoryBytes } = device;
  const gpu: ServingDevice = {
    kind: "gpu",
    interference,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
  const problem = { device: gpu, models: libraries.map(({ model }) => model) };
  const windows = windowLibrary(libraries, seed);
  const { onProgress } = context;
  const settings = { seed, samples, scales, windows, onProgress };
  return compared({ problem, device: device.name, workload, ...settings });
}

/** Models with their requests, and on how many held-out samples to try policies. */
export interface ComparedRequest {
  readonly problem: ServingProblem;
  readonly device: string;
  readonly workload: Workload;
  readonly seed: number;
  readonly samples: number;
  readonly scales: readonly number[];
  /** What windows are made from; absent: there are none. */
  readonly windows?: WindowLibrary;
  readonly onProgress: OnProgress;
}

/** What can be sustained, and the policies on held-out samples. Fails: `models-exceed-memory`, `objective-impossible`. */
export function compared(request: ComparedRequest): Result<Launched> {
  const { problem, device, workload, seed, samples, scales, windows, onProgress } = request;
  const fits = checkServingMemory(problem, device);
  const possible = fits.ok ? checkObjectives(problem, workload) : fits;
  if (!possible.ok) {
    return possible;
  }
  const job = servingJobOf(problem, workload);
  const regimes = scales.map((scale, at) => {
    const onStep = (step: string, done: number, total: number): void =>
      onProgress({
        phase: "policies",
        done: at * total + done,
        total: scales.length * total,
        label: `comparing policies${scales.length === 1 ? "" : ` at ${scale} times the rates`}: ${step}`,
      });
    return regimeOf(job, scale, { seed, samples, windows, onStep });
  });
  return ok({ job, seed, samples, regimes });
}

/** What windows are made from; each model is cut into so many stages once. */
function windowLibrary(libraries: readonly ServingLibrary[], seed: number): WindowLibrary {
  const cuts = new Map<GpuProblem, Map<number, Int32Array | undefined>>();
  return {
    batches: libraries.map(({ batches }) => batches),
    cut: (problem, stages) => {
      const known = cuts.get(problem) ?? new Map<number, Int32Array | undefined>();
      cuts.set(problem, known);
      if (!known.has(stages)) {
        known.set(stages, cutIntoStages(problem, stages, seed));
      }
      return known.get(stages);
    },
  };
}

/** What policies are compared with. */
type RegimeOptions = Omit<ComparisonOptions, "isOverloaded">;

function regimeOf(given: ServingJob, scale: number, options: RegimeOptions): FoundRegime {
  const job = { ...given, workload: scaleWorkload(given.workload, scale) };
  const rates = ratesOf(job);
  const capacityProblem = capacityProblemOf(job.problem, rates);
  const capacity = capacityOf(capacityProblem);
  const isOverloaded = capacity.atMost < 1;
  const comparison = comparePolicies(job, { ...options, isOverloaded });
  return { scale, rates, capacityProblem, capacity, comparison };
}
