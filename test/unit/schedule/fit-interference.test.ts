import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { V100 } from "../../../src/cost/device-models/ampere-and-before.js";
import type { Kernel } from "../../../src/cost/kernel.js";
import { fitInterference, type MeasuredPair } from "../../../src/schedule/fit-interference.js";
import { GpuEngine } from "../../../src/schedule/gpu-engine.js";
import { gpuArcsOf } from "../../../src/schedule/gpu-streams.js";
import { type GpuWork, gpuWorkOf, type Interference } from "../../../src/schedule/gpu-work.js";
import { kernel } from "../../support/kernels.js";

const PEAK = { compute: V100.flops.float32, traffic: V100.memoryBandwidth };

/** A kernel on a quarter of the SMs that uses `use` of arithmetic or of bandwidth. */
function small(ns: number, leansOn: "arithmetic" | "bandwidth", use: number): Kernel[] {
  const seconds = ns / 1e9;
  return [
    kernel(ns, {
      threadBlocks: V100.sms / 4,
      ...(leansOn === "arithmetic"
        ? { flops: use * seconds * PEAK.compute, bytes: 0.1 * use * seconds * PEAK.traffic }
        : { flops: 0.1 * use * seconds * PEAK.compute, bytes: use * seconds * PEAK.traffic }),
    }),
  ];
}

/** Times that a device with this interference would show, `overhead` added to both. */
function measured(
  kernels: readonly (readonly Kernel[])[],
  interference: Interference,
  a: number,
  b: number,
  factor = 1,
): MeasuredPair {
  const work = gpuWorkOf([kernels[a] ?? [], kernels[b] ?? []], V100, interference);
  const none = { predecessors: gpuArcsOf([[], []]), successors: gpuArcsOf([[], []]) };
  const order = Int32Array.of(0, 1);
  const run = (streams: 1 | 2): number =>
    new GpuEngine(work, none).run({ order, streamOf: Int32Array.of(0, streams - 1), streams });
  return { operators: [a, b], apartNs: factor * run(1), togetherNs: factor * run(2) };
}

function sample(): { readonly kernels: Kernel[][]; readonly work: GpuWork } {
  const kernels = [10_000, 14_000, 21_000].flatMap((ns) => [
    small(ns, "arithmetic", 0.3),
    small(ns, "bandwidth", 0.25),
  ]);
  return { kernels, work: gpuWorkOf(kernels, V100) };
}

const ALL_PAIRS = [0, 1, 2, 3, 4, 5].flatMap((a) =>
  [0, 1, 2, 3, 4, 5].filter((b) => b > a).map((b) => [a, b] as const),
);

describe("fitInterference", () => {
  it("recovers what the pairs were made with", () => {
    const known = fc.double({ min: 0, max: 1.2, noNaN: true });
    fc.assert(
      fc.property(known, known, known, (arithmetic, mixed, bandwidth) => {
        const { kernels, work } = sample();
        const truth = { arithmetic, mixed, bandwidth };
        // Measured on a device that is slower by a third throughout: the ratio is what counts.
        const pairs = ALL_PAIRS.map(([a, b]) => measured(kernels, truth, a, b, 1.33));
        const fitted = fitInterference(work, pairs);
        expect(fitted.interference.arithmetic).toBeCloseTo(arithmetic, 3);
        expect(fitted.interference.mixed).toBeCloseTo(mixed, 3);
        expect(fitted.interference.bandwidth).toBeCloseTo(bandwidth, 3);
        expect(fitted.pairs).toEqual({ arithmetic: 3, mixed: 9, bandwidth: 3 });
        expect(fitted.errorAfter).toBeLessThan(1e-3);
        expect(fitted.errorAfter).toBeLessThanOrEqual(fitted.errorBefore + 1e-9);
      }),
      { numRuns: 30 },
    );
  });

  it("is not led astray by one pair that something else slowed", () => {
    const { kernels, work } = sample();
    const truth = { arithmetic: 0.1, mixed: 0.2, bandwidth: 0.3 };
    const pairs = ALL_PAIRS.map(([a, b]) => measured(kernels, truth, a, b));
    const [first, ...rest] = pairs;
    const slowed = { ...(first as MeasuredPair), togetherNs: 3 * (first?.togetherNs ?? 0) };
    expect(fitInterference(work, [slowed, ...rest]).interference.mixed).toBeCloseTo(0.2, 3);
  });

  it("keeps what it has where no pair says anything", () => {
    // Eight thread blocks of 256 threads fill an SM.
    const full = [1, 2].map(() => [kernel(10_000, { threadBlocks: V100.sms * 8 * 10 })]);
    const work = gpuWorkOf(full, V100);
    const pair = measured(full, work.interference, 0, 1);
    const fitted = fitInterference(work, [pair]);
    expect(fitted.interference).toEqual(work.interference);
    expect(fitted.pairs).toEqual({ arithmetic: 0, mixed: 0, bandwidth: 0 });
    expect(fitInterference(work, []).errorAfter).toBe(0);
  });
});
