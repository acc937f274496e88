import onnxProto from "onnx-proto";
import { halfValue } from "../../src/core/half.js";
import { type ElementType, elementBits, elementTypeOf } from "../../src/ir/element-type.js";

const { onnx } = onnxProto;

/** A tensor of a test's data, read by onnx-proto. */
export interface TestTensor {
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  /** Little-endian element bytes, sub-byte types packed; empty for text. */
  readonly bytes: Uint8Array;
  /** Texts of a tensor of text. */
  readonly texts: readonly string[];
}

/** Reads a TensorProto; `undefined` where the bytes are something else (a sequence, an optional). */
export function readTestTensor(file: Uint8Array): TestTensor | undefined {
  let proto: InstanceType<typeof onnx.TensorProto>;
  try {
    proto = onnx.TensorProto.decode(file);
  } catch {
    return undefined;
  }
  const elementType = elementTypeOf(proto.dataType ?? 0);
  if (elementType === undefined) {
    return undefined;
  }
  const decoder = new TextDecoder();
  return {
    elementType,
    dims: (proto.dims ?? []).map(Number),
    bytes: proto.rawData?.length ? Uint8Array.from(proto.rawData) : typedBytes(proto, elementType),
    texts: (proto.stringData ?? []).map((text) => decoder.decode(text)),
  };
}

/** The bytes of elements that stand in typed fields. */
function typedBytes(
  proto: InstanceType<typeof onnx.TensorProto>,
  elementType: ElementType,
): Uint8Array {
  if (proto.floatData?.length) {
    return new Uint8Array(Float32Array.from(proto.floatData).buffer);
  }
  if (proto.doubleData?.length) {
    return new Uint8Array(Float64Array.from(proto.doubleData).buffer);
  }
  const wide = proto.int64Data?.length ? proto.int64Data : (proto.uint64Data ?? []);
  const integers = proto.int32Data?.length
    ? proto.int32Data.map(BigInt)
    : wide.map((value) => BigInt(value.toString()));
  const width = Math.max(1, elementBits(elementType) / 8);
  const bytes = new Uint8Array(integers.length * width);
  integers.forEach((value, i) => {
    for (let at = 0; at < width; at++) {
      bytes[i * width + at] = Number((value >> BigInt(8 * at)) & 255n);
    }
  });
  return bytes;
}

const READERS: Readonly<
  Partial<Record<ElementType, readonly [number, (view: DataView, at: number) => number]>>
> = {
  float32: [4, (view, at) => view.getFloat32(at, true)],
  float64: [8, (view, at) => view.getFloat64(at, true)],
  float16: [2, (view, at) => halfValue(view.getUint16(at, true))],
  int64: [8, (view, at) => Number(view.getBigInt64(at, true))],
  uint64: [8, (view, at) => Number(view.getBigUint64(at, true))],
  int32: [4, (view, at) => view.getInt32(at, true)],
  uint32: [4, (view, at) => view.getUint32(at, true)],
  int16: [2, (view, at) => view.getInt16(at, true)],
  uint16: [2, (view, at) => view.getUint16(at, true)],
  int8: [1, (view, at) => view.getInt8(at)],
  uint8: [1, (view, at) => view.getUint8(at)],
  bool: [1, (view, at) => Math.min(1, view.getUint8(at))],
};

/** The elements as numbers; `undefined` for types that folding does not compute with. */
export function elementsOf({ elementType, bytes }: TestTensor): readonly number[] | undefined {
  const [width, at] = READERS[elementType] ?? [];
  if (width === undefined || at === undefined) {
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / width }, (_, i) => at(view, i * width));
}

/** `float32[2,3]`. */
export function printType(type: Pick<TestTensor, "elementType" | "dims"> | undefined): string {
  return type === undefined ? "unknown" : `${type.elementType}[${type.dims.join(",")}]`;
}
