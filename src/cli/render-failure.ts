import { escapeControls, escapeLines } from "../core/escape-controls.js";
import type { AnyFailureCode } from "../core/failure-catalog/failure-catalog.js";
import { withShortArguments } from "./echoed-arguments.js";
import type { CliIo } from "./io.js";
import { type Paint, paintFor } from "./paint.js";

/** Options for printing failures. */
export interface FailureStyle {
  readonly paint: Paint;
  /** Adds what each failure was caused by. */
  readonly isVerbose: boolean;
  /** Prints one JSON document instead of lines. */
  readonly isJson: boolean;
  /** A text without the long arguments in it. */
  readonly shorten: (text: string) => string;
}

/** The failure options of a run with these arguments: needed before parsing, which may fail too. */
export function failureStyle(argv: readonly string[], io: CliIo): FailureStyle {
  const end = argv.indexOf("--");
  const flags = end < 0 ? argv : argv.slice(0, end);
  return {
    paint: paintFor(io, !flags.includes("--no-color")),
    isVerbose: flags.includes("--verbose"),
    isJson: flags.includes("--json"),
    shorten: withShortArguments(argv),
  };
}

/** The end of a command: a failure of a step, or a usage error. */
export interface PrintedFailure {
  readonly code: AnyFailureCode;
  readonly message: string;
  readonly where?: string;
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * Prints failures on stderr: one line each, `error[code] where: message; hint`, or with `isJson` one
 * document, `{ "failures": [ { "code", "message", "place", "hint" } ] }`.
 * Control characters that a hostile file may have put into names are escaped, and long arguments cut.
 */
export function renderFailures(
  failures: readonly PrintedFailure[],
  { stderr }: CliIo,
  { paint, isVerbose, isJson, shorten }: FailureStyle,
): void {
  const shown = failures.map((failure) => ({
    ...failure,
    message: shorten(failure.message),
    ...(failure.where === undefined ? {} : { where: shorten(failure.where) }),
    ...(failure.hint === undefined ? {} : { hint: shorten(failure.hint) }),
  }));
  if (isJson) {
    const document = { failures: shown.map((failure) => jsonOf(failure, isVerbose)) };
    stderr.write(`${escapeLines(JSON.stringify(document, undefined, 2))}\n`);
    return;
  }
  for (const { code, where, message, hint, cause } of shown) {
    const place = where === undefined ? "" : ` ${where}:`;
    const advice = hint === undefined ? "" : `; ${hint}`;
    const rest = escapeControls(`${place} ${message}${advice}`);
    stderr.write(`${paint.error(`error[${code}]`)}${rest}\n`);
    if (isVerbose && cause !== undefined) {
      stderr.write(`  caused by: ${escapeControls(String(cause))}\n`);
    }
  }
}

/** Keys without a value are absent; `cause` is there with `--verbose` only. */
function jsonOf({ code, message, where, hint, cause }: PrintedFailure, isVerbose: boolean): object {
  return {
    code,
    message,
    ...(where === undefined ? {} : { place: where }),
    ...(hint === undefined ? {} : { hint }),
    ...(isVerbose && cause !== undefined ? { cause: String(cause) } : {}),
  };
}
