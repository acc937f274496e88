import { describe, expect, it } from "vitest";
import type { OnnxModel } from "../../../src/onnx/model.js";
import { writtenVersions } from "../../../src/onnx/written-versions.js";
import { encodeCase, lowerBytes } from "../../support/operator-models.js";

/** The normalized model of one operator, as if it came from a file of these versions. */
async function modelOf(type: string, opset: number, irVersion: number): Promise<OnnxModel> {
  const inputs = type === "SwiGLU" ? "f32[2] f32[2]" : "f32[2]";
  const lowered = await lowerBytes(encodeCase({ type, inputs, opset, outputs: 1 }));
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  return { ...lowered.value.model, irVersion };
}

describe("versions under which models are written", () => {
  // ONNX's operator documentation: Relu last changed in set 14, Celu in 28; SwiGLU is new in 28.
  it.each([
    ["Relu", 28, 14, 26, 13],
    ["Relu", 27, 13, 26, 13],
    ["Relu", 17, 8, 17, 8],
    ["Celu", 28, 14, 28, 13],
    ["Celu", 27, 13, 26, 13],
    ["SwiGLU", 28, 14, 28, 13],
  ])("of %s in set %i and IR %i are set %i and IR %i", async (type, opset, ir, set, written) => {
    const model = await modelOf(type, opset, ir);
    const { opsets, irVersion } = writtenVersions(model, model.graph.nodes);
    expect([opsets.get(""), irVersion]).toEqual([set, written]);
    expect(opsets.get("com.microsoft")).toBe(1);
  });
});
