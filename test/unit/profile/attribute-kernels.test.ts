import { describe, expect, it } from "vitest";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import type { AttributeValue, OnnxGraph, OnnxNode } from "../../../src/onnx/model.js";
import { attributeKernels, timeSharesOf } from "../../../src/profile/attribute-kernels.js";
import { loweredTinyModel, type TinyNode, tinyModel } from "../../support/tiny-model.js";

const DIMS = [4, 4];

/** A lowered model of one-input chains and joins, all tensors of one shape. */
async function lower(nodes: readonly TinyNode[], output: string): Promise<LoweredModel> {
  const { lowered, remove } = await loweredTinyModel(
    tinyModel({
      nodes,
      inputs: [{ name: "x", dims: DIMS }],
      outputs: [{ name: output, dims: DIMS }],
      weights: [{ name: "w", dims: DIMS }],
    }),
  );
  remove();
  return lowered;
}

function node(type: string, inputs: string, output: string): TinyNode {
  return { type, inputs: inputs.split(" "), outputs: [output] };
}

function kernel(
  name: string,
  opType: string,
  inputs: string,
  output: string,
  activation?: string,
): OnnxNode {
  const attributes = new Map<string, AttributeValue>();
  if (activation !== undefined) {
    attributes.set("activation", { kind: "string", value: activation });
  }
  return {
    name,
    opType,
    domain: "",
    inputs: inputs.split(" "),
    outputs: [output],
    attributes,
    raw: new Uint8Array(),
  };
}

function optimised(...nodes: readonly OnnxNode[]): OnnxGraph {
  return { name: "o", nodes, inputs: [], outputs: [], valueInfo: [], initializers: [] };
}

function named(lowered: LoweredModel, graph: OnnxGraph): readonly (readonly string[])[] {
  return attributeKernels(lowered, graph).operatorsOf.map((operators) =>
    operators.map((id) => lowered.graph.operators[id]?.type ?? ""),
  );
}

describe("attributeKernels", () => {
  it("follows names that were kept", async () => {
    const lowered = await lower([node("MatMul", "x w", "a"), node("Tanh", "a", "y")], "y");
    const nodes = lowered.model.graph.nodes;
    const graph = optimised(
      kernel(nodes[0]?.name ?? "", "MatMul", "x w", "renamed"),
      kernel("other", "Tanh", "renamed", "y"),
    );
    expect(named(lowered, graph)).toEqual([["MatMul"], ["Tanh"]]);
  });

  it("gives a kernel of the layout pass its activation and what was fused before it", async () => {
    const lowered = await lower(
      [
        node("MatMul", "x w", "a"),
        node("Abs", "a", "b"),
        node("Relu", "b", "c"),
        node("MatMul", "c w", "d"),
        node("Neg", "d", "y"),
      ],
      "y",
    );
    const graph = optimised(
      kernel("b_nchwc", "Conv", "x w2", "token_0", "Relu"),
      kernel("d_nchwc_token_7", "Conv", "token_0 w3", "token_1"),
      kernel("ReorderOutput_token_9", "ReorderOutput", "token_1", "d"),
      kernel("last", "Neg", "d", "y"),
    );
    // The layout change wrote the original tensor: it counts for the operator that writes it.
    expect(named(lowered, graph)).toEqual([
      ["MatMul", "Abs", "Relu"],
      ["MatMul"],
      ["MatMul"],
      ["Neg"],
    ]);
  });

  it("finds the parts of a fused function between its input and its output", async () => {
    const lowered = await lower(
      [
        node("MatMul", "x w", "m"),
        node("Abs", "m", "a"),
        node("Erf", "a", "b"),
        node("Mul", "m b", "y"),
      ],
      "y",
    );
    const graph = optimised(kernel("k0", "MatMul", "x w", "m"), kernel("k1", "Gelu", "m", "y"));
    expect(named(lowered, graph)).toEqual([["MatMul"], ["Abs", "Erf", "Mul"]]);
  });

  it("absorbs the addend of a convolution with a sum", async () => {
    const lowered = await lower(
      [
        node("Tanh", "x", "s"),
        node("MatMul", "s w", "a"),
        node("Add", "a s", "b"),
        node("Relu", "b", "c"),
        node("Neg", "c", "y"),
      ],
      "y",
    );
    const graph = optimised(
      kernel("k0", "Tanh", "x", "s"),
      kernel("a_nchwc", "Conv", "s w bias s", "token", "Relu"),
      kernel("k2", "Neg", "token", "y"),
    );
    expect(named(lowered, graph)).toEqual([["Tanh"], ["MatMul", "Add", "Relu"], ["Neg"]]);
  });

  it("charges what it does not know to a neighbour", async () => {
    const lowered = await lower([node("Tanh", "x", "a"), node("Neg", "a", "y")], "y");
    const graph = optimised(
      kernel("cast", "Cast", "x", "new_0"),
      kernel("k1", "Tanh", "new_0", "a"),
      kernel("in", "ReorderInput", "a", "new_1"),
      kernel("k3", "Neg", "new_1", "y"),
    );
    expect(named(lowered, graph)).toEqual([["Tanh"], ["Tanh"], ["Neg"], ["Neg"]]);
  });

  it("leaves no kernel to operators that were removed", async () => {
    const lowered = await lower(
      [node("Tanh", "x", "a"), node("Tanh", "x", "b"), node("Add", "a b", "y")],
      "y",
    );
    const graph = optimised(kernel("k0", "Tanh", "x", "a"), kernel("k1", "Add", "a a", "y"));
    const attribution = attributeKernels(lowered, graph);
    // The repeated Tanh led only to the sum: whoever computes the sum stands for it.
    expect([...attribution.kernelsOf]).not.toContain(0);
    const lost = optimised(kernel("k0", "Tanh", "x", "a"));
    expect([...attributeKernels(lowered, lost).kernelsOf].filter((n) => n === 0).length).toBe(2);
  });
});

describe("timeSharesOf", () => {
  it("splits by estimated work and sums to one", async () => {
    const lowered = await lower([node("MatMul", "x w", "a"), node("Relu", "a", "y")], "y");
    const operators = lowered.graph.operators.map((operator) => operator.id);
    const shares = timeSharesOf(lowered.graph, operators);
    expect(shares[0]).toBeGreaterThan(shares[1] ?? 1);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });
});
