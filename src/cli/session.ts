import type { CliIo, CommonOptions } from "./io.js";
import { paintFor } from "./paint.js";
import { type ProgressReporter, progressOn } from "./progress.js";

/** What a command prints on stdout: the one form or the other, made when it is asked for. */
export interface Product {
  /** For people; a final line end is added. */
  readonly text: () => string;
  /** For `--json`: a value, or the text of a JSON document. */
  readonly json: () => object | string;
}

/** One run of a command: where it writes, and what may stop it. */
export interface Session {
  readonly io: CliIo;
  /** Aborted by the first Ctrl-C: long work stops at its next safe point, nothing is half-written. */
  readonly signal: AbortSignal;
  readonly progress: ProgressReporter;
  /** Prints the product. */
  print(product: Product): void;
}

/**
 * Whether nothing but failures goes to stderr: with `--quiet`, and with `--json` where no person
 * watches, so that a script can parse all that it finds there.
 */
function isQuiet({ stderr }: CliIo, { quiet, json }: CommonOptions): boolean {
  return quiet === true || (json === true && stderr.isTTY !== true);
}

/** The session for the common options of a command. */
export function sessionFor(io: CliIo, signal: AbortSignal, options: CommonOptions): Session {
  const paint = paintFor(io, options.color !== false);
  return {
    io,
    signal,
    progress: progressOn(io, paint, isQuiet(io, options)),
    print: ({ text, json }) => {
      const product = options.json === true ? json() : text();
      const line = typeof product === "string" ? product : JSON.stringify(product, undefined, 2);
      io.stdout.write(line.endsWith("\n") ? line : `${line}\n`);
    },
  };
}
