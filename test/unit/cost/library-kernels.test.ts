import { describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import type { DeviceModel } from "../../../src/cost/device-model.js";
import { A100_PCIE_40GB, V100 } from "../../../src/cost/device-models/ampere-and-before.js";
import { H200 } from "../../../src/cost/device-models/hopper.js";
import type { Kernel } from "../../../src/cost/kernel.js";
import type { MathMode } from "../../../src/cost/kernels/arithmetic.js";
import { kernelsOf } from "../../../src/cost/kernels/operator-kernels.js";
import { lowerCase, type OperatorCase } from "../../support/operator-models.js";

async function kernelsFor(
  operator: OperatorCase,
  device: DeviceModel,
  math: MathMode = "tf32",
): Promise<readonly Kernel[]> {
  const lowered = await lowerCase(operator);
  return kernelsOf(present(lowered.graph.operators[0], "operator"), lowered, device, math);
}

function convolution(channels: number, side: number, kernel: number, stride = 1): OperatorCase {
  const pad = (kernel - 1) / 2;
  return {
    type: "Conv",
    inputs: `f32[1,${channels},${side},${side}] f32[64,${channels},${kernel},${kernel}]`,
    attributes: { strides: [stride, stride], pads: [pad, pad, pad, pad] },
    outputs: 1,
  };
}

const total = (kernels: readonly Kernel[]): number =>
  kernels.reduce((sum, { durationNs }) => sum + durationNs, 0);

describe("convolutions of cuDNN", () => {
  it("are copied into another layout and back where they run in TF32", async () => {
    const kernels = await kernelsFor(convolution(64, 56, 3), A100_PCIE_40GB);
    const bytes = 64 * 56 * 56 * 4;
    expect(kernels.map(({ arithmetic }) => arithmetic)).toEqual([
      "float32",
      "tensorFloat32",
      "float32",
    ]);
    expect([kernels[0]?.bytes, kernels[2]?.bytes]).toEqual([2 * bytes, 2 * bytes]);
    expect(await kernelsFor(convolution(64, 56, 1), A100_PCIE_40GB)).toHaveLength(1);
    expect(await kernelsFor(convolution(64, 56, 1, 2), A100_PCIE_40GB)).toHaveLength(3);
  });

  it("use no matrix units for fewer than eight input channels", async () => {
    const [few] = await kernelsFor(convolution(3, 224, 7, 2), A100_PCIE_40GB);
    expect(few?.arithmetic).toBe("float32");
    const kernels = await kernelsFor(convolution(8, 224, 7, 2), A100_PCIE_40GB);
    expect(kernels.map(({ arithmetic }) => arithmetic)).toContain("tensorFloat32");
  });

  it("take a quarter of the multiplications for 3x3 of stride 1, where that is quicker", async () => {
    const wide = { ...convolution(512, 56, 3), inputs: "f32[8,512,56,56] f32[512,512,3,3]" };
    const kernels = await kernelsFor(wide, V100, "ieee");
    expect(kernels).toHaveLength(4);
    const direct = 2 * 8 * 56 * 56 * 512 * 512 * 9;
    expect(kernels.reduce((sum, { flops }) => sum + flops, 0)).toBe(direct / 4);
    expect(await kernelsFor(convolution(16, 14, 3), V100, "ieee")).toHaveLength(1);
    expect(
      await kernelsFor({ ...wide, attributes: { strides: [2, 2] } }, V100, "ieee"),
    ).toHaveLength(1);
  });

  it("are slower than tuned ones where the result is small and the inner dimension long", async () => {
    const long = convolution(2048, 7, 1);
    const tuned = await kernelsFor(long, { ...V100, library: "tuned" }, "ieee");
    expect(total(tuned)).toBeLessThan(total(await kernelsFor(long, V100, "ieee")));
  });
});

describe("attention", () => {
  it("takes as long as published for 32 heads of 128 and 2,048 tokens in 16 bits on a Hopper GPU", async () => {
    const heads = "f16[1,32,2048,128]";
    const operator = {
      type: "Attention",
      opset: 23,
      inputs: [heads, heads, heads].join(" "),
      outputs: 1,
    };
    const kernels = await kernelsFor(operator, H200);
    expect(kernels).toHaveLength(1);
    // Between 75 % of the peak (FlashAttention-3) and 35 % of it (FlashAttention-2 on an H100).
    const flops = 4 * 32 * 2048 * 2048 * 128;
    const least = (flops / (0.75 * H200.flops.float16)) * 1e9;
    const most = (flops / (0.35 * H200.flops.float16)) * 1e9;
    expect(total(kernels)).toBeGreaterThan(least);
    expect(total(kernels)).toBeLessThan(most);
  });

  it("shares the keys of few queries between thread blocks", async () => {
    const operator = {
      type: "Attention",
      opset: 23,
      inputs: "f16[1,8,1,128] f16[1,8,16384,128] f16[1,8,16384,128]",
      outputs: 1,
    };
    const [main, sum] = await kernelsFor(operator, H200);
    expect(main?.threadBlocks).toBeGreaterThanOrEqual(64);
    expect(sum?.arithmetic).toBe("float32");
  });
});

describe("recurrent operators", () => {
  it("take a kernel and a gap for every step", async () => {
    const lstm = (steps: number): OperatorCase => ({
      type: "LSTM",
      inputs: `f32[${steps},1,128] f32[1,512,128] f32[1,512,128]`,
      attributes: { hidden_size: 128 },
      outputs: 1,
    });
    const stepNs = async (steps: number): Promise<number> =>
      (await kernelsFor(lstm(steps), V100, "ieee")).at(-1)?.durationNs ?? 0;
    const [one, ten] = [await stepNs(1), await stepNs(10)];
    expect(one).toBeGreaterThan(V100.kernelFloorNs);
    expect(ten).toBe(10 * one + 9 * V100.launchGapNs);
  });
});
