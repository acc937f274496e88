/** What the program launches and moves for whole models. */
import { describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import type { Place } from "../../../src/kernels/device-node.js";
import type { EmittedModel } from "../../../src/kernels/emit.js";
import { emitted, nodesOf } from "../../support/fusion-doc.js";

/** Bytes that kernels of our own read and write: every operand once, of a table the rows that are taken. */
function bytesOfKernels(model: EmittedModel): number {
  const { graph, types } = model.lowered;
  const sizeOf = (dims: readonly number[]) => dims.reduce((product, size) => product * size, 1);
  const bytesAt = (place: Place): number => {
    switch (place.kind) {
      case "tensor":
        return 4 * sizeOf(present(graph.tensors[place.id], "tensor").dims);
      case "constant":
        return 4 * sizeOf(types.get(place.name)?.dims ?? []);
      case "joint":
      case "scratch":
        throw new Error(`memory of kind ${place.kind}`);
    }
  };
  let sum = 0;
  for (const node of nodesOf(model)) {
    const [written = 0, ...read] = node.kind === "kernel" ? node.buffers.map(bytesAt) : [];
    const isTable = node.kind === "kernel" && node.kernel.label === "gather";
    sum += written;
    for (const bytes of read) {
      sum += isTable ? Math.min(bytes, written) : bytes;
    }
  }
  return sum;
}

describe("launches of the program", () => {
  it.each([
    ["bert-base", 180],
    ["resnet50", 60],
    ["googlenet", 75],
    ["nasnet-a-large", 700],
    ["gpt2", 200],
  ] as const)("of %s are at most %d", async (name, most) => {
    const nodes = nodesOf(await emitted(name, "patterns"));
    expect(nodes.length).toBeLessThanOrEqual(most);
    expect(nodes.length).toBeGreaterThan(most / 4);
  });

  it("of BERT-base move at most 60 MB by kernels of our own", async () => {
    expect(bytesOfKernels(await emitted("bert-base", "patterns"))).toBeLessThanOrEqual(60e6);
    expect(bytesOfKernels(await emitted("bert-base", "none"))).toBeGreaterThan(400e6);
  });
});
