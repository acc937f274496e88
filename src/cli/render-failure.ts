import { escapeControls } from "../core/escape-controls.js";
import type { Failures } from "../core/failure.js";
import type { CliIo } from "./io.js";
import type { Paint } from "./paint.js";

/** How failures are printed. */
export interface FailureStyle {
  readonly paint: Paint;
  /** Adds what each failure was caused by. */
  readonly isVerbose: boolean;
}

/**
 * Prints failures, one line each: `error[code] where: message; hint`.
 * Control characters that a hostile file may have put into names are escaped.
 */
export function renderFailures(
  failures: Failures,
  { stderr }: CliIo,
  { paint, isVerbose }: FailureStyle,
): void {
  for (const { code, where, message, hint, cause } of failures) {
    const place = where === undefined ? "" : ` ${where}:`;
    const advice = hint === undefined ? "" : `; ${hint}`;
    const rest = escapeControls(`${place} ${message}${advice}`);
    stderr.write(`${paint.error(`error[${code}]`)}${rest}\n`);
    if (isVerbose && cause !== undefined) {
      stderr.write(`  caused by: ${escapeControls(String(cause))}\n`);
    }
  }
}
