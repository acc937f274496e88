import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../../../../src/core/invariant.js";
import type { DeviceModel } from "../../../../../src/cost/device-model.js";
import { DEVICE_MODELS } from "../../../../../src/cost/device-models/catalog.js";
import { estimatedProblem } from "../../../../../src/estimate/estimated-problem.js";
import { storedModel } from "../../../../../src/estimate/stored-model.js";
import { PRECISIONS, type Precision } from "../../../../../src/kernels/precision.js";
import type { LoweredModel } from "../../../../../src/onnx/lowered-model.js";
import { mergeOperators } from "../../../../../src/onnx/merge-operators.js";
import type { GpuProblem } from "../../../../../src/schedule/gpu-problem.js";
import { gpuMakespan } from "../../../../../src/schedule/simulate-gpu.js";
import { verifyOperatorSchedule } from "../../../../../src/schedule/verify-operator-schedule.js";
import { chooseMerges } from "../../../../../src/search/operator/gpu/choose-merges.js";
import { searchGpuSchedules } from "../../../../../src/search/operator/gpu/gpu-candidates.js";
import { searchMergedIos } from "../../../../../src/search/operator/gpu/ios-merged.js";
import { MergeSpace } from "../../../../../src/search/operator/gpu/merge-space.js";
import { certain } from "../../../../support/certain.js";
import {
  type ConvolutionCase,
  convolutionModel,
  randomConvolutions,
} from "../../../../support/convolution-models.js";
import { loweredTinyModel } from "../../../../support/tiny-model.js";

const ASSUMED = present(
  DEVICE_MODELS.find(({ name }) => name === "v100"),
  "v100",
);
const V100 = certain(ASSUMED);

interface Case {
  readonly lowered: LoweredModel;
  readonly problem: GpuProblem;
  readonly space: MergeSpace;
}

async function caseOf(
  samples: number,
  side: number,
  cases: ConvolutionCase[],
  device: DeviceModel = V100,
  math: Precision = "ieee",
): Promise<Case> {
  const bytes = convolutionModel(samples, [side, side], cases);
  const { lowered: plain, remove } = await loweredTinyModel(bytes);
  remove();
  const lowered = storedModel(plain, math);
  const problem = estimatedProblem(lowered, device, math);
  return { lowered, problem, space: new MergeSpace(problem, lowered, math) };
}

function alike(count: number, kernel: number): ConvolutionCase[] {
  const pad = (kernel - 1) / 2;
  return Array.from({ length: count }, () => ({
    input: "x",
    channels: 16,
    kernel: [kernel, kernel],
    pads: [pad, pad, pad, pad],
    strides: [1, 1],
    dilations: [1, 1],
    hasBias: true,
    followers: ["Relu"],
  }));
}

describe("merging", () => {
  it("pays on one stream's worth of small kernels, and both searches find it", async () => {
    // Twelve streams would each pay a launch gap and an event; one launch pays neither.
    const { problem, space } = await caseOf(1, 8, alike(12, 1));
    const plain = searchGpuSchedules(problem, { effort: 20_000 });
    const merged = searchGpuSchedules(problem, { effort: 20_000, merging: space });
    const ns = (found: typeof plain, algorithm: string): number =>
      present(
        found.ranked.find((each) => each.algorithm === algorithm),
        algorithm,
      ).predictedNs;
    expect(ns(merged, "top-compile")).toBeLessThan(0.95 * ns(plain, "top-compile"));
    expect(ns(merged, "ios")).toBeLessThan(ns(plain, "ios"));
    expect(merged.ranked[0]?.merges.flat().length).toBeGreaterThan(12);
    expect(ns(merged, "sequential")).toBe(ns(plain, "sequential"));
  });

  it("is left alone where zeros cost more than a launch", async () => {
    // A 1x1 beside a 7x7 kernel of many filters: 49 times its arithmetic.
    const wide = { ...present(alike(1, 1)[0], "case"), channels: 512, followers: [] };
    const large = { ...present(alike(1, 7)[0], "case"), channels: 512, followers: [] };
    const { space } = await caseOf(1, 112, [wide, large]);
    expect(chooseMerges(space, { effort: 20_000 })).toEqual([]);
  });

  it("gives the same choice every time", async () => {
    const { space } = await caseOf(1, 8, [...alike(3, 1), ...alike(3, 3)]);
    expect(chooseMerges(space)).toEqual(chooseMerges(space));
  });

  it("never makes a schedule slower than any other, and every one verifies", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 100_000 }),
        fc.constantFrom(1, 2),
        fc.constantFrom(...PRECISIONS),
        async (seed, samples, math) => {
          const cases = randomConvolutions(seed, [14, 14]);
          const { lowered, problem, space } = await caseOf(samples, 14, cases, V100, math);
          const found = searchGpuSchedules(problem, { effort: 5_000, merging: space });
          const plain = searchGpuSchedules(problem, { effort: 5_000 });
          const best = present(found.ranked[0], "candidate");
          expect(best.predictedNs).toBeLessThanOrEqual(plain.ranked[0]?.predictedNs ?? 0);
          const own = found.ranked.find(({ algorithm }) => algorithm === "top-compile");
          expect(own?.predictedNs).toBe(best.predictedNs);
          for (const each of found.ranked) {
            expect(verifyOperatorSchedule(each.problem.graph, each.schedule)).toEqual([]);
            expect(gpuMakespan(each.problem.work, each.schedule)).toBe(each.predictedNs);
            expect(each.predictedNs).toBeGreaterThanOrEqual(each.bounds.lowerBoundNs);
            const made = mergeOperators(lowered, each.merges ?? []);
            const whole = made.ok && estimatedProblem(made.value.lowered, V100, math);
            expect(whole ? whole.kernels : undefined).toEqual(each.problem.kernels);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it("never gains less at worst than any other, over what is assumed of the device", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 100_000 }), async (seed) => {
        const cases = randomConvolutions(seed, [14, 14]);
        const { problem, space } = await caseOf(2, 14, cases, ASSUMED);
        const { ranked } = searchGpuSchedules(problem, { effort: 5_000, merging: space });
        const own = ranked.find(({ algorithm }) => algorithm === "top-compile");
        for (const { algorithm, speedUp, schedule } of ranked) {
          if (algorithm !== "sequential" && schedule.streams > 1) {
            expect(own?.speedUp?.low).toBeGreaterThanOrEqual(speedUp?.low ?? 0);
          }
        }
        // One stream is that of the model as it is, also for those with merges.
        const first = ranked.find(({ algorithm }) => algorithm === "sequential");
        for (const { timesNs, speedUp } of ranked) {
          const factors = timesNs?.map((ns, at) => (first?.timesNs?.[at] ?? 0) / ns) ?? [];
          expect(speedUp?.low).toBeCloseTo(Math.min(...factors), 3);
          expect(speedUp?.high).toBeCloseTo(Math.max(...factors), 3);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("is chosen where it gains more at worst, although the figures used speak against it", async () => {
    // Two streams need an event, which may be dear; one launch needs none, and computes zeros.
    const one = (kernel: number) => ({
      ...present(alike(1, kernel)[0], "case"),
      channels: 64,
      followers: [],
    });
    const { problem, space } = await caseOf(1, 56, [one(1), one(3)], ASSUMED);
    expect(chooseMerges(space)).toEqual([]);
    const ownOf = (merging?: MergeSpace) =>
      present(
        searchGpuSchedules(problem, { ...(merging && { merging }) }).ranked.find(
          ({ algorithm }) => algorithm === "top-compile",
        ),
        "top-compile",
      );
    const [own, plain] = [ownOf(space), ownOf()];
    expect(own.merges).toEqual([[0, 1]]);
    expect(own.speedUp?.low).toBeGreaterThan(plain.speedUp?.low ?? 0);
    expect(own.predictedNs).toBeGreaterThan(plain.predictedNs);
  });

  it("leaves IOS as it is where nothing can be merged", async () => {
    const { problem, space } = await caseOf(1, 8, alike(1, 3));
    expect(space.classes).toEqual([]);
    const { merges, schedule } = searchMergedIos(problem, space);
    expect(merges).toEqual([]);
    const plain = searchGpuSchedules(problem, { algorithms: ["ios"] }).ranked;
    expect(plain.find(({ algorithm }) => algorithm === "ios")?.schedule).toEqual(schedule);
  });
});
