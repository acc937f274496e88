import type { Failures } from "../core/failure.js";
import type { CliIo } from "./io.js";

/**
 * Prints failures, one line each: `error[code] where: message; hint`.
 * Control characters that a hostile file may have put into names are escaped.
 */
export function renderFailures(failures: Failures, io: CliIo, verbose: boolean): void {
  for (const failure of failures) {
    const where = failure.where === undefined ? "" : ` ${failure.where}:`;
    const hint = failure.hint === undefined ? "" : `; ${failure.hint}`;
    io.stderr.write(
      `${escapeControls(`error[${failure.code}]${where} ${failure.message}${hint}`)}\n`,
    );
    if (verbose && failure.cause !== undefined) {
      io.stderr.write(`  caused by: ${escapeControls(String(failure.cause))}\n`);
    }
  }
}

/** The text with every control character (line ends too) as a JSON escape. */
export function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
