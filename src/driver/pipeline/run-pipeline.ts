/**
 * Runs a pipeline artifact on this machine's CPU and compares it with its prediction and with the
 * whole model.
 */
import { cpus } from "node:os";
import type { ScheduleArtifact } from "../../artifact/artifact.js";
import type { PipelineSection } from "../../artifact/pipeline-section.js";
import { readArtifact } from "../../artifact/read-artifact.js";
import { blockPositions, wholeOf } from "../../artifact/section-schedules.js";
import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { noteOnRandomNumbers } from "../../onnx/random-nodes.js";
import type { Placement } from "../../placement/placement.js";
import {
  measurePipeline,
  type PipelineMeasurement,
  type WholeModelTiming,
} from "../../profile/measure-pipeline.js";
import { pipelinePlanOf } from "../../profile/pipeline-plan-of.js";
import type { Timing } from "../../profile/profile.js";
import {
  prepareStages,
  type StageSettings,
  type TriedSettings,
} from "../../profile/stage-sessions.js";
import { modelInputs } from "../../profile/worker-plan-of.js";
import { whyOutputsMayDiffer } from "../../runtime/excused-differences.js";
import { checkOutputs } from "../../runtime/handed-over.js";
import { feedsFrom, type InputSource, isAllGiven } from "../../runtime/input-source.js";
import { loadOnnxRuntime } from "../../runtime/onnx-runtime.js";
import type { TensorData } from "../../runtime/tensor-data.js";
import { makerOf, sectionMissing } from "../../verify/failures.js";
import { modelLoader } from "../../verify/load-model-of-artifact.js";
import { hasStages, stagesOfArtifact } from "../../verify/stages-of-artifact.js";
import { verifyPipeline } from "../../verify/verify-pipeline.js";
import type { DriverContext } from "../context.js";
import { outputsDiffer } from "../failures.js";
import { inputsOfRun } from "../given-inputs.js";
import { maySaveOutputs, type RunFiles, type RunOutputs, settleOutputs } from "../run-outputs.js";
import { pipelineNotRunnable } from "./failures.js";

/** A request to run a pipeline artifact. */
export interface RunPipelineRequest extends RunFiles {
  readonly file: string;
  readonly model: string | undefined;
  readonly seed: number;
  readonly rounds: number | undefined;
}

/** A time that was predicted and measured. */
export interface PredictedTime {
  readonly predictedNs: number;
  readonly measured: Timing;
}

/** One block of the timeline. */
export interface RanBlock {
  readonly block: string;
  readonly device: string;
  readonly microBatch: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly predictedStartNs: number;
  readonly predictedEndNs: number;
}

/** The result of running a pipeline. */
export interface PipelineRunReport extends RunOutputs {
  readonly microBatches: number;
  readonly devices: readonly string[];
  readonly rounds: number;
  /** Per micro-batch. */
  readonly period: PredictedTime;
  readonly makespan: PredictedTime;
  /** Time of all processor cores for one micro-batch. */
  readonly cpuNs: number;
  readonly outputs: PipelineMeasurement["outputs"];
  /** The settings of the stages' sessions: outputs are the same, or about as near as any make them. */
  readonly settings: StageSettings;
  /** Other settings whose outputs were not the same. */
  readonly tried: readonly TriedSettings[];
  readonly wholeModel: readonly WholeModelTiming[];
  /** Of the round with the middle makespan: by device, then in order of execution. */
  readonly timeline: readonly RanBlock[];
}

/** A larger relative difference of outputs is an error, not different rounding. */
const TOLERANCE = 1e-3;
/** Sets of inputs that micro-batches take in turn. */
const INPUT_SETS = 4;
const USUAL_ROUNDS = 5;

/**
 * Executes a pipeline schedule.
 *
 * Fails: as verifying, making stages and running do; `pipeline-not-runnable`, `outputs-differ`.
 */
export async function runPipeline(
  request: RunPipelineRequest,
  context: DriverContext,
): Promise<Result<PipelineRunReport>> {
  const { file, model, seed } = request;
  const artifact = readArtifact(file);
  if (!artifact.ok) {
    return artifact;
  }
  const section = artifact.value.pipeline;
  if (section === undefined) {
    return fail([sectionMissing(file, "pipeline")]);
  }
  const verified = verifyPipeline(section, file, makerOf(artifact.value));
  if (!verified.ok) {
    return verified;
  }
  const { placement } = verified.value;
  const reason = reasonAgainst(artifact.value, placement);
  if (reason !== undefined) {
    return fail([pipelineNotRunnable(file, reason)]);
  }
  const load = modelLoader(file, model, context.allowExternal);
  const staged = await stagesOfArtifact(file, artifact.value, placement, load);
  if (!staged.ok) {
    return staged;
  }
  const runtime = await loadOnnxRuntime();
  if (!runtime.ok) {
    return runtime;
  }
  const { lowered, partition, blockOf } = staged.value;
  const outputs = checkOutputs(lowered);
  if (!outputs.ok) {
    return outputs;
  }
  const random = noteOnRandomNumbers(lowered);
  if (random !== undefined) {
    context.onNote(random);
  }
  const inputs = inputsOfRun(request.inputFiles, seed, lowered, artifact.value, context);
  const feeds = inputs.ok ? inputSets(lowered, inputs.value, section.microBatches) : inputs;
  if (!inputs.ok || !feeds.ok) {
    return feeds.ok ? (inputs as Result<never>) : feeds;
  }
  const { given } = inputs.value;
  const may = maySaveOutputs(request, lowered, file, given);
  if (!may.ok) {
    return may;
  }
  const common = {
    runtime: runtime.value,
    lowered,
    feeds: feeds.value,
    signal: context.signal,
    onProgress: context.onProgress,
  };
  const prepared = await prepareStages({ ...common, ...partition });
  if (!prepared.ok) {
    return prepared;
  }
  try {
    const whole = wholeOf(section, blockPositions(placement));
    const computed = new Map<string, TensorData>();
    const plan = pipelinePlanOf(lowered, prepared.value, { placement, blockOf, whole });
    const measured = await measurePipeline({
      ...common,
      plan,
      prepared: prepared.value,
      cores: cpus().length,
      rounds: request.rounds ?? USUAL_ROUNDS,
      onOutput: (name, data) => computed.set(name, data),
    });
    if (!measured.ok) {
      return measured;
    }
    const { outputs } = measured.value;
    const excuse = outputs.identical ? undefined : await whyOutputsMayDiffer(lowered);
    if (outputs.maxRelative > TOLERANCE && excuse === undefined) {
      return fail([outputsDiffer(file, outputs.maxAbsolute, outputs.maxRelative)]);
    }
    if (excuse !== undefined) {
      context.onNote(excuse);
    }
    const { settings, tried, reference } = prepared.value;
    const found = { computed, whole: reference[0] ?? new Map() };
    const settled = settleOutputs(request, lowered, given, found);
    if (!settled.ok) {
      return settled;
    }
    const ran = { section, placement, blockOf, measured: measured.value, settings, tried };
    return ok({ ...reportOf(ran), ...settled.value });
  } finally {
    prepared.value.remove();
  }
}

/** Sets of inputs for the micro-batches; a single one where all inputs are given. */
function inputSets(
  lowered: LoweredModel,
  inputs: InputSource,
  microBatches: number,
): Result<readonly ReadonlyMap<string, TensorData>[]> {
  const specs = modelInputs(lowered);
  const most = isAllGiven(specs, inputs) ? 1 : INPUT_SETS;
  const sets: ReadonlyMap<string, TensorData>[] = [];
  for (let set = 0; set < Math.min(most, microBatches); set++) {
    const made = feedsFrom(specs, { ...inputs, seed: inputs.seed + set });
    if (!made.ok) {
      return made;
    }
    sets.push(made.value);
  }
  return ok(sets);
}

/** The reason why this runner cannot execute a schedule, if there is one. */
function reasonAgainst(artifact: ScheduleArtifact, placement: Placement): string | undefined {
  const device = artifact.provenance.options["device"] ?? "cpu";
  if (device !== "cpu") {
    return `it was compiled for ${String(device)}, and this machine's CPU would say nothing about that`;
  }
  if (!hasStages(placement)) {
    return "its blocks name no operators, so there is no model to run";
  }
  if (placement.timeUnit !== "ns") {
    return "its times are abstract steps";
  }
  const train = placement.blocks.find(({ kind }) => kind === "backward" || kind === "weight");
  if (train !== undefined) {
    return `block "${train.id}" is a ${train.kind} block, and nothing here trains models`;
  }
  const wide = placement.blocks.find(({ devices }) => devices.length > 1);
  if (wide !== undefined) {
    return `block "${wide.id}" is on several devices at once, which needs a model split inside its operators`;
  }
  const idle = placement.blocks.find(({ operators }) => operators.length === 0);
  return idle === undefined ? undefined : `block "${idle.id}" names no operators`;
}

interface ReportRequest {
  readonly section: PipelineSection;
  readonly placement: Placement;
  readonly blockOf: readonly number[];
  readonly measured: PipelineMeasurement;
  readonly settings: StageSettings;
  readonly tried: PipelineRunReport["tried"];
}

function reportOf(request: ReportRequest): PipelineRunReport {
  const { section, placement, blockOf, measured, settings, tried } = request;
  const predicted = new Map(
    section.instances.map((each) => [`${each.block}\n${each.microBatch}`, each]),
  );
  return {
    microBatches: section.microBatches,
    devices: placement.devices.map(({ name }) => name),
    rounds: measured.rounds,
    period: {
      predictedNs: section.period / section.microBatchesPerPeriod,
      measured: measured.period,
    },
    makespan: { predictedNs: section.makespan, measured: measured.makespan },
    cpuNs: measured.cpuNs,
    outputs: measured.outputs,
    settings,
    tried,
    wholeModel: measured.wholeModel,
    timeline: measured.blocks.map(({ stage, microBatch, device, startNs, endNs }): RanBlock => {
      const block = present(placement.blocks[blockOf[stage] ?? -1], "block").id;
      const wanted = present(predicted.get(`${block}\n${microBatch}`), "instance");
      return {
        block,
        device: placement.devices[device]?.name ?? "",
        microBatch,
        startNs,
        endNs,
        predictedStartNs: wanted.start,
        predictedEndNs: wanted.end,
      };
    }),
  };
}
