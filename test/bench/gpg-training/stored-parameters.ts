/** Writing parameters as `decodeParameters` reads them. */
import { STORED_ONE } from "../../../dist/learn/fixed-point.js";

const LARGEST = 32767;

/** Rounds to what `encodeParameters` keeps: multiples of 1/4096 between about -8 and 8. */
export function roundParameters(parameters: Float64Array): Float64Array {
  return parameters.map((value) => stored(value) / STORED_ONE);
}

/** Parameters as base64. */
export function encodeParameters(parameters: Float64Array): string {
  const bytes = Buffer.alloc(parameters.length * 2);
  parameters.forEach((value, i) => {
    bytes.writeInt16LE(stored(value), i * 2);
  });
  return bytes.toString("base64");
}

function stored(value: number): number {
  return Math.max(-LARGEST, Math.min(LARGEST, Math.round(value * STORED_ONE)));
}
