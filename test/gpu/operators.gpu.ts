/** Every operator case on the GPU against ONNX Runtime on the CPU. */
import { afterAll, describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { seededRandom } from "../../src/core/random.js";
import { outputDistance } from "../../src/profile/gpu/check-gpu-outputs.js";
import { oneStream } from "../../src/profile/gpu/measure-gpu-schedules.js";
import { DEVICE_CASES } from "../support/device-operator-cases.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { encodeCase, lowerBytes } from "../support/operator-models.js";
import { expectedOutputs, randomTensor } from "../support/operator-oracle.js";
import { GPU_SKIP_REASON, gpu, onGpu } from "./device.js";

/** By norms; the GPU's and the CPU's elementary functions differ in their last bits. */
const TOLERANCE = 1e-4;

describe.skipIf((GPU_SKIP_REASON ?? SKIP_REASON) !== undefined)("operators on the GPU", () => {
  afterAll(() => gpu().close());

  it.each(DEVICE_CASES.map((each) => [`${each.type}-${each.opset} ${each.inputs}`, each] as const))(
    "%s gives what ONNX Runtime gives",
    async (_, each) => {
      const bytes = encodeCase(each);
      const lowered = await lowerBytes(bytes);
      if (!lowered.ok) {
        throw new Error(lowered.error[0].message);
      }
      const { graph, model, types } = lowered.value;
      const random = seededRandom(1);
      const feeds = new Map(
        model.graph.inputs.map(({ name }) => {
          const type = present(types.get(name), name);
          const range = each.ranges?.[Number(name.slice(1))];
          return [name, randomTensor(type.elementType, type.dims, range, random)] as const;
        }),
      );
      const reference = await expectedOutputs(lowered.value, bytes, feeds);
      const how = { precision: "ieee", sharing: { kind: "none" } } as const;
      await onGpu(lowered.value, feeds, how, async (session) => {
        const outputs = await session.run(oneStream(graph));
        if (!outputs.ok) {
          throw new Error(outputs.error[0].message);
        }
        expect(outputDistance(lowered.value, outputs.value, reference)).toBeLessThan(TOLERANCE);
      });
    },
  );
});
