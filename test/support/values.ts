import type { Result } from "../../src/core/result.js";

/** The value of a result that must be there. */
export function value<T>(result: Result<T>): T {
  if (!result.ok) {
    throw new Error(`${result.error[0].code}: ${result.error[0].message}`);
  }
  return result.value;
}
