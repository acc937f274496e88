/** The name of an ONNX element type (TensorProto.DataType, without UNDEFINED). */
export type ElementType =
  | "float32"
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "int32"
  | "int64"
  | "string"
  | "bool"
  | "float16"
  | "float64"
  | "uint32"
  | "uint64"
  | "complex64"
  | "complex128"
  | "bfloat16"
  | "float8e4m3fn"
  | "float8e4m3fnuz"
  | "float8e5m2"
  | "float8e5m2fnuz"
  | "uint4"
  | "int4"
  | "float4e2m1"
  | "float8e8m0"
  | "uint2"
  | "int2";

/** Bits of one element; strings count as 128 (a pointer and a length). Complete, by ONNX number from 1. */
const BITS: ReadonlyMap<ElementType, number> = new Map([
  ["float32", 32],
  ["uint8", 8],
  ["int8", 8],
  ["uint16", 16],
  ["int16", 16],
  ["int32", 32],
  ["int64", 64],
  ["string", 128],
  ["bool", 8],
  ["float16", 16],
  ["float64", 64],
  ["uint32", 32],
  ["uint64", 64],
  ["complex64", 64],
  ["complex128", 128],
  ["bfloat16", 16],
  ["float8e4m3fn", 8],
  ["float8e4m3fnuz", 8],
  ["float8e5m2", 8],
  ["float8e5m2fnuz", 8],
  ["uint4", 4],
  ["int4", 4],
  ["float4e2m1", 4],
  ["float8e8m0", 8],
  ["uint2", 2],
  ["int2", 2],
]);

/** All element types, by ONNX number from 1. */
export const ELEMENT_TYPES: readonly ElementType[] = [...BITS.keys()];

/** Whether a name is one of an element type. */
export function isElementType(name: string): name is ElementType {
  return (BITS as ReadonlyMap<string, number>).has(name);
}

/** Bits of one element. */
export function elementBits(type: ElementType): number {
  return BITS.get(type) ?? 0;
}

/** The element type of an ONNX data type number, or `undefined` for an unknown number. */
export function elementTypeOf(dataType: number): ElementType | undefined {
  return ELEMENT_TYPES[dataType - 1];
}

/** The ONNX data type number of an element type. */
export function dataTypeOf(type: ElementType): number {
  return ELEMENT_TYPES.indexOf(type) + 1;
}

/** Bytes of `elementCount` elements, packed, rounded up to whole bytes. */
export function bytesOf(type: ElementType, elementCount: number): number {
  return Math.ceil((elementCount * elementBits(type)) / 8);
}
