/**
 * The protobuf wire format over a file or memory: fields one after the other, payloads left in
 * place.
 *
 * A length is used only after it is checked against its message, so a hostile length costs nothing
 * and every message is inside its parent.
 */
import type { ByteSource } from "./byte-source.js";
import { WireError } from "./wire-error.js";

/** The largest field number of protobuf. Here it marks a payload that was left in the file. */
export const MARK_FIELD: number = 2 ** 29 - 1;

/** Budget charged per field, so that billions of empty ones are refused early. */
const FIELD_CHARGE = 4;

/** Memory charged per number of a list. */
const NUMBER_CHARGE = 8;

/** One field of a message. */
export interface WireField {
  readonly number: number;
  /** 0 varint, 1 fixed 64 bits, 2 bytes, 5 fixed 32 bits. */
  readonly wire: number;
  /** Start of the value's bytes, and their number. */
  readonly offset: number;
  readonly bytes: number;
  /** Start of the field's tag. */
  readonly tagOffset: number;
}

/** Part of a file that holds one message. */
export interface Span {
  readonly offset: number;
  readonly bytes: number;
}

/** Calls `visit` for every field of the message. Fails: `WireError`. */
export function eachField(source: ByteSource, span: Span, visit: (field: WireField) => void): void {
  const end = span.offset + span.bytes;
  let at = span.offset;
  while (at < end) {
    const tagOffset = at;
    const tag = varint(source, at, end);
    at = tag.next;
    const number = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    if (number === 0 || number > MARK_FIELD || (number === MARK_FIELD && !source.hasMarks)) {
      throw new WireError(`field number ${number}`, tagOffset);
    }
    let bytes: number;
    if (wire === 2) {
      const length = varint(source, at, end);
      at = length.next;
      bytes = length.value;
    } else if (wire === 0) {
      bytes = varint(source, at, end).next - at;
    } else if (wire === 1) {
      bytes = 8;
    } else if (wire === 5) {
      bytes = 4;
    } else {
      throw new WireError(`wire type ${wire}`, tagOffset);
    }
    if (bytes > end - at) {
      throw new WireError(`a field of ${bytes} bytes where ${end - at} are left`, tagOffset);
    }
    source.charge(FIELD_CHARGE, tagOffset);
    visit({ number, wire, offset: at, bytes, tagOffset });
    at += bytes;
  }
}

/** The value of a varint field as a signed 64-bit number; beyond 2^53 the last bits are lost. */
export function integerAt(source: ByteSource, field: WireField): number {
  if (field.wire !== 0) {
    throw new WireError("an integer field of another wire type", field.tagOffset);
  }
  return signed(source, field.offset, field.offset + field.bytes).value;
}

/** The float in a fixed 32-bit field. */
export function floatAt(source: ByteSource, field: WireField): number {
  if (field.wire !== 5) {
    throw new WireError("a float field of another wire type", field.tagOffset);
  }
  const { buffer, byteOffset } = source.copy(field.offset, 4);
  return new DataView(buffer, byteOffset, 4).getFloat32(0, true);
}

/** Text of a bytes field, at most `limit` bytes. */
export function textAt(source: ByteSource, field: WireField, limit: number): string {
  checkBytes(field, limit);
  return source.text(field.offset, field.bytes);
}

/** The span of a field that holds a message. */
export function messageAt(field: WireField): Span {
  checkBytes(field, Number.POSITIVE_INFINITY);
  return field;
}

/** A copy of a bytes field, at most `limit` bytes. */
export function bytesAt(source: ByteSource, field: WireField, limit: number): Uint8Array {
  checkBytes(field, limit);
  return source.copy(field.offset, field.bytes);
}

function checkBytes(field: WireField, limit: number): void {
  if (field.wire !== 2) {
    throw new WireError("a text or message field of another wire type", field.tagOffset);
  }
  if (field.bytes > limit) {
    throw new WireError(`${field.bytes} bytes where at most ${limit} are valid`, field.tagOffset);
  }
}

/** Appends the integers of a repeated field, packed or not. Requires: at most `limit` in all. */
export function addIntegers(
  source: ByteSource,
  field: WireField,
  into: number[],
  limit: number,
): void {
  const before = into.length;
  if (field.wire === 0) {
    into.push(integerAt(source, field));
  } else {
    checkBytes(field, Number.POSITIVE_INFINITY);
    const end = field.offset + field.bytes;
    for (let at = field.offset; at < end; ) {
      const item = signed(source, at, end);
      into.push(item.value);
      at = item.next;
      if (into.length > limit) {
        break;
      }
    }
  }
  if (into.length > limit) {
    throw new WireError(`more than ${limit} integers`, field.tagOffset);
  }
  source.charge((into.length - before) * NUMBER_CHARGE, field.tagOffset);
}

interface Varint {
  readonly value: number;
  readonly next: number;
}

/** An unsigned varint below 2^53: tags and lengths. */
function varint(source: ByteSource, offset: number, end: number): Varint {
  let value = 0;
  let scale = 1;
  for (let at = offset; at < end; at++) {
    const byte = source.byteAt(at);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) {
        // Only values of fields may be this large, never a tag or a length.
        return { value: Number.MAX_SAFE_INTEGER, next: at + 1 };
      }
      return { value, next: at + 1 };
    }
    scale *= 128;
    if (at - offset === 9) {
      throw new WireError("an integer of more than 10 bytes", offset);
    }
  }
  throw new WireError("the file ends inside an integer", offset);
}

function signed(source: ByteSource, offset: number, end: number): Varint {
  const short = shortVarint(source, offset, Math.min(end, offset + SHORT_BYTES));
  return short ?? longVarint(source, offset, end);
}

/** Bytes of a varint that fit the exact integers of a double: seven bits each. */
const SHORT_BYTES = 7;

function shortVarint(source: ByteSource, offset: number, end: number): Varint | undefined {
  let value = 0;
  let scale = 1;
  for (let at = offset; at < end; at++) {
    const byte = source.byteAt(at);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      return { value, next: at + 1 };
    }
    scale *= 128;
  }
  return undefined;
}

function longVarint(source: ByteSource, offset: number, end: number): Varint {
  let low = 0n;
  let shift = 0n;
  for (let at = offset; at < end; at++) {
    const byte = source.byteAt(at);
    low |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) {
      return { value: Number(BigInt.asIntN(64, low)), next: at + 1 };
    }
    shift += 7n;
    if (at - offset === 9) {
      break;
    }
  }
  throw new WireError("the file ends inside an integer", offset);
}
