import { describe, expect, it } from "vitest";
import { V100 } from "../../../src/cost/device-models/ampere-and-before.js";
import type { Kernel } from "../../../src/cost/kernel.js";
import { operatorId } from "../../../src/ir/operator-graph.js";
import { gpuWorkOf } from "../../../src/schedule/gpu-work.js";
import { gpuMakespan } from "../../../src/schedule/simulate-gpu.js";
import { kernel } from "../../support/kernels.js";

// The device of "Two cases by hand" in docs/operator-schedules.md: ten SMs, a thread block each.
const TEN = {
  ...V100,
  sms: 10,
  threadBlocksPerSm: 1,
  threadsPerSm: 1024,
  launchGapNs: 1000,
  eventNs: 2000,
};

function block(threadBlocks: number, us: number, rest: Partial<Kernel> = {}): Kernel[] {
  return [kernel(us * 1000, { threadBlocks, threadsPerBlock: 1024, ...rest })];
}

/** Time of operators without dependencies: each given as its stream, in launch order. */
function timeOf(
  kernels: readonly (readonly Kernel[])[],
  launches: readonly (readonly [number, number])[],
) {
  return gpuMakespan(gpuWorkOf(kernels, TEN), {
    algorithm: "by hand",
    streams: 1 + Math.max(...launches.map(([, stream]) => stream)),
    launches: launches.map(([id, stream]) => ({
      operator: operatorId(id),
      stream,
      waits: [],
      record: false,
    })),
  });
}

describe("two cases by hand", () => {
  it("a tail leaves room, and the launch order decides who gets it", () => {
    const [a, b] = [0, 1];
    const kernels = [block(15, 20), block(5, 10)];
    expect(
      timeOf(kernels, [
        [a, 0],
        [b, 0],
      ]),
    ).toBe(31_000);
    expect(
      timeOf(kernels, [
        [a, 0],
        [b, 1],
      ]),
    ).toBe(20_200);
    expect(
      timeOf(kernels, [
        [b, 1],
        [a, 0],
      ]),
    ).toBe(25_200);
  });

  it("two that want the bandwidth gain little together, a third that computes is free", () => {
    const seconds = 10e-6;
    const moving = { bytes: 0.8 * seconds * TEN.memoryBandwidth };
    const computing = {
      flops: 0.6 * seconds * TEN.flops.float32,
      bytes: 0.1 * seconds * TEN.memoryBandwidth,
    };
    const [m1, m2, c] = [0, 1, 2];
    const kernels = [block(3, 10, moving), block(3, 10, moving), block(4, 10, computing)];
    expect(
      timeOf(kernels, [
        [m1, 0],
        [m2, 0],
        [c, 0],
      ]),
    ).toBe(32_000);
    expect(
      timeOf(kernels, [
        [m1, 0],
        [m2, 1],
        [c, 0],
      ]),
    ).toBe(27_320);
    expect(
      timeOf(kernels, [
        [m1, 0],
        [c, 1],
        [m2, 0],
      ]),
    ).toBe(21_200);
    expect(
      timeOf(kernels, [
        [m1, 0],
        [c, 1],
        [m2, 2],
      ]),
    ).toBe(17_540);
  });
});

describe("operators that launch nothing", () => {
  const first = block(10, 20);
  const second = block(10, 10);

  it.each([
    ["at the end", [first, [], []], 20_000],
    ["in between", [first, [], second], 31_000],
    ["alone", [[]], 0],
  ] as const)("take no time %s", (_, kernels, time) => {
    const launches = kernels.map((__, id) => [id, 0] as const);
    expect(timeOf(kernels, launches)).toBe(time);
  });
});
