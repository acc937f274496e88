/**
 * The protobuf wire format over a file: fields one after the other, payloads left where they are.
 *
 * A length is believed only after it is checked against the message it stands in, so a hostile
 * length costs nothing and every message is inside its parent.
 */
import type { FileWindow } from "./file-window.js";

/** A file that does not follow the wire format, at a byte of it. */
export class WireError extends Error {
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(what);
    this.name = "WireError";
    this.offset = offset;
  }
}

/** One field of a message. */
export interface WireField {
  readonly number: number;
  /** 0 varint, 1 fixed 64 bits, 2 bytes, 5 fixed 32 bits. */
  readonly wire: number;
  /** Where the value's bytes start, and how many they are. */
  readonly offset: number;
  readonly bytes: number;
  /** Where the field's tag starts. */
  readonly tagOffset: number;
}

/** Part of a file that holds one message. */
export interface Span {
  readonly offset: number;
  readonly bytes: number;
}

/** Calls `visit` for every field of the message. Fails: `WireError`. */
export function eachField(file: FileWindow, span: Span, visit: (field: WireField) => void): void {
  const end = span.offset + span.bytes;
  let at = span.offset;
  while (at < end) {
    const tagOffset = at;
    const tag = varint(file, at, end);
    at = tag.next;
    const number = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    if (number === 0) {
      throw new WireError("field number 0", tagOffset);
    }
    let bytes: number;
    if (wire === 2) {
      const length = varint(file, at, end);
      at = length.next;
      bytes = length.value;
    } else if (wire === 0) {
      bytes = varint(file, at, end).next - at;
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
    visit({ number, wire, offset: at, bytes, tagOffset });
    at += bytes;
  }
}

/** The value of a varint field as a signed 64-bit number; beyond 2^53 the last bits are lost. */
export function integerAt(file: FileWindow, field: WireField): number {
  if (field.wire !== 0) {
    throw new WireError("an integer field of another wire type", field.tagOffset);
  }
  return signed(file, field.offset, field.offset + field.bytes).value;
}

/** The float in a fixed 32-bit field. */
export function floatAt(file: FileWindow, field: WireField): number {
  if (field.wire !== 5) {
    throw new WireError("a float field of another wire type", field.tagOffset);
  }
  return new DataView(file.copy(field.offset, 4).buffer).getFloat32(0, true);
}

/** Text of a bytes field, at most `limit` bytes. */
export function textAt(file: FileWindow, field: WireField, limit: number): string {
  return new TextDecoder().decode(bytesAt(file, field, limit));
}

/** A copy of a bytes field, at most `limit` bytes. */
export function bytesAt(file: FileWindow, field: WireField, limit: number): Uint8Array {
  if (field.wire !== 2) {
    throw new WireError("a text or message field of another wire type", field.tagOffset);
  }
  if (field.bytes > limit) {
    throw new WireError(`${field.bytes} bytes where at most ${limit} make sense`, field.tagOffset);
  }
  return file.copy(field.offset, field.bytes);
}

/** Appends the integers of a repeated field, packed or not. Requires: at most `limit` in all. */
export function addIntegers(
  file: FileWindow,
  field: WireField,
  into: number[],
  limit: number,
): void {
  if (field.wire === 0) {
    into.push(integerAt(file, field));
  } else {
    const end = field.offset + field.bytes;
    for (let at = field.offset; at < end; ) {
      const item = signed(file, at, end);
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
}

interface Varint {
  readonly value: number;
  readonly next: number;
}

/** An unsigned varint below 2^53: tags and lengths. */
function varint(file: FileWindow, offset: number, end: number): Varint {
  let value = 0;
  let scale = 1;
  for (let at = offset; at < end; at++) {
    const byte = file.byteAt(at);
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

function signed(file: FileWindow, offset: number, end: number): Varint {
  let low = 0n;
  let shift = 0n;
  for (let at = offset; at < end; at++) {
    const byte = file.byteAt(at);
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
