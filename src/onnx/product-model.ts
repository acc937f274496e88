import type { Result } from "../core/result.js";
import type { OnnxModel, OnnxTensor } from "./model.js";
import { PayloadReader } from "./read-payload.js";
import { newNode } from "./rewrite-node.js";
import { writeModel } from "./write-model.js";

/** Size of both operands: wide enough for vectors of every processor. */
const SIZE = 64;

/** One product of matrices of bytes, with the value that every element of its output must have. */
export interface ProductModel {
  /** Without inputs; the output, `sums`, is of 32-bit integers. */
  readonly bytes: Uint8Array;
  readonly exact: number;
}

/**
 * The product that saturates if any does: 255 by 127 everywhere, 64 terms a sum.
 *
 * `int8`: unsigned by signed bytes; `uint8`: the second operand raised by 128, as
 * `exact-products.ts` does it.
 */
export function productModel(second: "int8" | "uint8"): Result<ProductModel> {
  const zeroPoint = second === "int8" ? 0 : 128;
  const tensor = (name: string, elementType: "int8" | "uint8", value: number): OnnxTensor => {
    const bytes = new Uint8Array(SIZE * SIZE).fill(value);
    return { name, elementType, dims: [SIZE, SIZE], payload: { kind: "inline", bytes } };
  };
  const zero: OnnxTensor = {
    name: "zero",
    elementType: second,
    dims: [],
    payload: { kind: "inline", bytes: Uint8Array.of(zeroPoint) },
  };
  const sums = { elementType: "int32", dims: [SIZE, SIZE] } as const;
  const bytes = writeModel(
    {
      model: EMPTY,
      name: "product",
      nodes: [newNode("MatMulInteger", ["a", "b", "", "zero"], "sums")],
      inputs: [],
      outputs: [{ name: "sums", type: sums }],
      initializers: [tensor("a", "uint8", 255), tensor("b", second, 127 + zeroPoint), zero],
      constants: new Map(),
    },
    new PayloadReader(EMPTY),
  );
  return bytes.ok ? { ok: true, value: { bytes: bytes.value, exact: SIZE * 255 * 127 } } : bytes;
}

/** The fields of a model that was not read from a file. */
const EMPTY: OnnxModel = {
  path: "product.onnx",
  fileBytes: 0,
  irVersion: 8,
  opsets: new Map([["", 13]]),
  producer: "top-compile",
  graph: {
    name: "product",
    nodes: [],
    inputs: [],
    outputs: [],
    valueInfo: [],
    initializers: [],
  },
  functions: [],
  extra: new Uint8Array(),
};
