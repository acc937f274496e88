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
