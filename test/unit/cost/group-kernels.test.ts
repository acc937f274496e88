import { describe, expect, it } from "vitest";
import { add, batchNorm, convolution, relu } from "../../../fixtures/generator/cnn-layers.js";
import type { GraphBuilder } from "../../../fixtures/generator/graph-builder.js";
import { ELEMENT, int } from "../../../fixtures/generator/model-spec.js";
import { layerNorm, transpose } from "../../../fixtures/generator/transformer-layers.js";
import { present } from "../../../src/core/invariant.js";
import { deviceModelNamed } from "../../../src/cost/device-models/catalog.js";
import { estimatedProblem } from "../../../src/estimate/estimated-problem.js";
import { listed } from "../../support/kernel-lists.js";

const DEVICE = present(deviceModelNamed("h200"), "device");

async function kernels(build: (g: GraphBuilder) => void) {
  const lowered = await listed(build);
  const flops = lowered.graph.operators.reduce((sum, { work }) => sum + work.flops, 0);
  return { flops, kernels: estimatedProblem(lowered, DEVICE, "ieee").kernels };
}

describe("the kernel of a group", () => {
  it("moves what enters and leaves, and does the arithmetic of all members", async () => {
    const found = await kernels((g) => {
      const x = { value: g.input("x", ELEMENT.float, [1, 4, 8, 8]), channels: 4 };
      const z = { value: g.input("z", ELEMENT.float, [1, 4, 8, 8]), channels: 4 };
      const deep = batchNorm(g, convolution(g, x, { out: 4, kernel: 1, bias: false }));
      g.output("y", relu(g, add(g, deep, z)).value, ELEMENT.float, []);
    });
    const [first, second, third, last = []] = found.kernels;
    expect([first, second, third]).toEqual([[], [], []]);
    const [kernel] = last;
    expect(last).toHaveLength(1);
    // x, z and y of 256 numbers, 16 weights, and four biases: the normalization is in both.
    expect(kernel?.bytes).toBe(4 * (3 * 256 + 16 + 4));
    // The product, and what stands behind it.
    expect(kernel?.flops).toBe(found.flops);
    expect(found.flops).toBeGreaterThan(2 * 64 * 4 * 4);
  });

  it("is of the rows of a normalization, a thread block each", async () => {
    const found = await kernels((g) => {
      const x = g.input("x", ELEMENT.float, [2, 3, 512]);
      g.output("y", layerNorm(g, x, 512, 1e-5), ELEMENT.float, []);
    });
    const all = found.kernels.flat();
    expect(all).toHaveLength(1);
    expect(all[0]?.threadBlocks).toBe(6);
    expect(all[0]?.flops).toBe(found.flops);
  });

  it("keeps the scores of attention out of memory", async () => {
    const [heads, length, width] = [2, 64, 16];
    const found = await kernels((g) => {
      const part = (name: string) => g.input(name, ELEMENT.float, [heads, length, width]);
      const scores = g.node("MatMul", [part("q"), transpose(g, part("k"), 0, 2, 1)]);
      const weights = g.node("Softmax", [scores], { axis: int(-1) });
      g.output("y", g.node("MatMul", [weights, part("v")]), ELEMENT.float, []);
    });
    const all = found.kernels.flat();
    expect(all).toHaveLength(1);
    expect(all[0]?.bytes).toBe(4 * 4 * heads * length * width);
    expect(all[0]?.flops).toBe(found.flops);
  });

  it("is none for a concatenation in place", async () => {
    const found = await kernels((g) => {
      const x = g.input("x", ELEMENT.float, [1, 4, 8, 8]);
      const parts = [g.node("Relu", [x]), g.node("Tanh", [x])];
      g.output("y", g.node("Concat", parts, { axis: int(1) }), ELEMENT.float, []);
    });
    expect(found.kernels.map(({ length }) => length)).toEqual([1, 1, 0]);
  });
});
