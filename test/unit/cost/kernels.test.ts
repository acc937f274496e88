import { describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import { V100 } from "../../../src/cost/device-models/ampere-and-before.js";
import { H200 } from "../../../src/cost/device-models/hopper.js";
import { kernelsOf } from "../../../src/cost/kernels/operator-kernels.js";
import { matrixKernels } from "../../../src/cost/kernels/tile.js";
import { residentBlocksPerSm } from "../../../src/cost/occupancy.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { OPERATOR_CASES } from "../../support/operator-cases.js";
import { lowerCase } from "../../support/operator-models.js";

const product = { batch: 1, bytes: 1e6, arithmetic: "float32" } as const;
const PLAIN = { mostSplits: 32, leastTile: 0, extraK: 0, fixedNs: 0 };

describe("occupancy", () => {
  it.each([
    ["threads", { threadsPerBlock: 1024, registersPerThread: 16, sharedBytesPerBlock: 0 }, 2],
    ["registers", { threadsPerBlock: 256, registersPerThread: 128, sharedBytesPerBlock: 0 }, 2],
    [
      "shared memory",
      { threadsPerBlock: 32, registersPerThread: 16, sharedBytesPerBlock: 40_000 },
      2,
    ],
    ["slots", { threadsPerBlock: 32, registersPerThread: 16, sharedBytesPerBlock: 0 }, 32],
    [
      "nothing when one block is too large",
      { threadsPerBlock: 32, registersPerThread: 16, sharedBytesPerBlock: 100_000 },
      0,
    ],
  ])("is limited by %s", (_by, block, expected) => {
    expect(residentBlocksPerSm(block, V100)).toBe(expected);
  });
});

describe("matrix kernels", () => {
  it("takes as long for 81 tiles on 80 SMs as for 160", () => {
    const time = (m: number): number =>
      matrixKernels(
        { ...product, bytes: 1, m, n: 128, k: 64 },
        { ...V100, kernelFloorNs: 0 },
        PLAIN,
      )
        .map(({ durationNs }) => durationNs)
        .reduce((a, b) => a + b);
    expect(time(128 * 160)).toBeLessThan(time(128 * 161));
  });

  it("splits a long inner dimension when the result has few tiles", () => {
    const long = matrixKernels({ ...product, m: 49, n: 512, k: 4608 }, H200, PLAIN);
    expect(long.length).toBe(2);
    expect(long[0]?.threadBlocks).toBeGreaterThan(64);
    expect(matrixKernels({ ...product, m: 4096, n: 4096, k: 512 }, H200, PLAIN).length).toBe(1);
    const unsplit = { ...PLAIN, mostSplits: 1 };
    expect(matrixKernels({ ...product, m: 49, n: 512, k: 4608 }, H200, unsplit).length).toBe(1);
  });

  it("takes tiles that fit an SM of the device", () => {
    for (const sharedBytesPerSm of [24_576, 40_000, 65_536, V100.sharedBytesPerSm]) {
      const device = { ...V100, sharedBytesPerSm };
      for (const arithmetic of ["float32", "float16"] as const) {
        const large = { ...product, arithmetic, m: 4096, n: 4096, k: 512 };
        for (const kernel of matrixKernels(large, device, PLAIN)) {
          expect(residentBlocksPerSm(kernel, device)).toBeGreaterThan(0);
        }
      }
    }
  });

  it("never takes longer on a device that is better in everything", () => {
    for (const [m, n, k] of [
      [1, 1000, 2048],
      [3136, 64, 576],
      [784, 128, 1152],
      [49, 512, 4608],
      [512, 768, 3072],
    ] as const) {
      const total = (device: typeof V100): number =>
        matrixKernels({ ...product, m, n, k }, device, PLAIN).reduce(
          (sum, each) => sum + each.durationNs,
          0,
        );
      expect(total(H200)).toBeLessThanOrEqual(total({ ...V100, kernelFloorNs: 2500 }));
    }
  });
});

describe("kernels of a model", () => {
  it.each(["googlenet", "bert-base", "dlrm"])(
    "%s: every operator has a kernel that can run",
    async (name) => {
      const model = readModel(`fixtures/models/${name}.onnx`);
      const lowered = model.ok ? await lowerModel(model.value, { dims: new Map() }) : model;
      if (!lowered.ok) {
        throw new Error(lowered.error[0].message);
      }
      for (const operator of lowered.value.graph.operators) {
        const kernels = kernelsOf(operator, lowered.value, H200, "tf32");
        expect(kernels.length).toBeGreaterThan(0);
        for (const kernel of kernels) {
          expect(kernel.threadBlocks).toBeGreaterThan(0);
          expect(Number.isInteger(kernel.durationNs)).toBe(true);
          expect(kernel.durationNs).toBeGreaterThanOrEqual(H200.kernelFloorNs);
          expect(residentBlocksPerSm(kernel, H200)).toBeGreaterThan(0);
          const perSecond = (amount: number): number => (amount / kernel.durationNs) * 1e9;
          expect(perSecond(kernel.bytes)).toBeLessThanOrEqual(H200.memoryBandwidth);
          expect(perSecond(kernel.flops)).toBeLessThanOrEqual(H200.flops[kernel.arithmetic]);
        }
      }
    },
  );
});

describe("kernels of rows", () => {
  const types = [
    "LayerNormalization",
    "com.microsoft:LayerNormalization",
    "com.microsoft:SkipLayerNormalization",
    "com.microsoft:BiasSoftmax",
    "Hardmax",
    "CumProd",
  ];

  it.each(types)("%s shares memory within a thread block, whatever its domain", async (type) => {
    const each = present(
      OPERATOR_CASES.find((one) => one.type === type),
      type,
    );
    const lowered = await lowerCase(each);
    const operator = present(lowered.graph.operators[0], "operator");
    expect(operator.form).toBe("rows");
    expect(kernelsOf(operator, lowered, H200, "tf32")).toMatchObject([
      { sharedBytesPerBlock: 1024 },
    ]);
  });
});
