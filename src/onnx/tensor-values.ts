import { halfValue } from "../core/half.js";
import { constant, countOf, type Fact, tensor, VALUE_LIMIT } from "./infer/fact.js";
import type { OnnxTensor } from "./model.js";

/**
 * Returns the fact of a constant tensor: type, dims and, when it is small and in memory, its
 * elements. Integers beyond 2^53 are rounded, which keeps the "as far as it goes" bounds of Slice.
 */
export function tensorFact(tensorProto: OnnxTensor): Fact {
  const { elementType, dims, payload } = tensorProto;
  const count = countOf(dims) ?? 0;
  const read = payload.kind === "inline" && count <= VALUE_LIMIT ? READERS[elementType] : undefined;
  if (payload.kind !== "inline" || read === undefined) {
    return { ...tensor(elementType, dims), isConstant: true };
  }
  const { bytes } = payload;
  const { size, at } = read;
  if (bytes.byteLength < count * size) {
    return { ...tensor(elementType, dims), isConstant: true };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return constant(
    elementType,
    dims,
    Array.from({ length: count }, (_, i) => at(view, i * size)),
  );
}

interface ElementReader {
  readonly size: number;
  readonly at: (view: DataView, offset: number) => number;
}

const READERS: Readonly<Partial<Record<OnnxTensor["elementType"], ElementReader>>> = {
  float32: { size: 4, at: (view, offset) => view.getFloat32(offset, true) },
  float64: { size: 8, at: (view, offset) => view.getFloat64(offset, true) },
  float16: { size: 2, at: (view, offset) => halfValue(view.getUint16(offset, true)) },
  bfloat16: { size: 2, at: (view, offset) => brainToNumber(view.getUint16(offset, true)) },
  int64: { size: 8, at: (view, offset) => Number(view.getBigInt64(offset, true)) },
  uint64: { size: 8, at: (view, offset) => Number(view.getBigUint64(offset, true)) },
  int32: { size: 4, at: (view, offset) => view.getInt32(offset, true) },
  uint32: { size: 4, at: (view, offset) => view.getUint32(offset, true) },
  int16: { size: 2, at: (view, offset) => view.getInt16(offset, true) },
  uint16: { size: 2, at: (view, offset) => view.getUint16(offset, true) },
  int8: { size: 1, at: (view, offset) => view.getInt8(offset) },
  uint8: { size: 1, at: (view, offset) => view.getUint8(offset) },
  bool: { size: 1, at: (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1) },
};

/** The upper half of a binary32. */
function brainToNumber(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}
