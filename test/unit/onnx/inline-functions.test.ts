import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { writeWholeModel } from "../../../src/onnx/extract-submodel.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { modelInputs } from "../../../src/profile/worker-plan-of.js";
import { bindSession, createSession } from "../../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../../src/runtime/random-feeds.js";
import { onnxRuntime, SKIP_REASON } from "../../support/onnx-runtime.js";
import { value } from "../../support/values.js";

const FOLDER = resolve(import.meta.dirname, "../../../fixtures/cases/onnx");

async function lower(name: string) {
  const model = value(readModel(join(FOLDER, name, "model.onnx")));
  return await lowerModel(model, { dims: new Map() });
}

describe("a function called with fewer inputs than it has", () => {
  it("does not name those at the end that are left out", async () => {
    const { nodes } = value(await lower("function-optional-args")).model.graph;
    const normalizations = nodes.filter(({ opType }) => opType === "LayerNormalization");
    expect(normalizations.map(({ inputs }) => inputs)).toEqual([
      ["x", "g"],
      ["a", "g"],
    ]);
  });

  it.skipIf(SKIP_REASON !== undefined)("runs as its nodes do", async () => {
    const lowered = value(await lower("function-optional-args"));
    const model = value(writeWholeModel(lowered));
    const session = value(await createSession(onnxRuntime(), model, {}, "m"));
    const feeds = value(randomFeeds(modelInputs(lowered), 1));
    const outputs = value(await bindSession(onnxRuntime(), session, feeds, "m").run());
    // Two normalizations by rows, the second with the weights once more: nothing is NaN.
    const y = new Float32Array(Uint8Array.from(outputs.get("y")?.bytes ?? []).buffer);
    expect(y.length).toBe(32);
    expect(y.every((each) => each >= 0)).toBe(true);
  });
});
