/** Elements in simulated device memory, with the conversions that a GPU's loads and stores do. */
import { STORAGE_BYTES, type StorageType } from "../../src/kernels/language/expression.js";

/** Elements of one type at a place in memory. */
export interface Elements {
  readonly count: number;
  /** Of the first element, in the memory that they are in. */
  readonly byteOffset: number;
  get(index: number): number;
  set(index: number, value: number): void;
}

type Access = {
  readonly get: (view: DataView, at: number) => number;
  readonly set: (view: DataView, at: number, value: number) => void;
};

const ACCESS: Readonly<Record<StorageType, Access>> = {
  bool: {
    get: (view, at) => Number(view.getUint8(at) !== 0),
    set: (view, at, value) => view.setUint8(at, Number(value !== 0)),
  },
  i8: { get: (view, at) => view.getInt8(at), set: (view, at, value) => view.setInt8(at, value) },
  u8: { get: (view, at) => view.getUint8(at), set: (view, at, value) => view.setUint8(at, value) },
  i16: {
    get: (view, at) => view.getInt16(at, true),
    set: (view, at, value) => view.setInt16(at, value, true),
  },
  u16: {
    get: (view, at) => view.getUint16(at, true),
    set: (view, at, value) => view.setUint16(at, value, true),
  },
  i32: {
    get: (view, at) => view.getInt32(at, true),
    set: (view, at, value) => view.setInt32(at, value, true),
  },
  u32: {
    get: (view, at) => view.getUint32(at, true),
    set: (view, at, value) => view.setUint32(at, value, true),
  },
  i64: {
    get: (view, at) => Number(view.getBigInt64(at, true)),
    set: (view, at, value) => view.setBigInt64(at, BigInt(Math.trunc(value)), true),
  },
  f16: {
    get: (view, at) => halfToNumber(view.getUint16(at, true)),
    set: (view, at, value) => view.setUint16(at, numberToHalf(value), true),
  },
  bf16: {
    get: (view, at) => floatOfBits(view.getUint16(at, true) << 16),
    set: (view, at, value) => view.setUint16(at, numberToBrain(value), true),
  },
  f32: {
    get: (view, at) => view.getFloat32(at, true),
    set: (view, at, value) => view.setFloat32(at, value, true),
  },
  f64: {
    get: (view, at) => view.getFloat64(at, true),
    set: (view, at, value) => view.setFloat64(at, value, true),
  },
};

/** `count` elements at `byteOffset`; anything outside of them is an error. */
export function elementsAt(
  storage: StorageType,
  memory: ArrayBuffer,
  byteOffset: number,
  count: number,
): Elements {
  const size = STORAGE_BYTES[storage];
  const view = new DataView(memory, byteOffset, count * size);
  const { get, set } = ACCESS[storage];
  const check = (index: number): void => {
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new Error(`element ${index} of ${count}`);
    }
  };
  return {
    count,
    byteOffset,
    get: (index) => {
      check(index);
      return get(view, index * size);
    },
    set: (index, value) => {
      check(index);
      set(view, index * size, value);
    },
  };
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) {
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest half, ties to even. */
export function numberToHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) {
    return 0x7e00;
  }
  if (size >= 65520) {
    return sign | 0x7c00;
  }
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 1)));
  const steps = roundHalfEven((size / 2 ** exponent) * 1024);
  // A subnormal has exponent 0 and no hidden bit; rounding up into the next exponent carries by itself.
  return size < 2 ** -14
    ? sign | roundHalfEven(size * 2 ** 24)
    : sign | (((exponent + 15) << 10) + (steps - 1024));
}

function numberToBrain(value: number): number {
  if (Number.isNaN(value)) {
    return 0x7fff;
  }
  const bits = bitsOfFloat(value);
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

const scratch = new DataView(new ArrayBuffer(4));

function floatOfBits(bits: number): number {
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}

function bitsOfFloat(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
