/** What pairs say of interference, without what measuring them adds. */
import { afterAll, describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import { V100 } from "../../../src/cost/device-models/ampere-and-before.js";
import type { GpuKernelRecord, GpuProfile } from "../../../src/profile/gpu/gpu-profile.js";
import { parseGpuProfile } from "../../../src/profile/gpu/gpu-profile-format.js";
import { measuredKernels } from "../../../src/profile/gpu/measured-kernels.js";
import { measuredProblem } from "../../../src/profile/gpu/measured-problem.js";
import { GPU_PROFILE } from "../../support/gpu-profile.js";
import { IMPORT_OPERATORS, importModel } from "../../support/import-model.js";
import { loweredTinyModel } from "../../support/tiny-model.js";

const { lowered, remove } = await loweredTinyModel(importModel());
afterAll(remove);
const parsed = parseGpuProfile(JSON.stringify(GPU_PROFILE), "profile");
const base = present(parsed.ok ? parsed.value : undefined, "profile");

const timing = (medianNs: number) => ({ medianNs, p10Ns: medianNs, p90Ns: medianNs, samples: 11 });

const GAP_NS = 300;
const [record] = present(base.operators[0]?.nodes[0], "node").kernels;

/** Operators of 4 us on an eighth of the device each, and a pair of them. */
function profile(apartNs: number, togetherNs: number, pairNs: number | undefined): GpuProfile {
  const kernel: GpuKernelRecord = { ...present(record, "kernel"), grid: [10, 1, 1] };
  return {
    ...base,
    deviceModel: { ...V100, launchGapNs: GAP_NS, eventNs: 1000 },
    launchCosts: { chainNs: 2300, hopNs: 3000, ...(pairNs === undefined ? {} : { pairNs }) },
    operators: IMPORT_OPERATORS.map((name) => ({
      name,
      nodes: [{ kind: "kernel", ...timing(4000 + GAP_NS), kernels: [kernel] }],
    })),
    pairs: [
      {
        operators: ["MatMul_2", "MatMul_4"],
        apart: timing(apartNs),
        together: timing(togetherNs),
      },
    ],
  };
}

const interferenceOf = (measured: GpuProfile): number => {
  const { arithmetic, mixed, bandwidth } = measuredProblem(measured, lowered).work.interference;
  // The pair is of one kind, the others keep the usual share.
  return Math.max(...[arithmetic, mixed, bandwidth].filter((each) => each !== 0.02), 0);
};

describe("interference from pairs", () => {
  const apartNs = 2 * (4000 + GAP_NS);

  it("is none where together takes longer by a fork and a join only", () => {
    expect(interferenceOf(profile(apartNs, 4000 + GAP_NS + 2000, 2000))).toBe(0);
    // Taken for what the kernels do to each other, it would be half of their speed.
    expect(interferenceOf(profile(apartNs, 4000 + GAP_NS + 2000, undefined))).toBeCloseTo(0.5, 1);
  });

  it("is what is left beside it", () => {
    // 4,000 ns become 5,000: a quarter more, with 2,000 for fork and join.
    const measured = profile(apartNs, 5000 + GAP_NS + 2000, 2000);
    const alone = profile(apartNs, 5000 + GAP_NS, 0);
    expect(interferenceOf(measured)).toBeCloseTo(interferenceOf(alone), 6);
    expect(interferenceOf(measured)).toBeGreaterThan(0.2);
  });
});

describe("kernels of a launch", () => {
  const [first] = IMPORT_OPERATORS;
  const shares = (parts: readonly (number | undefined)[]): readonly number[] => {
    const kernels = parts.map(
      (partNs, i): GpuKernelRecord =>
        ({
          ...present(record, "kernel"),
          partNs: undefined,
          grid: [i === 0 ? 300 : 100, 1, 1],
          ...(partNs === undefined ? {} : { partNs }),
        }) as GpuKernelRecord,
    );
    const measured = profile(9000, 6000, 0);
    const node = { kind: "conv", ...timing(4000 + 2 * GAP_NS), kernels } as const;
    const operators = measured.operators.map((each) =>
      each.name === first ? { ...each, nodes: [node] } : each,
    );
    const { kernels: found } = measuredProblem({ ...measured, operators }, lowered);
    return (found[0] ?? []).map(({ durationNs }) => durationNs);
  };

  it("take the parts that were measured, else those of their threads", () => {
    expect(shares([1000, 4000])).toEqual([800, 3200]);
    expect(shares([undefined, undefined])).toEqual([3000, 1000]);
    expect(shares([1000, undefined])).toEqual([3000, 1000]);
  });
});

describe("arithmetic of measured nodes", () => {
  it.each([
    ["ieee", "float32", "float32"],
    ["tf32", "tensorFloat32", "tensorFloat32"],
    ["torch", "tensorFloat32", "float32"],
    ["f16", "float16", "float16"],
  ] as const)("with %s is %s of convolutions, %s of products", (precision, conv, gemm) => {
    const of = (kind: "conv" | "gemm" | "kernel") => {
      const made = profile(1, 1, undefined);
      const operators = made.operators.map(({ name, nodes }) => ({
        name,
        nodes: nodes.map((node) => ({ ...node, kind })),
      }));
      const kernels = measuredKernels(
        { ...made, key: { ...made.key, precision }, operators },
        lowered,
        V100,
      ).flat();
      return new Set(kernels.map(({ arithmetic }) => arithmetic));
    };
    expect(of("conv")).toEqual(new Set([conv]));
    expect(of("gemm")).toEqual(new Set([gemm]));
    expect(of("kernel")).toEqual(new Set(["float32"]));
  });
});
