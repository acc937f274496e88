/** A pipeline of stages as an ensemble of Triton. */
import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { type StageModel, stageModels } from "../../onnx/stage-models.js";
import { StageWeights } from "../../onnx/stage-weights.js";
import type { DeviceKind } from "../device-kind.js";
import type { Exported, ExportFile } from "../export-format.js";
import { fileNames } from "../file-names.js";
import { type ModelPipeline, type NamedStage, namedStages } from "../model-pipeline.js";
import { configFile } from "./config-file.js";
import { tritonCannot } from "./failures.js";
import { modelFilesOf, WEIGHTS } from "./served-model.js";
import { type ServedTensor, tensorConfigs } from "./tensor-config.js";
import { message, printTextProto, type TextField } from "./text-proto.js";

/** A pipeline for Triton. */
export interface StagesForTriton {
  readonly pipeline: ModelPipeline;
  /** The name of the ensemble; those of its stages begin with it. */
  readonly stem: string;
  readonly device: DeviceKind;
}

/** Of an unknown device the server decides: a GPU where it has one of that number. */
const KINDS: Readonly<Record<DeviceKind, string>> = {
  cpu: "KIND_CPU",
  gpu: "KIND_GPU",
  unknown: "KIND_AUTO",
};

/**
 * A folder for each stage with its configuration and its model, and one for the ensemble that joins them. GPUs are
 * numbered as the devices of the placement.
 *
 * Fails: `export-triton-impossible` for what is not inference, for a stage on several devices, and for
 * tensors that Triton does not have; as `stageModels`.
 */
export function exportStagesForTriton(request: StagesForTriton): Result<Exported> {
  const { pipeline, stem } = request;
  const { lowered, partition } = pipeline;
  const stages = namedStages(pipeline);
  const against = whyNotServed(pipeline, stages);
  if (against !== undefined) {
    return fail([tritonCannot(...against)]);
  }
  const weights = stages.map(() => new StageWeights(lowered.model, WEIGHTS, false));
  const options = { weights, withAnchors: false };
  const models = stageModels(lowered, partition.stageOf, partition.stageCount, options);
  if (!models.ok) {
    return models;
  }
  const [ensemble = "", ...folders] = fileNames([stem, ...stages.map(({ id }) => `${stem}_${id}`)]);
  const parts: Part[] = stages.map((stage, at) => {
    const model = present(models.value[at], "stage model");
    return {
      ...stage,
      model,
      folder: present(folders[at], "folder"),
      ...bordersOf(lowered, model),
    };
  });
  const idle = parts.find(({ reads }) => reads.length === 0);
  if (idle !== undefined) {
    return fail([tritonCannot(idle.block.id, "reads nothing, and Triton runs what requests feed")]);
  }
  const files: ExportFile[] = [];
  for (const [at, part] of parts.entries()) {
    const config = stageConfig(request, part, parts);
    if (!config.ok) {
      return config;
    }
    const own = present(weights[at], "weights");
    files.push(config.value, ...modelFilesOf(part.model.bytes, own, `${part.folder}/1`));
  }
  const whole = ensembleConfig(request, ensemble, parts);
  return whole.ok ? ok({ files: [...files, whole.value], notes: notesOf(parts) }) : whole;
}

/** A stage with the tensors at its borders and its folder. */
interface Part extends NamedStage {
  readonly model: StageModel;
  readonly folder: string;
  readonly reads: readonly ServedTensor[];
  readonly gives: readonly ServedTensor[];
}

/** A block and what keeps the pipeline from being served; `undefined`: nothing does. */
function whyNotServed(
  { placement, blockOf }: ModelPipeline,
  stages: readonly NamedStage[],
): readonly [string, string] | undefined {
  const isStage = new Set(blockOf);
  const other = placement.blocks.find(({ kind }, at) => kind !== "forward" || !isStage.has(at));
  if (other !== undefined) {
    return [other.id, "is not a forward pass of a stage, and Triton serves inference alone"];
  }
  const spread = stages.find(({ devices }) => devices.length > 1);
  return spread === undefined
    ? undefined
    : [
        spread.block.id,
        `runs on ${spread.devices.length} devices at once; instances of Triton are copies`,
      ];
}

function bordersOf(
  lowered: LoweredModel,
  { inputs, sends, results }: StageModel,
): Pick<Part, "reads" | "gives"> {
  const nameOf = (tensor: number): string => present(lowered.graph.tensors[tensor], "tensor").name;
  const typed = (names: readonly string[]) => names.map((name) => pinned(lowered, name));
  return {
    reads: typed(inputs.map(({ tensor }) => nameOf(tensor))),
    gives: typed([...new Set([...sends.map(nameOf), ...results])]),
  };
}

/** A tensor with the sizes that it has in every run. */
function pinned({ types, openDims }: LoweredModel, name: string): ServedTensor {
  const type = types.get(name);
  const dims = type?.dims.map((size) => (openDims.has(name) ? undefined : size));
  return { name, elementType: type?.elementType, dims };
}

function stageConfig(
  { device, pipeline }: StagesForTriton,
  { folder, block, devices, reads, gives }: Part,
  parts: readonly Part[],
): Result<ExportFile> {
  const given = tensorConfigs("input", reads, false, folder);
  if (!given.ok) {
    return given;
  }
  const made = tensorConfigs("output", gives, false, folder);
  if (!made.ok) {
    return made;
  }
  const [on = 0] = block.devices;
  const isShared = parts.filter((part) => part.block.devices[0] === on).length > 1;
  const group = message(
    ["kind", { enum: KINDS[device] }],
    ["count", 1],
    device === "cpu" ? undefined : ["gpus", [on]],
    isShared ? ["rate_limiter", message(["resources", oneAtATime(on)])] : undefined,
  );
  const config = message(
    ["name", folder],
    ["backend", "onnxruntime"],
    ["max_batch_size", 0],
    ...given.value,
    ...made.value,
    ["instance_group", group],
  );
  const where = pipeline.placement.devices.length > 1 ? [`Runs on ${devices[0] ?? ""}.`] : [];
  return ok(configFile(folder, printTextProto(config, where)));
}

/** The resource that a stage takes all of while it runs: no other stage of the device runs then. */
function oneAtATime(device: number) {
  return message(["name", `device_${device}`], ["global", true], ["count", 1]);
}

function ensembleConfig(
  { pipeline }: StagesForTriton,
  ensemble: string,
  parts: readonly Part[],
): Result<ExportFile> {
  const { lowered, section } = pipeline;
  const { inputs, outputs } = lowered.model.graph;
  const read = new Set(parts.flatMap(({ reads }) => reads.map(({ name }) => name)));
  const used = inputs.filter(({ name }) => read.has(name));
  const clash = outputs.find(({ name }) => inputs.some((input) => input.name === name));
  if (clash !== undefined) {
    return fail([
      tritonCannot(clash.name, "is an input and an output, which an ensemble cannot hand through"),
    ]);
  }
  const typed = (values: readonly { readonly name: string }[]) =>
    values.map(({ name }) => pinned(lowered, name));
  const given = tensorConfigs("input", typed(used), false, ensemble);
  if (!given.ok) {
    return given;
  }
  const made = tensorConfigs("output", typed(outputs), false, ensemble);
  if (!made.ok) {
    return made;
  }
  const steps = parts.map(
    ({ folder, model, reads, gives }): TextField => [
      "step",
      message(
        ["model_name", folder],
        ["model_version", -1],
        ...reads.map(({ name }, at) => mapped("input_map", model.inputs[at]?.name ?? name, name)),
        ...gives.map(({ name }) => mapped("output_map", name, name)),
      ),
    ],
  );
  const scheduling = message(...steps, ["max_inflight_requests", section.inFlight]);
  const config = message(
    ["name", ensemble],
    ["platform", "ensemble"],
    ["max_batch_size", 0],
    ...given.value,
    ...made.value,
    ["ensemble_scheduling", scheduling],
  );
  return ok(configFile(ensemble, printTextProto(config)));
}

function mapped(field: "input_map" | "output_map", key: string, value: string): TextField {
  return [field, message(["key", key], ["value", value])];
}

function notesOf(parts: readonly Part[]): readonly string[] {
  const shared = new Set(
    parts
      .map(({ block }) => block.devices[0])
      .filter((device, at, all) => all.indexOf(device) !== at),
  );
  return [
    "start tritonserver --model-repository=FOLDER" +
      (shared.size === 0 ? "" : " --rate-limit=execution_count"),
    "not said are the period and which request meets which stage when: an ensemble serves requests as they come",
    "max_inflight_requests, which older servers do not know, limits every step, not all of them together",
  ];
}
