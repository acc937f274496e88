/**
 * Parameters as text: 16-bit fixed-point numbers, little-endian, in base64.
 *
 * A trained parameter is rounded to a multiple of 1/4096 before it is written. What is read back is
 * exactly what the rounding gave, so that a network answers the same wherever it is loaded, even if
 * training it again on another machine were to differ in the last bits.
 */

const ONE = 4096;
const LARGEST = 32767;

/** Rounds to what `encodeParameters` keeps: multiples of 1/4096 between about -8 and 8. */
export function roundParameters(parameters: Float64Array): Float64Array {
  return parameters.map((value) => asFixed(value) / ONE);
}

/** Parameters as base64. */
export function encodeParameters(parameters: Float64Array): string {
  const bytes = Buffer.alloc(parameters.length * 2);
  parameters.forEach((value, i) => {
    bytes.writeInt16LE(asFixed(value), i * 2);
  });
  return bytes.toString("base64");
}

/** The parameters of a text that `encodeParameters` wrote. */
export function decodeParameters(text: string): Float64Array {
  const bytes = Buffer.from(text, "base64");
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(i * 2) / ONE);
}

function asFixed(value: number): number {
  return Math.max(-LARGEST, Math.min(LARGEST, Math.round(value * ONE)));
}
