import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ok } from "../../../src/core/result.js";
import { writeWholeModel } from "../../../src/onnx/extract-submodel.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { OnnxTensor } from "../../../src/onnx/model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { denseElements } from "../../../src/onnx/sparse-elements.js";
import { modelInputs } from "../../../src/profile/worker-plan-of.js";
import { compareOutputs } from "../../../src/runtime/compare-outputs.js";
import { bindSession, createSession } from "../../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../../src/runtime/random-feeds.js";
import { onnxRuntime, SKIP_REASON } from "../../support/onnx-runtime.js";
import { value } from "../../support/values.js";

const FOLDER = resolve(import.meta.dirname, "../../../fixtures/cases/onnx");

function inline(
  elementType: OnnxTensor["elementType"],
  dims: number[],
  bytes: Uint8Array,
): OnnxTensor {
  return { name: "w", elementType, dims, payload: { kind: "inline", bytes } };
}

function floats(...values: number[]): OnnxTensor {
  return inline("float32", [values.length], new Uint8Array(Float32Array.from(values).buffer));
}

function integers(dims: number[], ...values: number[]): OnnxTensor {
  return inline("int64", dims, new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
}

function dense(dims: number[], values: OnnxTensor, indices: OnnxTensor) {
  const payload = { kind: "sparse", values, indices } as const;
  const tensor = { name: "w", elementType: values.elementType, dims, payload };
  const read = (part: OnnxTensor) =>
    ok(part.payload.kind === "inline" ? part.payload.bytes : new Uint8Array());
  return denseElements(tensor, payload, "model.onnx", read);
}

describe("denseElements", () => {
  const expected = [0, 5, 0, 0, 0, 7];

  it.each([
    ["flat", integers([2], 1, 5)],
    ["a row each", integers([2, 2], 0, 1, 1, 2)],
    ["in another order", integers([2, 2], 1, 2, 0, 1)],
  ])("puts values where indices say: %s", (form, indices) => {
    const values = form === "in another order" ? floats(7, 5) : floats(5, 7);
    const bytes = value(dense([2, 3], values, indices));
    expect([...new Float32Array(Uint8Array.from(bytes).buffer)]).toEqual(expected);
  });

  it("is all zeros without values, and one element without dims", () => {
    expect(value(dense([2, 2], floats(), integers([0])))).toEqual(new Uint8Array(16));
    expect(value(dense([0, 3], floats(), integers([0, 2])))).toEqual(new Uint8Array());
    const one = value(dense([], floats(3), integers([1], 0)));
    expect(new Float32Array(Uint8Array.from(one).buffer)[0]).toBe(3);
  });

  it("takes elements of other widths", () => {
    const bytes = value(dense([4], inline("int8", [1], Uint8Array.of(9)), integers([1], 2)));
    expect([...bytes]).toEqual([0, 0, 9, 0]);
    const halves = inline("float16", [1], Uint8Array.of(1, 2));
    expect([...value(dense([2], halves, integers([1], 1)))]).toEqual([0, 0, 1, 2]);
  });

  it.each([
    ["beyond the end", [2, 3], floats(5), integers([1], 6)],
    ["before the start", [2, 3], floats(5), integers([1], -1)],
    ["beyond an axis", [2, 3], floats(5), integers([1, 2], 0, 3)],
    ["of another rank", [2, 3], floats(5), integers([1, 3], 0, 0, 0)],
    ["fewer than values", [2, 3], floats(5, 7), integers([1], 0)],
    ["no integers", [2, 3], floats(5), floats(0)],
    ["of an absurd size", [2 ** 20, 2 ** 20], floats(5), integers([1], 0)],
  ])("refuses indices %s", (_, dims, values, indices) => {
    const made = dense(dims, values, indices);
    expect(made.ok ? "" : made.error[0].code).toBe("weights-missing");
  });
});

describe.skipIf(SKIP_REASON !== undefined)("models with sparse initializers", () => {
  it.each(["sparse-initializer", "sparse-flat"])(
    "%s give what ONNX Runtime gives",
    async (name) => {
      const path = join(FOLDER, name, "model.onnx");
      const lowered = value(await lowerModel(value(readModel(path)), { dims: new Map() }));
      const feeds = value(randomFeeds(modelInputs(lowered), 1));
      const runs = [readFileSync(path), value(writeWholeModel(lowered))].map(async (model) => {
        const session = value(await createSession(onnxRuntime(), model, {}, name));
        return value(await bindSession(onnxRuntime(), session, feeds, name).run());
      });
      const [theirs, ours] = await Promise.all(runs);
      expect(compareOutputs(theirs ?? new Map(), ours ?? new Map()).identical).toBe(true);
      expect(theirs?.size).toBe(1);
    },
  );
});
