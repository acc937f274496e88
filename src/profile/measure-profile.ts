import { basename } from "node:path";
import { ok, type Result } from "../core/result.js";
import type { Tensor } from "../ir/operator-graph.js";
import { writeWholeModel } from "../onnx/extract-submodel.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { fitsMachine } from "../runtime/fits-machine.js";
import { checkOutputs } from "../runtime/handed-over.js";
import { feedsFrom, type InputSource } from "../runtime/input-source.js";
import { loadOnnxRuntime } from "../runtime/onnx-runtime.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { withCutCosts } from "./measure-cuts.js";
import { measureOperators } from "./measure-operators.js";
import { measureSchedules, type OnOutputs } from "./measure-schedules.js";
import { measureWorkers } from "./measure-workers.js";
import { operatorCostsOf, type Profile, type ScheduleMeasurement } from "./profile.js";
import { type Machine, profileKeyOf, thisMachine } from "./profile-key.js";
import type { OnProgress } from "./progress.js";
import { modelInputs, plannedTensor, scheduledOutputs } from "./worker-plan-of.js";

/** Options of measuring a model. */
export interface MeasureOptions {
  /** The model's inputs; their seed decides the bootstrap too. */
  readonly inputs: InputSource;
  /** Most streams to expect (default: the cores of the machine, at most 8). */
  readonly workers?: number;
  /** Bytes that the sessions of a comparison may take, about (default: 4 GiB). */
  readonly sessionBytes?: number;
  /** Rounds of the comparison of schedules (default: by time). */
  readonly rounds?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Of the comparison of schedules. */
  readonly onOutputs?: OnOutputs;
}

/** Streams beyond this are measured only on request: their slowdown costs memory and time. */
const MAX_WORKERS = 8;

/**
 * Measures the operators of a model and the costs of worker threads on this machine.
 *
 * Fails: `onnxruntime-missing`, `weights-missing`, the failures of sessions and executors, `stopped`.
 * Ensures: whatever happens, no temporary file and no thread is left.
 */
export async function measureProfile(
  lowered: LoweredModel,
  options: MeasureOptions,
): Promise<Result<Profile>> {
  const machine = thisMachine();
  const prepared = await prepare(lowered, options, machine);
  if (!prepared.ok) {
    return prepared;
  }
  const { key, runtime, model, feeds, common } = prepared.value;
  const operators = await measureOperators({ runtime, lowered, model, feeds, ...common });
  if (!operators.ok) {
    return operators;
  }
  const workers = await measureWorkers({
    workers: options.workers ?? Math.min(MAX_WORKERS, machine.logicalCores),
    model,
    inputs: modelInputs(lowered),
    outputs: [...scheduledOutputs(lowered)].flatMap((name) => {
      const type = lowered.types.get(name);
      return type === undefined ? [] : [plannedTensor(lowered, name, type)];
    }),
    feeds,
    ...common,
  });
  if (!workers.ok) {
    return workers;
  }
  const profile: Profile = {
    key,
    model: basename(lowered.model.path),
    device: {
      name: machine.processor,
      source: "measured",
      logicalCores: machine.logicalCores,
      architecture: machine.architecture,
      node: machine.node,
      onnxruntime: key.onnxruntime,
    },
    method: operators.value.method,
    operators: operators.value.operators,
    workers: workers.value,
  };
  const cut = await withCutCosts({
    runtime,
    lowered,
    model,
    feeds,
    costs: operatorCostsOf(profile, lowered.graph),
    workers: workers.value,
    ...common,
  });
  return cut.ok ? ok({ ...profile, workers: cut.value }) : cut;
}

/**
 * Measures schedules and ONNX Runtime's own ways to run the model, all in rotation.
 *
 * Requires: verified schedules of `lowered.graph`.
 * Fails: as `measureProfile`.
 */
export async function measureCandidates(
  lowered: LoweredModel,
  schedules: readonly OperatorSchedule[],
  options: MeasureOptions,
): Promise<Result<ScheduleMeasurement>> {
  const machine = thisMachine();
  const prepared = await prepare(lowered, options, machine);
  if (!prepared.ok) {
    return prepared;
  }
  const { runtime, model, feeds, common } = prepared.value;
  return measureSchedules({
    runtime,
    lowered,
    model,
    feeds,
    schedules,
    cores: machine.logicalCores,
    seed: options.inputs.seed,
    ...(options.rounds === undefined ? {} : { rounds: options.rounds }),
    ...(options.sessionBytes === undefined ? {} : { sessionBytes: options.sessionBytes }),
    ...(options.onOutputs === undefined ? {} : { onOutputs: options.onOutputs }),
    ...common,
  });
}

async function prepare(lowered: LoweredModel, options: MeasureOptions, machine: Machine) {
  const key = await profileKeyOf(lowered, options.inputs, machine);
  if (!key.ok) {
    return key;
  }
  const runtime = await loadOnnxRuntime();
  if (!runtime.ok) {
    return runtime;
  }
  const fits = largestFits(lowered);
  if (!fits.ok) {
    return fits;
  }
  const outputs = checkOutputs(lowered);
  if (!outputs.ok) {
    return outputs;
  }
  const feeds = feedsFrom(modelInputs(lowered), options.inputs);
  if (!feeds.ok) {
    return feeds;
  }
  const model = writeWholeModel(lowered);
  if (!model.ok) {
    return model;
  }
  return ok({
    key: key.value,
    runtime: runtime.value,
    model: model.value,
    feeds: feeds.value,
    common: {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    },
  });
}

/** Whether the machine can hold the model's largest tensor. Fails: `machine-memory-exceeded`. */
function largestFits({ graph }: LoweredModel): Result<void> {
  let largest: Tensor | undefined;
  for (const tensor of graph.tensors) {
    largest = largest !== undefined && largest.bytes >= tensor.bytes ? largest : tensor;
  }
  return largest === undefined
    ? ok(undefined)
    : fitsMachine(`tensor "${largest.name}"`, largest.bytes);
}
