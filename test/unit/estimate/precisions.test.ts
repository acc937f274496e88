/** What each arithmetic means for kernels that are estimated: bytes and FLOPs by hand, and which units compute. */
import { describe, expect, it } from "vitest";
import type { DeviceModel } from "../../../src/cost/device-model.js";
import { DEVICE_MODELS } from "../../../src/cost/device-models/catalog.js";
import { H200 } from "../../../src/cost/device-models/hopper.js";
import type { Kernel } from "../../../src/cost/kernel.js";
import { estimatedProblem } from "../../../src/estimate/estimated-problem.js";
import { storedModel } from "../../../src/estimate/stored-model.js";
import { PRECISIONS, type Precision } from "../../../src/kernels/precision.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { weightBytes } from "../../../src/schedule/serving/model-memory.js";
import { memoryProblem } from "../../../src/verify/memory-problem.js";
import { textModel } from "../../support/text-model.js";
import { loweredTinyModel } from "../../support/tiny-model.js";

async function lowered(model: Parameters<typeof textModel>[0]): Promise<LoweredModel> {
  const made = await loweredTinyModel(textModel(model));
  made.remove();
  return made.lowered;
}

const PRODUCT = {
  inputs: "x:f32[256,128]",
  weights: "w:f32[128,64]",
  outputs: "y:f32",
  nodes: ["y = MatMul(x, w)"],
};

/** 16 channels of 8 x 8 to 32: a product of 64 x 32 over 16. */
const POINTWISE = {
  inputs: "x:f32[1,16,8,8]",
  weights: "w:f32[32,16,1,1]",
  outputs: "y:f32",
  nodes: ["y = Conv(x, w)"],
};

const SUM = { inputs: "a:f32[4096] b:f32[4096]", outputs: "y:f32", nodes: ["y = Add(a, b)"] };

function estimated(
  model: LoweredModel,
  precision: Precision,
  device: DeviceModel = H200,
): readonly Kernel[] {
  return estimatedProblem(storedModel(model, precision), device, precision).kernels.flat();
}

/** The one kernel of a model that computes. */
function computing(kernels: readonly Kernel[]): Kernel {
  const [main, ...others] = kernels.filter(({ flops }) => flops > 0);
  expect(others).toEqual([]);
  return main ?? expect.unreachable();
}

function deviceNamed(name: string): DeviceModel {
  return DEVICE_MODELS.find((device) => device.name === name) ?? expect.unreachable();
}

/** What computes, in every precision. */
function figuresOf(model: LoweredModel) {
  return PRECISIONS.map((precision) => {
    const { flops, bytes, arithmetic } = computing(estimated(model, precision));
    return { precision, flops, bytes, arithmetic };
  });
}

describe("estimates", () => {
  it("of products move two bytes an element in f16 and four in all others", async () => {
    const model = await lowered(PRODUCT);
    const elements = 256 * 128 + 128 * 64 + 256 * 64;
    const flops = 2 * 256 * 128 * 64;
    expect(figuresOf(model)).toEqual([
      { precision: "tf32", flops, bytes: 4 * elements, arithmetic: "tensorFloat32" },
      { precision: "ieee", flops, bytes: 4 * elements, arithmetic: "float32" },
      { precision: "torch", flops, bytes: 4 * elements, arithmetic: "float32" },
      { precision: "f16", flops, bytes: 2 * elements, arithmetic: "float16" },
    ]);
  });

  it("of convolutions do so too, and torch has them in TF32", async () => {
    const model = await lowered(POINTWISE);
    const elements = 16 * 64 + 32 * 16 + 32 * 64;
    const flops = 2 * 64 * 32 * 16;
    expect(figuresOf(model)).toEqual([
      { precision: "tf32", flops, bytes: 4 * elements, arithmetic: "tensorFloat32" },
      { precision: "ieee", flops, bytes: 4 * elements, arithmetic: "float32" },
      { precision: "torch", flops, bytes: 4 * elements, arithmetic: "tensorFloat32" },
      { precision: "f16", flops, bytes: 2 * elements, arithmetic: "float16" },
    ]);
  });

  it("of element-wise kernels move half of the bytes, by as much arithmetic", async () => {
    const model = await lowered(SUM);
    const [single] = estimated(model, "tf32");
    const [half] = estimated(model, "f16");
    expect([single?.bytes, half?.bytes]).toEqual([3 * 4 * 4096, 3 * 2 * 4096]);
    expect([single?.flops, half?.flops]).toEqual([4096, 4096]);
  });

  it("of products on a V100 are on matrix units in f16 alone", async () => {
    const v100 = deviceNamed("v100");
    const model = await lowered(PRODUCT);
    const rates = PRECISIONS.map((precision) => {
      const { arithmetic } = computing(estimated(model, precision, v100));
      return v100.flops[arithmetic] / v100.flops.float32 > 1;
    });
    expect(rates).toEqual([false, false, false, true]);
  });

  it("of a kernel that computes are never longer in f16 where nothing but the bytes differs", async () => {
    const { float32 } = H200.flops;
    const flops = { float32, tensorFloat32: float32, float16: float32 };
    const plain: DeviceModel = { ...H200, flops };
    for (const words of [PRODUCT, POINTWISE, SUM]) {
      const model = await lowered(words);
      const [ieee, half] = (["ieee", "f16"] as const).map(
        (precision) => computing(estimated(model, precision, plain)).durationNs,
      );
      expect(half).toBeLessThanOrEqual(ieee ?? 0);
    }
  });

  it("need the model as it is stored", async () => {
    const model = await lowered(SUM);
    expect(() => estimatedProblem(model, H200, "f16")).toThrow("as it is stored");
  });

  it("of memory count halves: a model fits in f16 that does not fit in f32", async () => {
    const model = await lowered(PRODUCT);
    const half = storedModel(model, "f16");
    expect([weightBytes(model), weightBytes(half)]).toEqual([4 * 128 * 64, 2 * 128 * 64]);
    // Weights and the largest tensor, x.
    const least = 2 * (128 * 64 + 256 * 128);
    const device = { ...H200, memoryBytes: least };
    expect(memoryProblem("m", half, device)).toBeUndefined();
    expect(memoryProblem("m", half, { ...H200, memoryBytes: least - 1 })).toBeDefined();
    expect(memoryProblem("m", model, device)).toBeDefined();
  });
});
