/** The stages of a pipeline for ONNX Runtime, and for every reader of ONNX IR 11. */
import { ok, type Result } from "../../core/result.js";
import { type Json, stableJson } from "../../core/stable-json.js";
import { writeWholeModel } from "../../onnx/extract-submodel.js";
import { withPipelineStages } from "../../onnx/pipeline-stages.js";
import { type StageModel, stageModels } from "../../onnx/stage-models.js";
import { StageWeights } from "../../onnx/stage-weights.js";
import type { DeviceKind } from "../device-kind.js";
import type { Exported } from "../export-format.js";
import { fileNames } from "../file-names.js";
import { type ModelPipeline, type NamedStage, namedStages } from "../model-pipeline.js";
import { SESSION_MARK, stageSessionFile } from "./session-options.js";

/**
 * The files of a pipeline: a model and session options for each stage, the whole model with the stage of every
 * operator, the weights of all of them once, and the order in which every device runs its stages. GPUs are numbered
 * as the devices of the placement.
 *
 * Fails: as `stageModels` and `writeWholeModel`.
 */
export function exportStagesForOrt(
  pipeline: ModelPipeline,
  stem: string,
  device: DeviceKind,
): Result<Exported> {
  const { lowered, partition, placement } = pipeline;
  const devices = placement.devices.map(({ name }) => name);
  const staged = withPipelineStages(lowered, partition.stageOf, devices);
  const weightsName = `${stem}.${WHOLE}.weights`;
  const weights = new StageWeights(lowered.model, weightsName, false);
  const options = { weights, withAnchors: false };
  const models = stageModels(staged, partition.stageOf, partition.stageCount, options);
  if (!models.ok) {
    return models;
  }
  const all = writeWholeModel(staged, weights);
  if (!all.ok) {
    return all;
  }
  const stages = namedStages(pipeline);
  const [whole = "", ...names] = fileNames([WHOLE, ...stages.map(({ id }) => id)]).map(
    (name) => `${stem}.${name}`,
  );
  const weightsFile = { name: weightsName, write: (path: string) => weights.write(path) };
  return ok({
    files: [
      {
        name: `${stem}.pipeline.json`,
        content: stableJson(planOf(pipeline, stages, models.value, names)),
        mark: PLAN_MARK,
      },
      ...models.value.map(({ bytes }, at) => ({ name: `${names[at]}.onnx`, content: bytes })),
      ...stages.map(({ block }, at) => ({
        name: `${names[at]}.session.json`,
        content: stageSessionFile(device === "gpu" ? block.devices[0] : undefined),
        mark: SESSION_MARK,
      })),
      { name: `${whole}.onnx`, content: all.value },
      ...(weights.bytes === 0 ? [] : [weightsFile]),
    ],
    notes: notesOf(pipeline, stem),
  });
}

/** What the whole model and its weights are called: no stage is. */
const WHOLE = "stages";

/** How plans begin. */
const PLAN_MARK = /^\{\s*"stages": \[/;

function notesOf({ placement, blockOf }: ModelPipeline, stem: string): readonly string[] {
  const isForward = new Set(blockOf);
  const others = placement.blocks.filter((_, at) => !isForward.has(at));
  return [
    `${stem}.stages.onnx is the whole model; pipeline_stage (ONNX IR 11) says the stage of every operator`,
    `${stem}.pipeline.json has the order in which each device runs its stages; ONNX Runtime runs one model at a time, so a program of yours has to follow it`,
    ...(others.length === 0
      ? []
      : [
          `${others.length} blocks without a stage model, such as "${others[0]?.id ?? ""}", are left out`,
        ]),
  ];
}

/** Which model each stage is, what it reads and gives, and what every device runs in which order. */
function planOf(
  pipeline: ModelPipeline,
  stages: readonly NamedStage[],
  models: readonly StageModel[],
  names: readonly string[],
): Json {
  const { placement, section } = pipeline;
  const { instances, microBatches, inFlight } = section;
  const stageOfBlock = new Map(stages.map(({ block, id }) => [block.id, { block, id }]));
  const runs = placement.devices.map((): Json[] => []);
  for (const { block, microBatch } of instances) {
    const stage = stageOfBlock.get(block);
    for (const device of stage?.block.devices ?? []) {
      runs[device]?.push({ stage: stage?.id, microBatch });
    }
  }
  return {
    stages: stages.map(({ id, devices }, at) => ({
      stage: id,
      model: `${names[at]}.onnx`,
      session: `${names[at]}.session.json`,
      devices,
      inputs: models[at]?.inputs.map(({ name }) => name),
      outputs: outputsOf(pipeline, models[at]),
    })),
    microBatches,
    inFlight,
    devices: placement.devices.map(({ name }, at) => ({ device: name, runs: runs[at] })),
  };
}

/** Names of the outputs of a stage model: what it sends, then outputs of the model. */
function outputsOf({ lowered }: ModelPipeline, stage: StageModel | undefined): readonly string[] {
  const { sends = [], results = [] } = stage ?? {};
  return [...new Set([...sends.map((id) => lowered.graph.tensors[id]?.name ?? ""), ...results])];
}
