import { ok, type Result } from "../core/result.js";
import { exportTooLarge } from "./failures.js";

/** Characters of a text of an export: below the longest string that Node can hold. */
export const MOST_CHARACTERS = 400_000_000;

/**
 * The lines with a line end after each, as one text.
 *
 * Fails: `export-too-large` above `MOST_CHARACTERS`. Cost: O(characters).
 */
export function linesWithin(
  lines: readonly string[],
  file: string,
  format: string,
): Result<string> {
  const count = lines.reduce((sum, line) => sum + line.length + 1, 0);
  return count > MOST_CHARACTERS
    ? {
        ok: false,
        error: [
          exportTooLarge(file, format, { what: "characters", count, limit: MOST_CHARACTERS }),
        ],
      }
    : ok(`${lines.join("\n")}\n`);
}
