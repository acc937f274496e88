import { productOf } from "../core/product.js";
import { bytesOf, type ElementType } from "../ir/element-type.js";
import type { Draw } from "../onnx/inputs/draw.js";

/** A tensor's value: raw little-endian element bytes, row-major. */
export interface TensorData {
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** A tensor's name and static type. */
export interface TensorSpec {
  readonly name: string;
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  /** How an input's elements are drawn; absent: by the element type. */
  readonly draw?: Draw;
  /** Whether a run may have other sizes; absent: not. */
  readonly isOpen?: boolean;
}

/** The typed arrays that ONNX Runtime's Node binding takes. */
export type ElementArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

type ArrayOver = new (buffer: ArrayBuffer, byteOffset: number, length: number) => ElementArray;

/** The binding's array of each element type; types that it cannot pass are absent. */
const ARRAYS: ReadonlyMap<ElementType, ArrayOver & { readonly BYTES_PER_ELEMENT: number }> =
  new Map<ElementType, ArrayOver & { readonly BYTES_PER_ELEMENT: number }>([
    ["float32", Float32Array],
    ["float64", Float64Array],
    ["float16", Uint16Array],
    ["int8", Int8Array],
    ["uint8", Uint8Array],
    ["bool", Uint8Array],
    ["int16", Int16Array],
    ["uint16", Uint16Array],
    ["int32", Int32Array],
    ["uint32", Uint32Array],
    ["int64", BigInt64Array],
    ["uint64", BigUint64Array],
  ]);

/** Returns whether tensors of this type can be passed to and from a session. */
export function crossesSessions(elementType: ElementType): boolean {
  return ARRAYS.has(elementType);
}

/** The one name that objects of JavaScript, by which the binding takes and gives tensors, cannot hold. */
const NO_KEY = "__proto__";

/** Returns whether a tensor of this name and type can be passed from session to session. */
export function isPassed({ name, elementType }: Omit<TensorSpec, "dims" | "value">): boolean {
  return crossesSessions(elementType) && name !== NO_KEY;
}

/** Number of elements of a shape. */
export function elementCount(dims: readonly number[]): number {
  return productOf(dims);
}

/** Bytes that a tensor of this type holds. */
export function tensorBytes(spec: Omit<TensorSpec, "name">): number {
  return bytesOf(spec.elementType, elementCount(spec.dims));
}

/**
 * A typed view of a buffer that starts with the tensor's elements.
 *
 * Requires: `crossesSessions(elementType)`; the buffer holds `bytes` bytes at least.
 */
export function elementsOver(
  elementType: ElementType,
  buffer: ArrayBuffer,
  bytes: number,
): ElementArray {
  const make = ARRAYS.get(elementType) ?? Uint8Array;
  return new make(buffer, 0, bytes / make.BYTES_PER_ELEMENT);
}
