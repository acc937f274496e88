/** The value of the bits of an IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
export function halfValue(bits: number): number {
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

const scratch = new DataView(new ArrayBuffer(4));

/**
 * The nearest half of a number, ties to even: 1 sign, 5 exponent (bias 15), 10 fraction bits. Adding
 * half of the last place before cutting rounds, and a carry out of the fraction goes into the exponent.
 */
export function halfBits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) {
    return 0x7e00;
  }
  if (size >= 0x477ff000) {
    return sign | 0x7c00;
  }
  if (size < 0x38800000) {
    // Below 2^-14 halves are multiples of 2^-24.
    return sign | roundHalfEven(Math.abs(Math.fround(value)) * 2 ** 24);
  }
  const odd = (size >>> 13) & 1;
  return sign | ((size - 0x38000000 + 0xfff + odd) >>> 13);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
