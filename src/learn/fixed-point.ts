/**
 * Parameters as text: 16-bit fixed-point numbers, little-endian, in base64.
 *
 * A trained parameter is rounded to a multiple of 1/4096 when it is stored. What is read back is
 * exactly what the rounding gave, so that a network answers the same wherever it is loaded, even if
 * training it again on another machine were to differ in the last bits.
 */

/** What 1 is stored as. */
export const STORED_ONE = 4096;

/** The parameters of a stored text. */
export function decodeParameters(text: string): Float64Array {
  const bytes = Buffer.from(text, "base64");
  const { length } = bytes;
  return Float64Array.from({ length: length / 2 }, (_, i) => bytes.readInt16LE(i * 2) / STORED_ONE);
}
