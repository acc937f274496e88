import type { ElementType } from "../../src/ir/element-type.js";
import { elementsOver, type TensorData } from "../../src/runtime/tensor-data.js";

/** A tensor as plain numbers, row-major. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/** The numbers of a tensor; integers of 64 bits must be below 2^53. */
export function readNumbers({ elementType, dims, bytes }: TensorData): Tensor {
  const buffer = Uint8Array.from(bytes).buffer;
  const elements = elementsOver(elementType, buffer, bytes.length);
  return { dims, values: Array.from(elements as ArrayLike<number | bigint>, Number) };
}

/** The tensor of a type with these values, each rounded to it. */
export function tensorOf(
  { elementType, dims }: { readonly elementType: ElementType; readonly dims: readonly number[] },
  values: readonly number[],
): TensorData {
  const writers: Partial<Record<ElementType, (all: readonly number[]) => ArrayBufferLike>> = {
    float32: (all) => Float32Array.from(all).buffer,
    int32: (all) => Int32Array.from(all).buffer,
    uint8: (all) => Uint8Array.from(all).buffer,
    int8: (all) => Int8Array.from(all).buffer,
  };
  const write = writers[elementType];
  if (write === undefined) {
    throw new Error(`no tensors of ${elementType} here`);
  }
  return { elementType, dims, bytes: new Uint8Array(write(values)) };
}
