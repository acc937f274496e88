/** Where channels are last in memory, the values are those of rows. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import type { DeviceNode } from "../../src/kernels/device-node.js";
import { emitModel } from "../../src/kernels/emit.js";
import { withKernelList } from "../../src/onnx/fuse/fuse-operators.js";
import { FUSION_LISTS } from "../../src/onnx/kernel-groups.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { distance, emulate } from "../support/emulate-model.js";
import { featureModel, mapSteps } from "../support/feature-models.js";
import { loweredTinyModel } from "../support/tiny-model.js";

describe("random models of feature maps on the emulated device", () => {
  it("give the same values in both orders, with every kernel list", async () => {
    const seen = { turned: 0, models: 0 };
    await fc.assert(
      fc.asyncProperty(mapSteps, fc.constantFrom(...FUSION_LISTS), async (steps, fuse) => {
        const { lowered, remove } = await loweredTinyModel(featureModel(steps));
        try {
          const rows = await emulate(lowered, "ieee", { fuse });
          const turned = await emulate(lowered, "ieee", { fuse, layout: "channels-last" });
          expect([...turned.keys()]).toEqual([...rows.keys()]);
          for (const [name, bytes] of turned) {
            expect(distance("float32", bytes, present(rows.get(name), name))).toBeLessThan(1e-5);
          }
        } finally {
          remove();
        }
        const nodes = turnedNodes(withKernelList(lowered, fuse));
        seen.models++;
        seen.turned += nodes.filter((node) => node.kind === "conv" && node.isChannelsLast).length;
      }),
      { numRuns: 60 },
    );
    expect(seen.turned).toBeGreaterThan(seen.models);
  });
});

function turnedNodes(lowered: LoweredModel): readonly DeviceNode[] {
  const options = { floats: "f32", estimateUnsupported: false, layout: "channels-last" } as const;
  const emitted = emitModel(lowered, options);
  return emitted.ok ? emitted.value.plans.flatMap((plan) => plan.nodes) : [];
}
