import { existsSync } from "node:fs";
import { resolve } from "node:path";
import onnxProto from "onnx-proto";
import { describe, expect, it } from "vitest";
import { verifyGraph } from "../../../src/ir/verify-graph.js";
import { inspectModel } from "../../../src/onnx/inspect-model.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { lowerBytes } from "../../support/operator-models.js";

const { onnx } = onnxProto;

interface Part {
  readonly op: string;
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly attribute?: readonly object[];
}

function value(name: string, dims: readonly number[], elemType = 1): object {
  return {
    name,
    type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  };
}

function integers(name: string, ...values: readonly number[]): object {
  const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name, dims: [values.length], dataType: 7, rawData };
}

function nodes(parts: readonly Part[]): object[] {
  return parts.map((part, i) => ({
    name: `${part.op}${i}`,
    opType: part.op,
    input: [...part.in],
    output: [...part.out],
    attribute: [...(part.attribute ?? [])],
  }));
}

function graphAttribute(name: string, graph: object): object {
  return { name, type: onnx.AttributeProto.AttributeType.GRAPH, g: graph };
}

async function lower(graph: object): Promise<LoweredModel> {
  const model = { irVersion: 8, opsetImport: [{ domain: "", version: 17 }], graph };
  const lowered = await lowerBytes(onnx.ModelProto.encode(onnx.ModelProto.create(model)).finish());
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  expect(verifyGraph(lowered.value.graph)).toEqual([]);
  return lowered.value;
}

describe("roles", () => {
  it("fold shape arithmetic, resolve views, drop what nobody needs", async () => {
    const { roles, graph, viewOf, constants } = await lower({
      name: "g",
      node: nodes([
        { op: "Relu", in: ["x"], out: ["r"] },
        { op: "Sigmoid", in: ["x"], out: ["only_its_shape"] },
        { op: "Shape", in: ["only_its_shape"], out: ["s"] },
        { op: "ReduceProd", in: ["s"], out: ["count"] },
        { op: "Reshape", in: ["r", "count"], out: ["flat"] },
        { op: "Identity", in: ["flat"], out: ["same"] },
        { op: "Neg", in: ["same"], out: ["y"] },
        { op: "Tanh", in: ["x"], out: ["unused"] },
      ]),
      input: [value("x", [2, 3])],
      output: [{ name: "y" }],
    });
    expect(roles).toEqual([
      "operator",
      "dead",
      "constant",
      "constant",
      "view",
      "view",
      "operator",
      "dead",
    ]);
    expect(constants.get("count")?.values).toEqual([6]);
    expect([...viewOf]).toEqual([
      ["flat", "r"],
      ["same", "r"],
    ]);
    expect(graph.operators.map(({ name, predecessors }) => [name, [...predecessors]])).toEqual([
      ["Relu0", []],
      ["Neg6", [0]],
    ]);
    expect(graph.tensors.map(({ name }) => name)).toEqual(["x", "r", "y"]);
  });

  it("keep what draws numbers from constants: a dropout that trains, a body that draws", async () => {
    const draws = {
      name: "draws",
      node: nodes([{ op: "RandomNormalLike", in: ["one"], out: ["z"] }]),
      output: [value("z", [1])],
    };
    const scalar = (name: string, byte: number) => ({
      name,
      dataType: 9,
      rawData: Uint8Array.of(byte),
    });
    const branches = [graphAttribute("then_branch", draws), graphAttribute("else_branch", draws)];
    const { roles, constants } = await lower({
      name: "g",
      node: nodes([
        { op: "Dropout", in: ["one", "", "on"], out: ["trained"] },
        { op: "Dropout", in: ["one", "", "off"], out: ["kept"] },
        { op: "If", in: ["asked"], out: ["drawn"], attribute: branches },
      ]),
      initializer: [
        { name: "one", dims: [1], dataType: 1, rawData: new Uint8Array(Float32Array.of(1).buffer) },
        scalar("on", 1),
        scalar("off", 0),
        { name: "asked", dims: [1], dataType: 9 },
      ],
      output: [value("trained", [1]), value("kept", [1]), value("drawn", [1])],
    });
    expect(roles).toEqual(["operator", "constant", "operator"]);
    expect(constants.get("kept")?.values).toEqual([1]);
    expect(constants.has("trained")).toBe(false);
  });

  it("keep random numbers alive and weights of any size constant", async () => {
    const { roles, graph } = await lower({
      name: "g",
      node: nodes([
        { op: "ConstantOfShape", in: ["big"], out: ["w"] },
        { op: "Exp", in: ["w"], out: ["e"] },
        { op: "RandomNormalLike", in: ["w"], out: ["noise"] },
        { op: "Add", in: ["noise", "e"], out: ["sum"] },
        { op: "MatMul", in: ["x", "sum"], out: ["y"] },
      ]),
      input: [value("x", [1, 3000])],
      output: [{ name: "y" }],
      initializer: [integers("big", 3000, 4000)],
    });
    expect(roles).toEqual(["constant", "constant", "operator", "operator", "operator"]);
    expect(graph.operators.map(({ work }) => work.parameterBytes)).toEqual([48e6, 48e6, 0]);
  });

  it("leave out outputs that nobody reads", async () => {
    const { graph } = await lower({
      name: "g",
      node: nodes([
        { op: "TopK", in: ["x", "k"], out: ["values", "indices"] },
        { op: "Relu", in: ["values"], out: ["y"] },
      ]),
      input: [value("x", [10])],
      output: [{ name: "y" }],
      initializer: [integers("k", 3)],
    });
    expect(graph.operators[0]?.outputs).toHaveLength(1);
    expect(graph.operators[0]?.work.bytesWritten).toBe(12);
  });
});

describe("sequences", () => {
  it("are followed item by item", async () => {
    const { types, graph } = await lower({
      name: "g",
      node: nodes([
        { op: "SplitToSequence", in: ["x"], out: ["parts"] },
        { op: "SequenceEmpty", in: [], out: ["none"] },
        { op: "SequenceInsert", in: ["none", "x"], out: ["one"] },
        { op: "SequenceAt", in: ["parts", "k"], out: ["part"] },
        { op: "SequenceErase", in: ["parts", "k"], out: ["rest"] },
        { op: "SequenceLength", in: ["rest"], out: ["count"] },
        { op: "ConcatFromSequence", in: ["rest"], out: ["joined"], attribute: [] },
        { op: "SequenceConstruct", in: ["joined", "part"], out: ["both"] },
        { op: "SequenceAt", in: ["both", "k"], out: ["y"] },
        { op: "SequenceAt", in: ["one", "k0"], out: ["z"] },
      ]),
      input: [value("x", [4, 3])],
      output: [{ name: "y" }, { name: "z" }],
      initializer: [
        { ...integers("k", 1), dims: [] },
        { ...integers("k0", 0), dims: [] },
      ],
    });
    expect(types.get("part")?.dims).toEqual([1, 3]);
    expect(types.get("joined")?.dims).toEqual([3, 3]);
    expect(types.get("y")?.dims).toEqual([1, 3]);
    expect(types.get("z")?.dims).toEqual([4, 3]);
    expect(types.has("parts")).toBe(false);
    expect(graph.tensors.find(({ name }) => name === "parts")?.bytes).toBe(48);
  });
});

describe("control flow", () => {
  const body = (...parts: readonly Part[]) => ({
    name: "b",
    node: nodes(parts),
    output: [{ name: "out" }],
  });

  it("counts the dearer branch of If and reads what branches capture", async () => {
    const { graph, types } = await lower({
      name: "g",
      node: nodes([
        { op: "Neg", in: ["x"], out: ["n"] },
        {
          op: "If",
          in: ["c"],
          out: ["y"],
          attribute: [
            graphAttribute("then_branch", body({ op: "Relu", in: ["n"], out: ["out"] })),
            graphAttribute("else_branch", body({ op: "Sigmoid", in: ["n"], out: ["out"] })),
          ],
        },
      ]),
      input: [value("x", [2, 3]), value("c", [], 9)],
      output: [{ name: "y" }],
    });
    expect(types.get("y")).toEqual({ elementType: "float32", dims: [2, 3] });
    expect(graph.operators[1]).toMatchObject({
      type: "If",
      predecessors: [0],
      work: { flops: 24 },
    });
    expect(graph.operators[1]?.inputs.map((id) => graph.tensors[id]?.name)).toEqual(["c", "n"]);
  });

  const loop = (trips: object[], inputs: object[], condition = "Identity") =>
    lower({
      name: "g",
      node: nodes([
        {
          op: "Loop",
          in: ["m", "", "x"],
          out: ["y", "all"],
          attribute: [
            graphAttribute("body", {
              name: "b",
              input: [value("i", [], 7), value("go", [], 9), value("v", [2, 3])],
              node: nodes([
                { op: condition, in: ["go"], out: ["go_on"] },
                { op: "Relu", in: ["v"], out: ["next"] },
                { op: "Neg", in: ["v"], out: ["step"] },
              ]),
              output: [{ name: "go_on" }, { name: "next" }, { name: "step" }],
            }),
          ],
        },
      ]),
      input: [value("x", [2, 3]), ...inputs],
      output: [
        { name: "y" },
        {
          name: "all",
          type: {
            tensorType: {
              elemType: 1,
              shape: { dim: [{ dimValue: 9 }, { dimValue: 2 }, { dimValue: 3 }] },
            },
          },
        },
      ],
      initializer: trips,
    });

  it("counts the trips of Loop", async () => {
    const { graph, types, guessedLoops } = await loop([{ ...integers("m", 9), dims: [] }], []);
    expect(types.get("all")?.dims).toEqual([9, 2, 3]);
    expect(graph.operators[0]?.work.flops).toBe(9 * 12);
    expect(guessedLoops).toEqual([]);
  });

  it("does not take the most trips for all where the body may end the loop sooner", async () => {
    const trips = [{ ...integers("m", 9), dims: [] }];
    const { openDims, typeSources } = await loop(trips, [], "Not");
    expect(openDims.get("all")).toEqual([undefined, 2, 3]);
    expect(typeSources).toEqual({ inferred: 1, oracle: 0, declared: 1, data: 0 });
  });

  it("counts the trips that a declared output has where only the run decides", async () => {
    const { graph, types, guessedLoops, typeSources } = await loop([], [value("m", [], 7)]);
    expect(types.get("all")?.dims).toEqual([9, 2, 3]);
    expect(graph.operators[0]?.work.flops).toBe(9 * 12);
    expect(guessedLoops).toEqual([]);
    expect(typeSources).toEqual({ inferred: 1, oracle: 0, declared: 1, data: 0 });
  });
});

/**
 * Published totals: multiply-adds (doubled here) and parameters. torchvision model pages for
 * GoogLeNet, Inception-v3, ResNet-50, SqueezeNet 1.1 and Swin-T; Zoph et al., CVPR 2018, for NASNet-A
 * (23.8 G, 88.9 M); Devlin et al., NAACL 2019, and Radford et al., 2019, for BERT-base (110 M) and
 * GPT-2 (124 M), whose FLOPs follow from their sizes: 2 x tokens x weights of products, and attention.
 */
const PUBLISHED: readonly (readonly [file: string, gflops: number, parameters: number])[] = [
  ["googlenet", 2 * 1.498, 6.62e6],
  ["inception-v3", 2 * 5.713, 23.83e6],
  ["resnet50", 2 * 4.089, 25.56e6],
  ["squeezenet", 2 * 0.349, 1.236e6],
  ["nasnet-a-large", 2 * 23.8, 88.9e6],
  ["swin-t", 2 * 4.49, 28.29e6],
  ["bert-base", (2 * 128 * 85e6 + 24 * 2 * 128 * 128 * 768) / 1e9, 109.5e6],
  ["gpt2", (2 * 128 * (85e6 + 38.6e6) + 24 * 2 * 128 * 128 * 768) / 1e9, 124.4e6],
];

describe("totals of known models", () => {
  it.each(PUBLISHED)(
    "%s has the published FLOPs and parameters",
    async (name, gflops, parameters) => {
      const path = resolve(import.meta.dirname, `../../../fixtures/models/${name}.onnx`);
      expect(existsSync(path)).toBe(true);
      const model = readModel(path);
      const lowered = model.ok ? await lowerModel(model.value, { dims: new Map() }) : model;
      if (!lowered.ok) {
        throw new Error(lowered.error[0].message);
      }
      const inspection = inspectModel(lowered.value);
      expect(inspection.flops / 1e9 / gflops).toBeGreaterThan(0.98);
      expect(inspection.flops / 1e9 / gflops).toBeLessThan(1.03);
      expect(inspection.parameters.count / parameters).toBeGreaterThan(0.98);
      expect(inspection.parameters.count / parameters).toBeLessThan(1.03);
      expect(inspection.unknownOperators).toEqual([]);
    },
  );
});
