import { describe, expect, it } from "vitest";
import type { DeviceModel } from "../../../src/cost/device-model.js";
import { H200 } from "../../../src/cost/device-models/hopper.js";
import type { Kernel } from "../../../src/cost/kernel.js";
import { gpuWorkOf } from "../../../src/schedule/gpu-work.js";
import { kernel } from "../../support/kernels.js";

const SHARED: DeviceModel = { ...H200, sharing: "shared" };

/** Eight thread blocks of 256 threads an SM: 1,056 at a time. */
const WAVE = 8 * H200.sms;
const NS = 100_000;
const BYTES = 0.8 * (NS / 1e9) * H200.memoryBandwidth;
const FLOPS = 0.8 * (NS / 1e9) * H200.flops.float32;

function phasesOf(rest: Partial<Kernel>, device: DeviceModel = SHARED) {
  const work = gpuWorkOf([[kernel(NS, rest)]], device);
  return Array.from(work.phaseNs, (ns, at) => ({
    ns,
    share: work.share[at] ?? 0,
    arithmetic: work.arithmetic[at] ?? 0,
    bandwidth: work.bandwidth[at] ?? 0,
  }));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

describe("the tail of a kernel", () => {
  it("is as short as its part of the traffic where the kernel moves memory", () => {
    const [full, tail] = phasesOf({ threadBlocks: WAVE + 44, bytes: BYTES });
    expect(full?.share).toBe(1);
    expect(tail?.share).toBeCloseTo(44 / WAVE, 9);
    // A third of the SMs draws 2 * 0.92 / 3 of the bandwidth: the tail is as long as so many blocks.
    const rest = 44 / ((2 * 0.92) / 3);
    expect(tail?.ns).toBeCloseTo((NS * rest) / (WAVE + rest), 3);
  });

  it("takes as long as its SMs with most blocks where the kernel computes", () => {
    // Eight blocks an SM, then one on some of them: eight and one parts of the time.
    const [full, tail] = phasesOf({ threadBlocks: WAVE + 44, flops: FLOPS });
    expect(full?.ns).toBeCloseTo((NS * 8) / 9, 3);
    expect(tail?.ns).toBeCloseTo(NS / 9, 3);
    // A third of the SMs at work: a third of the arithmetic that the full wave uses.
    expect((tail?.arithmetic ?? 0) / (full?.arithmetic ?? 1)).toBeCloseTo(44 / 132, 6);
  });

  it("leaves the kernel its time, traffic and arithmetic", () => {
    for (const rest of [{ bytes: BYTES }, { flops: FLOPS }, { bytes: BYTES / 3, flops: FLOPS }]) {
      for (const threadBlocks of [1, 132, WAVE - 1, WAVE, WAVE + 1, 3 * WAVE + 500]) {
        for (const device of [SHARED, H200]) {
          const phases = phasesOf({ threadBlocks, ...rest }, device);
          const used = (of: "arithmetic" | "bandwidth"): number =>
            sum(phases.map((phase) => phase[of] * phase.ns));
          expect(sum(phases.map(({ ns }) => ns))).toBeCloseTo(NS, 6);
          expect(used("bandwidth")).toBeCloseTo(
            (("bytes" in rest ? rest.bytes : 0) / BYTES) * 0.8 * NS,
            3,
          );
          expect(used("arithmetic")).toBeCloseTo("flops" in rest ? 0.8 * NS : 0, 3);
        }
      }
    }
  });
});

describe("a kernel that has its SMs to itself", () => {
  it("holds as many SMs as it has thread blocks", () => {
    for (const [threadBlocks, sms] of [
      [1, 1],
      [100, 100],
      [132, 132],
    ] as const) {
      for (const rest of [{ bytes: BYTES }, { flops: FLOPS }]) {
        const phases = phasesOf({ threadBlocks, ...rest }, H200);
        expect(phases.map(({ share }) => share)).toEqual([sms / H200.sms]);
      }
    }
  });

  it("leaves SMs with fewer blocks to others when they are done, where it computes", () => {
    // 200 blocks: a round of all SMs, then 68 of them with a second block: half of the time each.
    const phases = phasesOf({ threadBlocks: 200, flops: FLOPS }, H200);
    expect(phases.map(({ share }) => share)).toEqual([1, 68 / 132]);
    expect(phases.map(({ ns }) => ns)).toEqual([NS / 2, NS / 2]);
  });

  it("keeps all SMs to the end where it moves memory, as long as all blocks are resident", () => {
    for (const threadBlocks of [133, 200, WAVE]) {
      const phases = phasesOf({ threadBlocks, bytes: BYTES }, H200);
      expect(phases.map(({ share }) => share)).toEqual([1]);
    }
    expect(phasesOf({ threadBlocks: WAVE + 44, bytes: BYTES }, H200)[1]?.share).toBeCloseTo(
      1 / 3,
      9,
    );
  });
});
