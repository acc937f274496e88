import { describe, expect, it } from "vitest";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { OnnxModel } from "../../../src/onnx/model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { checkBatch, setBatch } from "../../../src/onnx/set-batch.js";

function modelOf(...inputs: readonly (readonly (number | string | undefined)[])[]): OnnxModel {
  const graph = {
    name: "g",
    nodes: [],
    inputs: inputs.map((dims, at) => ({ name: `x${at}`, elementType: "float32" as const, dims })),
    outputs: [],
    valueInfo: [],
    initializers: [],
  };
  return {
    path: "m.onnx",
    fileBytes: 0,
    irVersion: 8,
    opsets: new Map([["", 17]]),
    producer: "",
    graph,
    functions: [],
    extra: new Uint8Array(),
  };
}

function tried(model: OnnxModel, dims: ReadonlyMap<string, number> = new Map(), may = true) {
  const result = setBatch(model, 4, dims, may);
  return result.ok
    ? {
        inputs: result.value.model.graph.inputs.map((input) => input.dims),
        dims: Object.fromEntries(result.value.dims),
        isRewritten: result.value.isRewritten,
      }
    : result.error[0].code;
}

describe("setBatch", () => {
  it("binds dynamic first dims and replaces those fixed to 1", () => {
    expect(tried(modelOf(["batch", 3], [undefined, 5], [], ["2*batch"]))).toEqual({
      inputs: [["batch", 3], [undefined, 5], [], ["2*batch"]],
      dims: { batch: 4, "x1[0]": 4 },
      isRewritten: false,
    });
    expect(tried(modelOf([1, 3], [4, 2]))).toEqual({
      inputs: [
        [4, 3],
        [4, 2],
      ],
      dims: {},
      isRewritten: true,
    });
  });

  it("refuses what is no batch", () => {
    expect(tried(modelOf([26, 1]))).toBe("batch-impossible");
    expect(tried(modelOf([1, 3]), new Map(), false)).toBe("batch-impossible");
    expect(tried(modelOf(["sequence", 3]))).toBe("batch-impossible");
    expect(tried(modelOf([]))).toBe("batch-impossible");
    expect(tried(modelOf(["n"]), new Map([["n", 2]]))).toBe("dim-conflict");
  });
});

describe("checkBatch", () => {
  it("refuses tensors that do not grow with the batch", async () => {
    const model = readModel("fixtures/models/squeezenet.onnx");
    const lowered = model.ok ? await lowerModel(model.value, { dims: new Map() }) : model;
    if (!lowered.ok) {
      throw new Error(lowered.error[0].message);
    }
    const one = lowered.value;
    expect(checkBatch(one, one, 1)).toEqual({ ok: true, value: undefined });
    const same = checkBatch(one, one, 2);
    expect(same.ok ? "" : same.error[0].code).toBe("batch-impossible");
  });
});
