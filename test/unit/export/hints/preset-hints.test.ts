import { describe, expect, it } from "vitest";
import { hintsOfPreset } from "../../../../src/export/hints/preset-hints.js";

describe("hintsOfPreset", () => {
  it("gives Megatron-LM the layout of the schedule, and its own where none was given", () => {
    const layout = "Et*4|t*4|t*2m|L";
    expect(hintsOfPreset({ preset: "megatron", devices: 4, layout })).toEqual([
      'Megatron-LM: --pipeline-model-parallel-size 4 --pipeline-model-parallel-layout "Et*4|t*4|t*2m|L"',
      "  --num-layers 10. The order of micro-batches is Megatron-LM's own: 1F1B, or interleaved.",
    ]);
    expect(hintsOfPreset({ preset: "megatron", devices: 2, chunks: 2, layers: 8 })?.[0]).toBe(
      'Megatron-LM: --pipeline-model-parallel-size 2 --pipeline-model-parallel-layout "Et*2|(t*2|)*2t*2L"',
    );
  });

  it("names the modules of torchtitan's stages", () => {
    const found = hintsOfPreset({ preset: "torchtitan", devices: 2, layout: "Et|t*2L" });
    expect(found?.[0]).toBe("torchtitan: pipeline_parallel_degree = 2");
    expect(found?.[1]).toBe(
      '  module_fqns_per_model_part = [["tok_embeddings","layers.0"],["layers.1","layers.2","norm","output"]]',
    );
    expect(hintsOfPreset({ preset: "torchtitan", devices: 2, layout: "Et|tmL" })).toEqual([
      "torchtitan: none, for it has no layers of multi-token prediction.",
    ]);
  });

  it("has something for DeepSpeed only where DeepSpeed spreads the layers", () => {
    expect(hintsOfPreset({ preset: "deepspeed", devices: 4, layers: 16 })?.[0]).toBe(
      'DeepSpeed: PipelineModule(layers, num_stages=4, partition_method="uniform")',
    );
    expect(hintsOfPreset({ preset: "deepspeed", devices: 2, layout: "Et|tL" })).toEqual([
      "DeepSpeed: none, for it takes no layout.",
    ]);
  });

  it("says nothing of schedules without a preset, or with one that does not exist", () => {
    expect(hintsOfPreset({ shape: "v", devices: 4 })).toBeUndefined();
    expect(hintsOfPreset({ preset: "other", devices: 4, layers: 4 })).toBeUndefined();
    expect(hintsOfPreset({ preset: "megatron", devices: 4, layout: "nonsense" })).toBeUndefined();
  });
});
