/** Estimates have the thread blocks that the program launches. */
import { describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import { deviceModelNamed } from "../../../src/cost/device-models/catalog.js";
import { kernelsOf } from "../../../src/cost/kernels/operator-kernels.js";
import { emitted } from "../../support/fusion-doc.js";

/** Kernels that the estimates know as what they are; pools, depthwise convolutions and copies have a thread for each element. */
const ALIKE = /^(elementwise|elements\d*|rows\d*|reduce|softmax|attention)$/;

describe("thread blocks of estimates", () => {
  it.each([
    ["bert-base", "none", 400],
    ["bert-base", "patterns", 38],
    ["gpt2", "none", 400],
    ["gpt2", "patterns", 38],
    ["randwire-1", "none", 250],
    ["randwire-1", "patterns", 50],
    ["googlenet", "none", 58],
  ] as const)("of %s are those of the program, with %s", async (name, list, least) => {
    const device = present(deviceModelNamed("h200"), "device");
    const { lowered, plans } = await emitted(name, list);
    let compared = 0;
    for (const operator of lowered.graph.operators) {
      const [node, ...others] = present(plans[operator.id], "plan").nodes;
      if (node?.kind === "kernel" && others.length === 0 && ALIKE.test(node.kernel.label)) {
        const estimated = kernelsOf(operator, lowered, device, "tf32");
        expect(estimated.map(({ threadBlocks }) => threadBlocks)).toEqual([node.kernel.grid]);
        compared++;
      }
    }
    expect(compared).toBeGreaterThanOrEqual(least);
  });
});
