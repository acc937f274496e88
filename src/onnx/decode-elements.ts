import { bytesOf, type ElementType } from "../ir/element-type.js";
import type { ByteSource } from "./byte-source.js";
import type { Piece } from "./skeleton.js";
import { addIntegers, eachField } from "./wire.js";

/** TensorProto fields whose elements have a fixed width: float_data and double_data. */
const FIXED_FIELDS: ReadonlySet<number> = new Set([4, 10]);

/**
 * Little-endian bytes of elements that are coded in typed fields, as `raw_data` would hold them;
 * `undefined` when their number does not match the dims.
 *
 * Requires: the pieces are few bytes in all, `source` holds them.
 * Source: ONNX, `onnx.proto`, TensorProto: which field holds which type; 16-bit floats and small
 * integers stand in int32_data by their bits, types below a byte packed as in `raw_data`.
 */
export function decodeElements(
  source: ByteSource,
  pieces: readonly Piece[],
  elementType: ElementType,
  count: number,
): Uint8Array | undefined {
  const total = bytesOf(elementType, count);
  const fixed: Uint8Array[] = [];
  const integers: number[] = [];
  for (const piece of pieces) {
    eachField(source, piece, (field) => {
      if (FIXED_FIELDS.has(field.number)) {
        fixed.push(source.copy(field.offset, field.bytes));
      } else {
        addIntegers(source, field, integers, piece.bytes);
      }
    });
  }
  const bytes =
    fixed.length > 0 ? Buffer.concat(fixed) : integerBytes(source, pieces, integers, elementType);
  return bytes.length === total ? Uint8Array.from(bytes) : undefined;
}

function integerBytes(
  source: ByteSource,
  pieces: readonly Piece[],
  integers: readonly number[],
  elementType: ElementType,
): Uint8Array {
  const width = Math.max(1, bytesOf(elementType, 1));
  const bytes = new Uint8Array(integers.length * width);
  const view = new DataView(bytes.buffer);
  if (width === 8) {
    exactIntegers(source, pieces).forEach((value, at) => {
      view.setBigUint64(at * 8, value, true);
    });
    return bytes;
  }
  integers.forEach((value, at) => {
    for (let byte = 0; byte < width; byte++) {
      view.setUint8(at * width + byte, Math.floor(value / 2 ** (8 * byte)) & 0xff);
    }
  });
  return bytes;
}

/** 64-bit elements again, because a double does not hold all their bits. */
function exactIntegers(source: ByteSource, pieces: readonly Piece[]): bigint[] {
  const values: bigint[] = [];
  for (const piece of pieces) {
    eachField(source, piece, (field) => {
      let value = 0n;
      let shift = 0n;
      for (let at = field.offset; at < field.offset + field.bytes; at++) {
        const byte = source.byteAt(at);
        value |= BigInt(byte & 0x7f) << shift;
        shift += 7n;
        if (byte < 0x80) {
          values.push(BigInt.asUintN(64, value));
          value = 0n;
          shift = 0n;
        }
      }
    });
  }
  return values;
}
