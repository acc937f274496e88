import onnxProto from "onnx-proto";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import type { TensorData } from "../../src/runtime/tensor-data.js";
import { tensorOf } from "./number-tensors.js";
import { lowerBytes } from "./operator-models.js";
import { value } from "./values.js";

const { onnx } = onnxProto;
const [ROWS, TERMS, COLUMNS] = [2, 32, 8];

/**
 * A product of dequantized bytes, unsigned by signed, which ONNX Runtime makes an integer product of
 * unless it is told not to. Scales are 1, so every sum is a whole number that a float holds.
 */
export async function quantizedFloats(): Promise<{
  readonly model: LoweredModel;
  readonly feeds: ReadonlyMap<string, TensorData>;
  /** The output `y`. */
  readonly exact: readonly number[];
}> {
  const a = Array.from({ length: ROWS * TERMS }, (_, i) => 255 - (i % 3));
  const b = Array.from({ length: TERMS * COLUMNS }, (_, i) => 127 - (i % 5));
  const exact = Array.from({ length: ROWS * COLUMNS }, (_, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    return Array.from(
      { length: TERMS },
      (_, k) => (a[row * TERMS + k] ?? 0) * (b[k * COLUMNS + column] ?? 0),
    ).reduce((sum, term) => sum + term, 0);
  });
  const type = (elemType: number, dims: readonly number[]) => ({
    tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } },
  });
  const bytes = onnx.ModelProto.encode(
    onnx.ModelProto.create({
      irVersion: 8,
      opsetImport: [{ domain: "", version: 17 }],
      graph: {
        name: "quantized floats",
        node: [
          { opType: "DequantizeLinear", input: ["a", "one", "zero"], output: ["left"] },
          { opType: "DequantizeLinear", input: ["b", "one", "signed zero"], output: ["right"] },
          { opType: "MatMul", input: ["left", "right"], output: ["y"] },
        ],
        input: [{ name: "a", type: type(2, [ROWS, TERMS]) }],
        output: [{ name: "y", type: type(1, [ROWS, COLUMNS]) }],
        initializer: [
          { name: "one", dataType: 1, dims: [], floatData: [1] },
          { name: "zero", dataType: 2, dims: [], rawData: Uint8Array.of(0) },
          { name: "signed zero", dataType: 3, dims: [], rawData: Uint8Array.of(0) },
          { name: "b", dataType: 3, dims: [TERMS, COLUMNS], rawData: Uint8Array.from(b) },
        ],
      },
    }),
  ).finish();
  const feeds = new Map([["a", tensorOf({ elementType: "uint8", dims: [ROWS, TERMS] }, a)]]);
  return { model: value(await lowerBytes(bytes)), feeds, exact };
}
