/**
 * Parameters as text: 16-bit fixed-point numbers, little-endian, in base64.
 *
 * A trained parameter is rounded to a multiple of 1/4096 when it is stored. Reading returns exactly
 * the rounded value, so that a network answers the same wherever it is loaded, even if training it
 * again on another machine were to differ in the last bits.
 */

/** The stored value of 1. */
export const STORED_ONE = 4096;

/** Returns the parameters of a stored text. */
export function decodeParameters(text: string): Float64Array {
  const bytes = Buffer.from(text, "base64");
  const { length } = bytes;
  return Float64Array.from({ length: length / 2 }, (_, i) => bytes.readInt16LE(i * 2) / STORED_ONE);
}

const LARGEST = 32767;

/** Rounds to what `encodeParameters` keeps: multiples of 1/4096 between about -8 and 8. */
export function roundParameters(parameters: Float64Array): Float64Array {
  return parameters.map((value) => stored(value) / STORED_ONE);
}

/** Parameters as text, rounded: what `decodeParameters` reads. */
export function encodeParameters(parameters: Float64Array): string {
  const bytes = Buffer.alloc(parameters.length * 2);
  parameters.forEach((value, i) => {
    bytes.writeInt16LE(stored(value), i * 2);
  });
  return bytes.toString("base64");
}

function stored(value: number): number {
  // Adding 0 makes -0 a plain 0.
  return Math.max(-LARGEST, Math.min(LARGEST, Math.round(value * STORED_ONE))) + 0;
}
