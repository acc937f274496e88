/**
 * What tools without a file for schedules take from one: settings of TensorRT, vLLM, SGLang, Megatron-LM, and of the framework
 * of a preset, to be typed by hand.
 */
import { ok, type Result } from "../../core/result.js";
import type { Exported, ExportSubject } from "../export-format.js";
import { type ModelPipeline, namedStages } from "../model-pipeline.js";
import { layersOfStages, loopOfStages } from "./layer-partition.js";
import { hintsOfPreset } from "./preset-hints.js";

/** `--to hints`: the settings as a text, which is also what is printed. */
export function exportHints({ artifact, pipeline, name }: ExportSubject): Result<Exported> {
  const { operators } = artifact;
  const ofStreams =
    operators === undefined
      ? []
      : operators.gpu === undefined || operators.tasks !== undefined
        ? [`TensorRT: none, for the schedule is of ${operators.gpu ? "tasks in flight" : "a CPU"}.`]
        : hintsOfStreams(operators.streams);
  const ofStages =
    pipeline === undefined
      ? []
      : pipeline.stages === undefined
        ? (hintsOfPreset(artifact.provenance.options) ?? [
            "vLLM, SGLang, Megatron-LM: none, for there is no model whose stages these are.",
          ])
        : hintsOfStages({ ...pipeline, ...pipeline.stages });
  const lines = [...ofStreams, ...ofStages];
  const content = `${lines.join("\n")}\n`;
  return ok({
    files: [{ name, content, mark: /^(TensorRT: |vLLM|Megatron-LM: |torchtitan: |DeepSpeed: )/ }],
    notes: lines,
  });
}

/** Settings for TensorRT from the streams of an operator schedule: a line each. */
export function hintsOfStreams(streams: number): readonly string[] {
  const more = streams - 1;
  return [
    `TensorRT: trtexec --maxAuxStreams=${more}, or setMaxAuxStreams(${more}) of the builder's configuration.`,
    "  TensorRT decides itself what runs on which stream, and may use fewer.",
  ];
}

/**
 * Settings for vLLM, SGLang and Megatron-LM from the stages of a pipeline: a line each, or a line that says why
 * there are none.
 */
export function hintsOfStages(pipeline: ModelPipeline): readonly string[] {
  const settings = settingsOfStages(pipeline);
  return typeof settings === "string"
    ? [`vLLM, SGLang, Megatron-LM: none, for ${settings}.`]
    : settings;
}

/** As `hintsOfStages`; a string: why there are none. */
export function settingsOfStages(pipeline: ModelPipeline): readonly string[] | string {
  const { lowered, partition } = pipeline;
  const names = namedStages(pipeline).map(({ id }) => id);
  const layers = layersOfStages(lowered, partition.stageOf, names);
  if (typeof layers === "string") {
    return layers;
  }
  const loop = loopOfStages(pipeline);
  return typeof loop === "string" ? loop : [...serving(layers, loop), ...megatron(layers, loop)];
}

type Loop = Exclude<ReturnType<typeof loopOfStages>, string>;

function serving(layers: readonly number[], { devices, rounds }: Loop): readonly string[] {
  const without = layers.indexOf(0);
  if (rounds > 1 || without >= 0) {
    const reason = rounds > 1 ? "a device has several stages" : `stage ${without} has no layer`;
    return [`vLLM, SGLang: none, for ${reason}.`];
  }
  const list = layers.join(",");
  return [
    `vLLM: VLLM_PP_LAYER_PARTITION=${list} with --pipeline-parallel-size ${devices}`,
    `SGLang: SGLANG_PP_LAYER_PARTITION=${list} with --pp-size ${devices}`,
  ];
}

function megatron(layers: readonly number[], { devices }: Loop): readonly string[] {
  const stages = layers.map((count) => (count > 1 ? `t*${count}` : "t".repeat(count)));
  const layout = `E${stages.join("|")}L`;
  return [
    `Megatron-LM: --pipeline-model-parallel-size ${devices} --pipeline-model-parallel-layout "${layout}"`,
    "  The order of micro-batches is Megatron-LM's own: 1F1B, or interleaved.",
  ];
}
