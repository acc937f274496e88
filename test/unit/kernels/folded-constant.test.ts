import { describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import {
  type ChannelStep,
  type FoldedConstant,
  foldedElements,
} from "../../../src/kernels/folded-constant.js";

const CONSTANTS: Readonly<Record<string, readonly number[]>> = {
  filters: [1, 2, 3, 4, 5, 6],
  bias: [10, -2],
  // Deviations 2 and 4.
  variance: [3, 15],
  scale: [6, -4],
  mean: [1, 2],
  shift: [5, 0.5],
  half: [0.5],
};

function folded(more: Partial<FoldedConstant>): readonly number[] {
  const constant: FoldedConstant = {
    ...{ storage: "f32", dims: [2, 3], what: "filters", of: "filters", inner: 3, steps: [] },
    ...more,
  };
  const elementsOf = (name: string) => Float64Array.from(present(CONSTANTS[name], name));
  return [...foldedElements(constant, elementsOf)];
}

const NORMALIZE: ChannelStep = {
  ...{ kind: "normalize", scale: "scale", bias: "shift", mean: "mean", variance: "variance" },
  epsilon: 1,
};

describe("a folded constant", () => {
  const bias = { dims: [2], what: "bias", of: "bias", inner: 1 } as const;

  it("has the scale of a normalization in filters, and all of it in the bias", () => {
    expect(folded({ steps: [NORMALIZE] })).toEqual([3, 6, 9, -4, -5, -6]);
    expect(folded({ ...bias, steps: [NORMALIZE] })).toEqual([
      (10 - 1) * 3 + 5,
      (-2 - 2) * -1 + 0.5,
    ]);
  });

  it("has steps in their order, by one element or by one for each channel", () => {
    const steps: readonly ChannelStep[] = [
      { kind: "add", constant: "mean" },
      { kind: "multiply", constant: "half" },
      { kind: "subtract", constant: "shift" },
      { kind: "divide", constant: "scale" },
    ];
    expect(folded({ ...bias, steps })).toEqual([(11 / 2 - 5) / 6, (0 / 2 - 0.5) / -4]);
    expect(folded({ steps })).toEqual(
      [1, 2, 3].map((w) => w / 2 / 6).concat([4, 5, 6].map((w) => w / 2 / -4)),
    );
  });

  it("is made of zeros where the model has none", () => {
    expect(folded({ ...bias, of: undefined })).toEqual([0, 0]);
    expect(folded({ ...bias, of: undefined, steps: [{ kind: "add", constant: "shift" }] })).toEqual(
      [5, 0.5],
    );
  });
});
