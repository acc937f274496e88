/** Whatever is computed together, the values are those of the operators one by one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUSION_LISTS } from "../../src/onnx/kernel-groups.js";
import { emulate } from "../support/emulate-model.js";
import { listed } from "../support/kernel-lists.js";
import { patternModel, patternSteps } from "../support/pattern-models.js";

describe("random models on the emulated device", () => {
  it("give the same bytes with every kernel list", async () => {
    let fused = 0;
    await fc.assert(
      fc.asyncProperty(patternSteps, async (steps) => {
        const lowered = await listed(patternModel(steps), "none");
        const isTraining = lowered.graph.operators.some(({ node }) =>
          lowered.model.graph.nodes[node]?.attributes.has("training_mode"),
        );
        // There is no kernel for statistics of the batch.
        fc.pre(!isTraining);
        const plain = await emulate(lowered, "ieee");
        for (const fuse of FUSION_LISTS) {
          expect(await emulate(lowered, "ieee", { fuse })).toEqual(plain);
        }
        fused += (await listed(patternModel(steps))).fused?.groups.length ?? 0;
      }),
      { numRuns: 40 },
    );
    expect(fused).toBeGreaterThan(20);
  });
});
