import { totalmem } from "node:os";
import { LARGEST_ARRAY_BYTES } from "../core/largest-array.js";
import { fail, ok, type Result } from "../core/result.js";
import { machineMemoryExceeded } from "./failures.js";
import { type TensorSpec, tensorBytes } from "./tensor-data.js";

/**
 * Whether `bytes` that must be held at a time are no more than `most`, the memory of this machine; `what`
 * has them, such as `tensor "x"`. Asked before they are allocated: a system that promises more memory
 * than it has ends the process when it is used.
 *
 * Fails: `machine-memory-exceeded`.
 */
export function fitsMachine(what: string, bytes: number, most: number = totalmem()): Result<void> {
  return bytes > most ? fail([machineMemoryExceeded(what, bytes, most)]) : ok(undefined);
}

/** Whether inputs can be held, each alone and all together. Fails: `machine-memory-exceeded`. */
export function inputsFitMachine(inputs: readonly TensorSpec[]): Result<void> {
  let together = 0;
  for (const input of inputs) {
    const bytes = tensorBytes(input);
    const fits = fitsMachine(
      `input "${input.name}"`,
      bytes,
      Math.min(LARGEST_ARRAY_BYTES, totalmem()),
    );
    if (!fits.ok) {
      return fits;
    }
    together += bytes;
  }
  return fitsMachine("all inputs together", together);
}
