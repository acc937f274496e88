import { describe, expect, it } from "vitest";
import { residentConstants } from "../../../src/onnx/resident-constants.js";
import { loweredTinyModel, tinyModel } from "../../support/tiny-model.js";

const FLOAT = 4;

async function constantsOf(model: Uint8Array) {
  const { lowered, remove } = await loweredTinyModel(model);
  const found = residentConstants(lowered);
  remove();
  return found;
}

describe("residentConstants", () => {
  it("gives every constant once, whole, with all its readers", async () => {
    const found = await constantsOf(
      tinyModel({
        nodes: [
          { type: "MatMul", inputs: ["x", "w"], outputs: ["a"] },
          { type: "Add", inputs: ["a", "bias"], outputs: ["b"] },
          { type: "MatMul", inputs: ["b", "w"], outputs: ["y"] },
        ],
        inputs: [{ name: "x", dims: [1, 16] }],
        outputs: [{ name: "y", dims: [1, 16] }],
        weights: [
          { name: "w", dims: [16, 16] },
          { name: "bias", dims: [16] },
          { name: "unused", dims: [99] },
        ],
      }),
    );
    expect(found).toEqual([
      { bytes: 256 * FLOAT, readers: [0, 2] },
      { bytes: 16 * FLOAT, readers: [1] },
    ]);
  });

  it("counts what is computed from constants as what it is then, and look-ups as their table", async () => {
    const found = await constantsOf(
      tinyModel({
        nodes: [
          { type: "Transpose", inputs: ["w"], outputs: ["t"] },
          { type: "MatMul", inputs: ["x", "t"], outputs: ["a"] },
          { type: "ArgMax", inputs: ["a"], outputs: ["ids"], ints: { axis: 1, keepdims: 0 } },
          { type: "Gather", inputs: ["table", "ids"], outputs: ["y"] },
        ],
        inputs: [{ name: "x", dims: [1, 4] }],
        outputs: [{ name: "y", dims: [1, 8] }],
        weights: [
          { name: "w", dims: [6, 4] },
          { name: "table", dims: [1000, 8] },
        ],
      }),
    );
    expect(found.map(({ bytes }) => bytes)).toEqual([24 * FLOAT, 8000 * FLOAT]);
  });
});
