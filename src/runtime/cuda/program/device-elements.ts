/** Elements as the device stores them: from numbers, and between floats and halves. */
import { halfBits, halfValue } from "../../../core/half.js";
import { unreachable } from "../../../core/invariant.js";
import { STORAGE_BYTES, type StorageType } from "../../../kernels/language/expression.js";

/**
 * Little-endian elements of known numbers. Integers beyond the type's range wrap; floats round to the
 * nearest, halves to even.
 */
export function encodeElements(storage: StorageType, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * STORAGE_BYTES[storage]);
  const view = new DataView(bytes.buffer);
  const put = putter(storage, view);
  values.forEach((value, at) => {
    put(at * STORAGE_BYTES[storage], value);
  });
  return bytes;
}

function putter(storage: StorageType, view: DataView): (at: number, value: number) => void {
  switch (storage) {
    case "bool":
      return (at, value) => view.setUint8(at, value === 0 ? 0 : 1);
    case "i8":
    case "u8":
      return (at, value) => view.setUint8(at, value);
    case "i16":
    case "u16":
      return (at, value) => view.setUint16(at, value, true);
    case "i32":
    case "u32":
      return (at, value) => view.setUint32(at, value, true);
    case "i64":
      return (at, value) => view.setBigInt64(at, BigInt(Math.trunc(value)), true);
    case "f16":
      return (at, value) => view.setUint16(at, halfBits(value), true);
    case "bf16":
      return (at, value) => view.setUint16(at, brainBits(value), true);
    case "f32":
      return (at, value) => view.setFloat32(at, value, true);
    case "f64":
      return (at, value) => view.setFloat64(at, value, true);
    default:
      return unreachable(storage);
  }
}

/** Halves of f32 elements. */
export function halvesOfFloats(floats: Uint8Array): Uint8Array {
  const from = new DataView(floats.buffer, floats.byteOffset, floats.byteLength);
  const halves = new Uint8Array(floats.byteLength / 2);
  const to = new DataView(halves.buffer);
  for (let i = 0; i < floats.byteLength / 4; i++) {
    to.setUint16(i * 2, halfBits(from.getFloat32(i * 4, true)), true);
  }
  return halves;
}

/** f32 elements of halves, exactly. */
export function floatsOfHalves(halves: Uint8Array): Uint8Array {
  const from = new DataView(halves.buffer, halves.byteOffset, halves.byteLength);
  const floats = new Uint8Array(halves.byteLength * 2);
  const to = new DataView(floats.buffer);
  for (let i = 0; i < halves.byteLength / 2; i++) {
    to.setFloat32(i * 4, halfValue(from.getUint16(i * 2, true)), true);
  }
  return floats;
}

/** The values of f32 elements, or of halves. */
export function floatElements(bytes: Uint8Array, areHalves: boolean): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = areHalves ? STORAGE_BYTES.f16 : STORAGE_BYTES.f32;
  return Float64Array.from({ length: bytes.byteLength / size }, (_, i) =>
    areHalves ? halfValue(view.getUint16(i * size, true)) : view.getFloat32(i * size, true),
  );
}

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of the nearest f32, ties to even. */
function brainBits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  return Number.isNaN(value) ? 0x7fff : ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
