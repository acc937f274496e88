/**
 * Kernels made to contend for one thing each, measured by others: gpu-util-interference (MIT), a GPU with 80 SMs
 * that is not named. Times alone and side by side are theirs; the device is the model of a V100.
 */
import { describe, expect, it } from "vitest";
import type { DeviceModel } from "../../../src/cost/device-model.js";
import { V100 } from "../../../src/cost/device-models/ampere-and-before.js";
import type { Kernel } from "../../../src/cost/kernel.js";
import { operatorId } from "../../../src/ir/operator-graph.js";
import { gpuWorkOf } from "../../../src/schedule/gpu-work.js";
import { gpuMakespan } from "../../../src/schedule/simulate-gpu.js";
import { kernel } from "../../support/kernels.js";

const SHARED: DeviceModel = { ...V100, sharing: "shared" };

/** Both on streams of their own, in microseconds. */
function togetherUs(kernels: readonly Kernel[], device: DeviceModel): number {
  const work = gpuWorkOf(
    kernels.map((each) => [each]),
    device,
  );
  const launches = kernels.map((_, at) => ({
    operator: operatorId(at),
    stream: at,
    waits: [],
    record: false,
  }));
  return gpuMakespan(work, { algorithm: "by hand", streams: kernels.length, launches }) / 1000;
}

function sleeping(threadBlocks: number, us: number): Kernel {
  return kernel(us * 1000, { threadBlocks, threadsPerBlock: 1024 });
}

/** A copy that draws all the bandwidth it can, and arithmetic in registers. */
const COPY = kernel(326_442_000, {
  threadBlocks: 80,
  threadsPerBlock: 1024,
  bytes: 0.326442 * V100.memoryBandwidth,
});
const COMPUTE = kernel(125_251_000, {
  threadBlocks: 80,
  threadsPerBlock: 128,
  flops: 0.125251 * V100.flops.float32,
});

describe("multiprocessors that kernels share", () => {
  it.each([
    ["have room for the threads of two", [sleeping(80, 102_415), sleeping(80, 102_415)], 102_418],
    ["have none for those of more", [sleeping(160, 102_418), sleeping(160, 102_418)], 204_817],
    ["copy and compute at the same time", [COPY, COMPUTE], 327_297],
  ])("%s", (_what, kernels, publishedUs) => {
    const predicted = togetherUs(kernels, SHARED);
    // Each neighbor is taken to cost 2 %.
    expect(Math.abs(predicted / publishedUs - 1)).toBeLessThan(0.03);
  });

  it("are what the default denies: then two that fill every one take turns", () => {
    const two = [sleeping(80, 102_415), sleeping(80, 102_415)];
    expect(togetherUs(two, V100)).toBeGreaterThanOrEqual(2 * 102_415);
  });
});
