import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { measureProfile } from "../../../src/profile/measure-profile.js";
import { SKIP_REASON } from "../../support/onnx-runtime.js";
import { loweredTinyModel, tinyModel } from "../../support/tiny-model.js";

/** A product far larger than the function after it. */
const SIZE = 192;
const DIMS = [SIZE, SIZE];
const ODD = ["a\\b", 'a"b', "a\nb"];

describe.skipIf(SKIP_REASON !== undefined)("measuring a model with odd names", () => {
  let lowered: LoweredModel;
  let remove: () => void;

  beforeAll(async () => {
    const [product = "", weights = "", last = ""] = ODD;
    ({ lowered, remove } = await loweredTinyModel(
      tinyModel({
        nodes: [
          { type: "MatMul", name: product, inputs: ["x", "x"], outputs: [product] },
          { type: "Softmax", name: weights, inputs: [product], outputs: [weights] },
          { type: "Sin", name: last, inputs: [weights], outputs: ["y"] },
        ],
        inputs: [{ name: "x", dims: DIMS }],
        outputs: [{ name: "y", dims: DIMS }],
      }),
    ));
  });
  afterAll(() => remove());

  it("gives each operator a kernel and the time of its own", async () => {
    const profile = await measureProfile(lowered, { inputs: { seed: 1 }, workers: 1 });
    if (!profile.ok) {
      throw new Error(profile.error[0].message);
    }
    const { operators, method } = profile.value;
    expect(operators.map(({ name, kernels }) => [name, kernels])).toEqual(
      ODD.map((name) => [name, 1]),
    );
    // Unmatched kernels leave all of the time unattributed, and every operator with the same time.
    expect(method?.unattributedRatio).toBeLessThan(1);
    expect(new Set(operators.map(({ medianNs }) => medianNs)).size).toBeGreaterThan(1);
  });
});
