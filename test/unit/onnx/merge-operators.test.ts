import onnxProto from "onnx-proto";
import { describe, expect, it } from "vitest";
import { type OperatorId, operatorId } from "../../../src/ir/operator-graph.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { MergeIndex } from "../../../src/onnx/merge-index.js";
import { mergeOperators, mergesFrom } from "../../../src/onnx/merge-operators.js";
import { type ConvolutionCase, convolutionModel } from "../../support/convolution-models.js";
import { loweredTinyModel, tinyModel } from "../../support/tiny-model.js";

const { onnx } = onnxProto;

const PLAIN: ConvolutionCase = {
  input: "x",
  channels: 8,
  kernel: [1, 1],
  pads: [0, 0, 0, 0],
  strides: [1, 1],
  dilations: [1, 1],
  hasBias: false,
  followers: ["Relu"],
};
const THREE: ConvolutionCase = { ...PLAIN, kernel: [3, 3], pads: [1, 1, 1, 1], hasBias: true };

async function lower(bytes: Uint8Array): Promise<LoweredModel> {
  const { lowered, remove } = await loweredTinyModel(bytes);
  remove();
  return lowered;
}

function model(cases: readonly Partial<ConvolutionCase>[], samples = 1): Promise<LoweredModel> {
  const whole = cases.map((each) => ({ ...PLAIN, ...each }));
  return lower(convolutionModel(samples, [6, 6], whole));
}

/** Names of the operators of each class. */
function classesOf(lowered: LoweredModel): readonly (readonly string[])[] {
  return new MergeIndex(lowered).classes().map((members) => names(lowered, members));
}

function names({ graph }: LoweredModel, ids: readonly OperatorId[]): readonly string[] {
  return ids.map((id) => graph.operators[id]?.name ?? "");
}

function ids({ graph }: LoweredModel, wanted: readonly string[]): readonly OperatorId[] {
  return wanted.map((name) => operatorId(graph.operators.findIndex((each) => each.name === name)));
}

describe("what can be merged", () => {
  it("is a set of convolutions of one input with the same strides and output size", async () => {
    const lowered = await model([
      PLAIN,
      THREE,
      { strides: [2, 2] },
      { strides: [2, 2], kernel: [3, 3], pads: [1, 1, 1, 1] },
      // Another size of the output.
      { kernel: [3, 3] },
    ]);
    expect(classesOf(lowered)).toEqual([
      ["c0", "c1"],
      ["c2", "c3"],
    ]);
  });

  it.each<[string, Partial<ConvolutionCase>]>([
    ["grouped channels", { group: 4 }],
    ["taps between the others' taps", { kernel: [2, 2], dilations: [2, 2], pads: [1, 1, 1, 1] }],
    ["another input", { input: "y0_0", channels: 4 }],
  ])("leaves out %s", async (_, odd) => {
    const base = { dilations: odd.dilations ?? [1, 1], channels: 4 };
    const lowered = await model([base, { ...base, ...odd }]);
    expect(classesOf(lowered)).toEqual([]);
  });

  it("leaves out weights that depend on the input", async () => {
    const dims = [1, 4, 6, 6];
    const conv = (weight: string, output: string) => ({
      type: "Conv",
      inputs: ["x", weight],
      outputs: [output],
    });
    const bytes = tinyModel({
      nodes: [conv("w", "a"), conv("v", "b")],
      inputs: [
        { name: "x", dims },
        { name: "v", dims: [4, 4, 1, 1] },
      ],
      outputs: [
        { name: "a", dims },
        { name: "b", dims },
      ],
      weights: [{ name: "w", dims: [4, 4, 1, 1] }],
    });
    expect(classesOf(await lower(bytes))).toEqual([]);
  });

  it("goes on with element-wise operators that are alike", async () => {
    const lowered = await model([
      { followers: ["Relu", "Tanh"] },
      { ...THREE, followers: ["Relu", "Tanh"] },
    ]);
    const found = mergesFrom(lowered.graph, ids(lowered, ["c0", "c1"]), new MergeIndex(lowered));
    expect(found.map(({ merge }) => names(lowered, merge))).toEqual([
      ["c0", "c1"],
      ["c0_0", "c1_0"],
      ["c0_1", "c1_1"],
    ]);
  });

  it.each([
    ["another operator behind one part", [{}, { followers: ["Tanh"] as const }], 1],
    ["nothing behind one part", [{}, { followers: [] }], 1],
    ["parts of a size that vector loads cannot begin at", [{ channels: 1 }, {}], 1],
  ])("ends at %s", async (_, cases, samples) => {
    const lowered = await model(cases, samples);
    const found = mergesFrom(lowered.graph, ids(lowered, ["c0", "c1"]), new MergeIndex(lowered));
    expect(found.map(({ merge }) => names(lowered, merge))).toEqual([["c0", "c1"]]);
  });

  it("tells infinities in attributes and bounds apart", async () => {
    for (const [type, change] of [
      ["LeakyRelu", { alpha: Number.POSITIVE_INFINITY }],
      ["Clip", { bound: Number.POSITIVE_INFINITY }],
    ] as const) {
      const whole = [PLAIN, PLAIN].map((each) => ({ ...each, followers: [type] }));
      const decoded = onnx.ModelProto.decode(convolutionModel(1, [6, 6], whole));
      const nodes = decoded.graph?.node?.filter(({ opType }) => opType === type) ?? [];
      nodes.forEach((node, at) => {
        const sign = at === 0 ? 1 : -1;
        if ("alpha" in change) {
          node.attribute = [{ name: "alpha", type: 1, f: sign * change.alpha }];
        } else {
          const name = `bound${at}`;
          const floatData = [sign * change.bound];
          decoded.graph?.initializer?.push({ name, dims: [], dataType: 1, floatData });
          node.input = [node.input?.[0] ?? "", "least", name];
        }
      });
      const lowered = await lower(onnx.ModelProto.encode(decoded).finish());
      const found = mergesFrom(lowered.graph, ids(lowered, ["c0", "c1"]), new MergeIndex(lowered));
      expect(found.map(({ merge }) => names(lowered, merge))).toEqual([["c0", "c1"]]);
    }
  });

  it("is nothing where the model has a tensor of a name that the filters would take", async () => {
    const decoded = onnx.ModelProto.decode(convolutionModel(1, [6, 6], [PLAIN, PLAIN]));
    const taken = { name: "merged weights of c0", dims: [1], dataType: 1, floatData: [1] };
    decoded.graph?.initializer?.push(taken);
    decoded.graph?.node?.push({
      name: "add",
      opType: "Add",
      input: ["y0_0", taken.name],
      output: ["sum"],
    });
    decoded.graph?.output?.push({ name: "sum", type: { tensorType: { elemType: 1 } } });
    const lowered = await lower(onnx.ModelProto.encode(decoded).finish());
    const members = ids(lowered, ["c0", "c1"]);
    expect(mergesFrom(lowered.graph, members, new MergeIndex(lowered))).toEqual([]);
    expect(mergeOperators(lowered, [members]).ok).toBe(false);
  });

  it("is the convolution alone for several samples, whose results take turns", async () => {
    const lowered = await model([{}, {}], 2);
    const [first, ...others] = mergesFrom(
      lowered.graph,
      ids(lowered, ["c0", "c1"]),
      new MergeIndex(lowered),
    );
    expect(others).toEqual([]);
    expect(first?.merged).toMatchObject({ isJoint: false });
  });
});

describe("mergeOperators", () => {
  it("makes one operator of each merge, under the first name, with its own work", async () => {
    const lowered = await model([{}, THREE]);
    const made = mergeOperators(lowered, [
      ids(lowered, ["c0", "c1"]),
      ids(lowered, ["c0_0", "c1_0"]),
    ]);
    const merged = made.ok ? made.value.lowered : undefined;
    const operators = merged?.graph.operators ?? [];
    expect(operators.map(({ name }) => name)).toEqual(["c0", "c0_0"]);
    expect(made.ok && [...made.value.unitOf]).toEqual([0, 1, 0, 1]);
    expect(operators[1]?.predecessors).toEqual([0]);
    expect(operators[0]?.inputs).toHaveLength(1);
    // 16 filters of 4 x 3 x 3 over 36 positions, a bias for each result.
    expect(operators[0]?.work.flops).toBe(16 * 36 * (2 * 36 + 1));
    expect(operators[0]?.work.parameterBytes).toBe((16 * 36 + 16) * 4);
    expect(operators[0]?.work.bytesRead).toBe(4 * 36 * 4);
    expect(operators[1]?.work.bytesWritten).toBe(16 * 36 * 4);
    const [what] = merged?.merged?.values() ?? [];
    expect(what).toMatchObject({
      kind: "convolution",
      isJoint: true,
      weightDims: [16, 4, 3, 3],
      outputDims: [1, 16, 6, 6],
      window: { begins: [1, 1], ends: [1, 1] },
      parts: [{ offsets: [1, 1] }, { offsets: [0, 0] }],
    });
  });

  it.each([
    ["one operator alone", [["c0"]]],
    ["operators in another order", [["c1", "c0"]]],
    [
      "an operator twice",
      [
        ["c0", "c1"],
        ["c1", "c2"],
      ],
    ],
    ["convolutions of two classes", [["c0", "c2"]]],
    ["operators of another kind", [["c0_0", "c1_0"]]],
    ["an operator that is not there", [["c0", "nobody"]]],
  ])("refuses %s", async (_, merges) => {
    const lowered = await model([{}, THREE, { strides: [2, 2] }]);
    const made = mergeOperators(
      lowered,
      merges.map((merge) => ids(lowered, merge)),
    );
    expect(made.ok ? "" : made.error).toMatch(
      /cannot be one operator|named twice|not in the order|fewer than two/,
    );
  });
});
