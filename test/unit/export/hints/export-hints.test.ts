import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hintsOfStages, hintsOfStreams } from "../../../../src/export/hints/export-hints.js";
import { layersOf } from "../../../../src/export/hints/layers.js";
import type { LoweredModel } from "../../../../src/onnx/lowered-model.js";
import { loadModel } from "../../../../src/runtime/load-model.js";
import { modelPipeline, type PipelineForm } from "../../../support/model-pipelines.js";
import { value } from "../../../support/values.js";

const FIXTURES = join(import.meta.dirname, "../../../../fixtures/models");

async function model(name: string): Promise<LoweredModel> {
  return value(await loadModel(join(FIXTURES, `${name}.onnx`), { dims: new Map() }));
}

const gpt2 = await model("gpt2");

/** GPT-2 with its 12 layers in stages: where stage k ends, in layers; the rest goes to the ends. */
function staged(ends: readonly number[], form: Partial<PipelineForm> = {}): readonly string[] {
  const stageOf = Int32Array.from(gpt2.graph.operators, ({ name }, at) => {
    const [, layer] = /^h(\d+)\//.exec(name) ?? [];
    if (layer === undefined) {
      return at < gpt2.graph.operators.length / 2 ? 0 : ends.length - 1;
    }
    return ends.findIndex((end) => Number(layer) < end);
  });
  const devicesOf = ends.map((_, stage) => [stage]);
  return hintsOfStages(modelPipeline(gpt2, { stageOf, devicesOf, ...form }));
}

describe("hintsOfStreams", () => {
  it("counts the streams besides the first", () => {
    expect(hintsOfStreams(4)[0]).toBe(
      "TensorRT: trtexec --maxAuxStreams=3, or setMaxAuxStreams(3) of the builder's configuration.",
    );
  });
});

describe("layersOf", () => {
  it("finds the layers of transformers by the names of operators", async () => {
    for (const name of ["gpt2", "bert-base"]) {
      const { graph } = name === "gpt2" ? gpt2 : await model(name);
      expect(layersOf(graph)).toMatchObject({ count: 12 });
    }
  });

  it("finds none without attention", async () => {
    const { graph } = await model("squeezenet");
    expect(layersOf(graph)).toBe(
      "the names of its operators show no numbered layers with attention",
    );
  });
});

describe("hintsOfStages", () => {
  it("counts the layers of every stage", () => {
    expect(staged([3, 5, 6, 12])).toEqual([
      "vLLM: VLLM_PP_LAYER_PARTITION=3,2,1,6 with --pipeline-parallel-size 4",
      "SGLang: SGLANG_PP_LAYER_PARTITION=3,2,1,6 with --pp-size 4",
      'Megatron-LM: --pipeline-model-parallel-size 4 --pipeline-model-parallel-layout "Et*3|t*2|t|t*6L"',
      "  The order of micro-batches is Megatron-LM's own: 1F1B, or interleaved.",
    ]);
  });

  it("has stages in a loop over the devices for Megatron-LM alone", () => {
    const [serving, megatron] = staged([3, 6, 9, 12], { devicesOf: [[1], [0], [1], [0]] });
    expect(serving).toBe("vLLM, SGLang: none, for a device has several stages.");
    expect(megatron).toContain('-size 2 --pipeline-model-parallel-layout "Et*3|t*3|t*3|t*3L"');
  });

  it("has stages without a layer for Megatron-LM alone", () => {
    const [serving, megatron] = staged([0, 6, 12]);
    expect(serving).toBe("vLLM, SGLang: none, for stage 0 has no layer.");
    expect(megatron).toContain('"E|t*6|t*6L"');
  });

  it("has nothing for a V, naming the block", () => {
    expect(staged([3, 6, 9, 12], { devicesOf: [[0], [1], [1], [0]] })).toEqual([
      'vLLM, SGLang, Megatron-LM: none, for block "s2.forward" is not on the next device in a loop.',
    ]);
  });

  it("has nothing where a layer is cut", () => {
    const stageOf = Int32Array.from(gpt2.graph.operators, (_, at) => (at < 200 ? 0 : 1));
    const lines = hintsOfStages(modelPipeline(gpt2, { stageOf, devicesOf: [[0], [1]] }));
    expect(lines).toEqual([
      expect.stringMatching(
        /^vLLM, SGLang, Megatron-LM: none, for layer \d+ is cut: part of it is in stage "s1"\.$/,
      ),
    ]);
  });
});
