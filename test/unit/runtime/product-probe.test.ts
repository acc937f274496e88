import onnxProto from "onnx-proto";
import { describe, expect, it } from "vitest";
import type {
  OnnxRuntime,
  RuntimeSession,
  RuntimeTensor,
} from "../../../src/runtime/onnx-runtime.js";
import { probeProducts } from "../../../src/runtime/product-probe.js";
import { onnxRuntime, SKIP_REASON } from "../../support/onnx-runtime.js";
import { value } from "../../support/values.js";

const { onnx } = onnxProto;
const INT16 = 32_767;

/** A runtime that adds products two by two and saturates, for second operands of the given types. */
function saturating(types: readonly number[]): OnnxRuntime {
  class Tensor implements RuntimeTensor {
    readonly type: string;
    readonly data: RuntimeTensor["data"];
    readonly dims: readonly number[];
    constructor(type: string, data: RuntimeTensor["data"], dims: readonly number[]) {
      this.type = type;
      this.data = data;
      this.dims = dims;
    }
  }
  return {
    version: "0",
    Tensor,
    create: async (model) =>
      sessionOver(onnx.ModelProto.decode(model as Uint8Array), types, Tensor),
  };
}

function sessionOver(
  model: InstanceType<typeof onnx.ModelProto>,
  types: readonly number[],
  Tensor: OnnxRuntime["Tensor"],
): RuntimeSession {
  const [a, b, zero] = model.graph?.initializer ?? [];
  const signed = (raw: Uint8Array | null | undefined) => {
    const bytes = Uint8Array.from(raw ?? []);
    return b?.dataType === 3 ? new Int8Array(bytes.buffer) : bytes;
  };
  const left = Uint8Array.from(a?.rawData ?? []);
  const right = signed(b?.rawData);
  const size = Math.sqrt(left.length);
  const saturates = types.includes(b?.dataType ?? 0);
  const sums = Int32Array.from({ length: left.length }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    const term = (k: number): number =>
      (left[row * size + k] ?? 0) * (right[k * size + column] ?? 0);
    let [sum, total] = [0, 0];
    for (let k = 0; k < size; k += 2) {
      const two = term(k) + term(k + 1);
      sum += saturates ? Math.min(INT16, two) : two;
      total += (left[row * size + k] ?? 0) + (left[row * size + k + 1] ?? 0);
    }
    return sum - total * (signed(zero?.rawData)[0] ?? 0);
  });
  return {
    inputNames: [],
    outputNames: ["sums"],
    inputMetadata: [],
    outputMetadata: [{ name: "sums", isTensor: true }],
    run: async () => ({ sums: new Tensor("int32", sums, [size, size]) }),
    release: async () => {},
    endProfiling: () => {},
  };
}

const [UINT8, INT8] = [2, 3];

describe("probeProducts", () => {
  it.each([
    [[], { mixed: true, unsigned: true }],
    [[INT8], { mixed: false, unsigned: true }],
    [[INT8, UINT8], { mixed: false, unsigned: false }],
  ])("finds that second operands of types %j saturate", async (types, found) => {
    expect(value(await probeProducts(saturating(types)))).toEqual(found);
  });

  it.skipIf(SKIP_REASON !== undefined)("gives the same answer again", async () => {
    const first = value(await probeProducts(onnxRuntime()));
    expect(value(await probeProducts(onnxRuntime()))).toBe(first);
  });
});
