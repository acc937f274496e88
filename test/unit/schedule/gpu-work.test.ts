import { describe, expect, it } from "vitest";
import { H200 } from "../../../src/cost/device-models/hopper.js";
import type { Kernel } from "../../../src/cost/kernel.js";
import { gpuWorkOf } from "../../../src/schedule/gpu-work.js";
import { kernel } from "../../support/kernels.js";

/** Eight thread blocks of 256 threads an SM: 1,056 at a time. */
const WAVE = 8 * H200.sms;
const NS = 100_000;
const BYTES = 0.8 * (NS / 1e9) * H200.memoryBandwidth;
const FLOPS = 0.8 * (NS / 1e9) * H200.flops.float32;

function phasesOf(rest: Partial<Kernel>) {
  const work = gpuWorkOf([[kernel(NS, rest)]], H200);
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
    // 44 blocks draw 44 / 52.8 of the bandwidth: 52.8 of 1,108.8 parts of the time.
    expect(tail?.ns).toBeCloseTo((NS * 52.8) / 1108.8, 3);
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
        const phases = phasesOf({ threadBlocks, ...rest });
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
  });
});
