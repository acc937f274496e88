/** Settings for the training framework of a preset: its layout, where it has an option for one. */
import type { Provenance } from "../../artifact/artifact.js";
import { layoutOfPreset } from "../../placement/presets/build-preset.js";
import { type Layout, layersIn, layoutText } from "../../placement/presets/layout.js";

/**
 * A line for each setting, or why there is none; `undefined` where the schedule is not of a preset. `options`: those of the
 * artifact.
 */
export function hintsOfPreset(options: Provenance["options"]): readonly string[] | undefined {
  const { preset, devices, chunks, layers, layout: text } = options;
  if (typeof preset !== "string" || typeof devices !== "number") {
    return undefined;
  }
  const layout = layoutOfPreset(preset, {
    devices,
    ...(typeof chunks === "number" ? { chunks } : {}),
    ...(typeof layers === "number" ? { layers } : {}),
    ...(typeof text === "string" ? { layout: text } : {}),
  });
  return layout.ok ? SETTINGS[preset]?.(layout.value, devices, text !== undefined) : undefined;
}

type Settings = (layout: Layout, devices: number, isOwn: boolean) => readonly string[];

const SETTINGS: Readonly<Record<string, Settings>> = {
  megatron: (layout, devices) => [
    `Megatron-LM: --pipeline-model-parallel-size ${devices} --pipeline-model-parallel-layout "${layoutText(layout)}"`,
    `  --num-layers ${layersIn(layout)}. The order of micro-batches is Megatron-LM's own: 1F1B, or interleaved.`,
  ],
  torchtitan: (layout, devices) => {
    const modules = modulesOf(layout);
    return modules === undefined
      ? ["torchtitan: none, for it has no layers of multi-token prediction."]
      : [
          `torchtitan: pipeline_parallel_degree = ${devices}`,
          `  module_fqns_per_model_part = ${JSON.stringify(modules)}`,
          "  Names are those of its Llama models. The order of micro-batches is that of its pipeline_parallel_schedule.",
        ];
  },
  deepspeed: (_, devices, isOwn) =>
    isOwn
      ? ["DeepSpeed: none, for it takes no layout."]
      : [
          `DeepSpeed: PipelineModule(layers, num_stages=${devices}, partition_method="uniform")`,
          "  The order of micro-batches is DeepSpeed's own: 1F1B.",
        ],
};

/** Names of the modules of each stage; `undefined` where some part has none. */
function modulesOf(layout: Layout): readonly (readonly string[])[] | undefined {
  let layer = 0;
  if (layout.flat().includes("m")) {
    return undefined;
  }
  return layout.map((stage) =>
    stage.flatMap((part) => {
      if (part === "t") {
        return [`layers.${layer++}`];
      }
      return part === "E" ? ["tok_embeddings"] : ["norm", "output"];
    }),
  );
}
