/** Merged convolutions on the emulated device give what ONNX Runtime gives for the model as it is. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { type Precision, precisionPlan } from "../../src/kernels/precision.js";
import type { FusionList } from "../../src/onnx/kernel-groups.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { MergeIndex } from "../../src/onnx/merge-index.js";
import { type Merge, mergeOperators, mergesFrom } from "../../src/onnx/merge-operators.js";
import { convolutionModel, randomConvolutions } from "../support/convolution-models.js";
import { distance, emulate, reference } from "../support/emulate-model.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { loweredTinyModel } from "../support/tiny-model.js";

/** Everything that can be merged. */
function allMerges(lowered: LoweredModel): readonly Merge[] {
  const index = new MergeIndex(lowered);
  return index
    .classes()
    .flatMap((members) => mergesFrom(lowered.graph, members, index))
    .map(({ merge }) => merge);
}

async function largestDistance(
  lowered: LoweredModel,
  merges: readonly Merge[],
  precision: Precision,
  fuse: FusionList,
): Promise<number> {
  const merged = mergeOperators(lowered, merges);
  if (!merged.ok) {
    throw new Error(merged.error);
  }
  const ours = await emulate(merged.value.lowered, precision, { fuse });
  const theirs = await reference(lowered);
  const distances = [...theirs].map(([name, { elementType, bytes }]) =>
    distance(elementType, present(ours.get(name), name), bytes),
  );
  return Math.max(...distances);
}

describe.skipIf(SKIP_REASON !== undefined)("merged convolutions", () => {
  it("give the outputs of the model, whatever kernels, pads, strides and samples", async () => {
    let merges = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 100_000 }),
        fc.constantFrom(1, 2),
        fc.constantFrom([6], [5, 8], [3, 4, 2]),
        fc.constantFrom("ieee" as const, "f16" as const),
        fc.constantFrom("patterns" as const, "elements" as const, "none" as const),
        async (seed, samples, spatial, precision, fuse) => {
          const bytes = convolutionModel(samples, spatial, randomConvolutions(seed, spatial));
          const { lowered, remove } = await loweredTinyModel(bytes);
          try {
            const all = allMerges(lowered);
            merges += all.length;
            const tolerance = precisionPlan(precision).tolerance;
            expect(await largestDistance(lowered, all, precision, fuse)).toBeLessThan(tolerance);
          } finally {
            remove();
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(merges).toBeGreaterThan(30);
  });
});
