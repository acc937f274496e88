import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { deviceOperatorTypes, emitModel } from "../../../src/kernels/emit.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { DEVICE_CASES } from "../../support/device-operator-cases.js";
import { encodeCase, lowerBytes, type OperatorCase } from "../../support/operator-models.js";

const MODELS = join(import.meta.dirname, "../../../fixtures/models");

async function lowered(each: OperatorCase): Promise<LoweredModel> {
  const result = await lowerBytes(encodeCase(each));
  if (!result.ok) {
    throw new Error(result.error[0].message);
  }
  return result.value;
}

async function fixture(name: string): Promise<LoweredModel> {
  const model = readModel(join(MODELS, name));
  const result = model.ok ? await lowerModel(model.value, { dims: new Map() }) : model;
  if (!result.ok) {
    throw new Error(result.error[0].message);
  }
  return result.value;
}

const RANDOM: OperatorCase = { type: "RandomNormalLike", inputs: "f32[3,10]", outputs: 1 };

describe("device nodes of a model", () => {
  it("name every operator that has none, with types, counts and reasons", async () => {
    const made = emitModel(await fixture("small/control-flow.onnx"), {
      floats: "f32",
      estimateUnsupported: false,
    });
    expect(made.ok ? [] : made.error.map(({ code, exit }) => ({ code, exit }))).toEqual([
      { code: "unsupported-operator", exit: 1 },
    ]);
    expect(made.ok ? "" : made.error[0].message).toMatch(/If x1 \(node ".*Loop x1 \(node "/);
  });

  it("give reasons that name what is not supported of a known type", async () => {
    const smooth = await lowered({
      type: "Resize",
      inputs: "f32[1,2,4,4] - f32=1,1,2,2",
      opset: 18,
      attributes: { mode: "linear", antialias: 1 },
      outputs: 1,
    });
    const made = emitModel(smooth, { floats: "f32", estimateUnsupported: false });
    expect(made.ok ? "" : made.error[0].message).toContain('Resize x1 (node "n": antialiasing');
  });

  it.each([
    ["NonZero", "f32[3,4]", "y0[1]", "the size of its output depends on what is computed"],
    ["NonMaxSuppression", "f32[1,6,4] f32[1,2,6] i64=3", "y0[0]", "the size of its output depends"],
    ["RandomNormalLike", "f32[3,4]", "", "random numbers"],
    ["Det", "f32[3,3]", "", "there is no kernel for this operator type"],
  ])("are refused for %s with the reason", async (type, inputs, sized, reason) => {
    const dims = new Map(sized === "" ? [] : [[sized, 2] as const]);
    const model = await lowerBytes(encodeCase({ type, inputs, outputs: 1 }), dims);
    const options = { floats: "f32", estimateUnsupported: false } as const;
    const made = model.ok ? emitModel(model.value, options) : model;
    expect(made.ok ? [] : made.error.map(({ code, exit }) => [code, exit])).toEqual([
      ["unsupported-operator", 1],
    ]);
    expect(made.ok ? "" : made.error[0].message).toContain(`${type} x1 (node "n": ${reason}`);
  });

  it("stand in for operators without code when only an estimate is asked for", async () => {
    const model = await lowered(RANDOM);
    const refused = emitModel(model, { floats: "f32", estimateUnsupported: false });
    expect(refused.ok).toBe(false);
    const made = emitModel(model, { floats: "f32", estimateUnsupported: true });
    expect(made.ok && made.value.estimated.map(({ type }) => type)).toEqual(["RandomNormalLike"]);
    expect(made.ok && made.value.plans[0]?.nodes.length).toBe(1);
  });

  it("stand in for no more than the tensors have in memory, also as halves", async () => {
    const model = await lowered({ ...RANDOM, inputs: "f32[64,256]" });
    // A thread of 256 for every word of four bytes.
    for (const [floats, grid] of [
      ["f32", 64],
      ["f16", 32],
    ] as const) {
      const made = emitModel(model, { floats, estimateUnsupported: true });
      const [node] = made.ok ? (made.value.plans[0]?.nodes ?? []) : [];
      expect(node?.kind === "kernel" && [node.kernel.threads, node.kernel.grid]).toEqual([
        256,
        grid,
      ]);
    }
  });

  it("never stand in for control flow", async () => {
    const model = await fixture("small/control-flow.onnx");
    const made = emitModel(model, { floats: "f32", estimateUnsupported: true });
    expect(made.ok ? undefined : made.error[0].hint).toContain("control flow");
  });

  it("exist for every operator of the large models", async () => {
    for (const name of ["nasnet-a-large.onnx", "swin-t.onnx", "gpt2.onnx", "dlrm.onnx"]) {
      const model = await fixture(name);
      for (const floats of ["f32", "f16"] as const) {
        const made = emitModel(model, { floats, estimateUnsupported: false });
        expect(made.ok ? [] : made.error).toEqual([]);
      }
    }
  });

  it("have a case of the oracle for every operator type but those that are always views", async () => {
    const tried = new Set(DEVICE_CASES.map(({ type }) => type));
    const untried = deviceOperatorTypes().filter((type) => !tried.has(type));
    expect(untried).toEqual(["Flatten", "Identity"]);
    for (const type of untried) {
      const { roles } = await lowered({ type, inputs: "f32[2,3]", outputs: 1 });
      expect(roles).toEqual(["view"]);
    }
  });
});
