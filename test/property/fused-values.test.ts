/**
 * Whatever is computed together, the values are those of the operators one by one: to the bit, but where sums are made in
 * another order or scales are put into filters.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { FUSION_LISTS } from "../../src/onnx/kernel-groups.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { distance, emulate } from "../support/emulate-model.js";
import { listed } from "../support/kernel-lists.js";
import { patternModel, patternSteps } from "../support/pattern-models.js";

describe("random models on the emulated device", () => {
  it("give the same bytes with every kernel list", async () => {
    let fused = 0;
    let compared = 0;
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
          const own = await emulate(lowered, "ieee", { fuse });
          if (fuse === "patterns" && hasOtherSums(await listed(patternModel(steps)))) {
            expect([...own.keys()]).toEqual([...plain.keys()]);
            compared += areNear(own, plain);
          } else {
            expect(own).toEqual(plain);
          }
        }
        fused += (await listed(patternModel(steps))).fused?.groups.length ?? 0;
      }),
      { numRuns: 40 },
    );
    expect(fused).toBeGreaterThan(20);
    expect(compared).toBeGreaterThan(0);
  });
});

/** Whether sums are made in another order, as in attention, or scales are in filters. */
function hasOtherSums({ fused }: LoweredModel): boolean {
  return fused?.groups.some(({ kind }) => kind === "attention" || kind === "epilogue") === true;
}

/** The outputs that were compared: those of finite numbers, which do not grow what rounding did. */
function areNear(
  ours: ReadonlyMap<string, Uint8Array>,
  theirs: ReadonlyMap<string, Uint8Array>,
): number {
  let compared = 0;
  for (const [name, bytes] of theirs) {
    const values = [...new Float32Array(Uint8Array.from(bytes).buffer)];
    if (values.every((value) => Number.isFinite(value) && Math.abs(value) < 1e3)) {
      expect(distance("float32", present(ours.get(name), name), bytes)).toBeLessThan(1e-3);
      compared++;
    }
  }
  return compared;
}
