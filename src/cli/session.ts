import { escapeLines } from "../core/escape-controls.js";
import { wrapText } from "../core/wrap-text.js";
import { columnsOf } from "./columns.js";
import type { CliIo, CommonOptions, Sink } from "./io.js";
import { paintFor } from "./paint.js";
import { type ProgressReporter, progressOn } from "./progress.js";

/** The output of a command on stdout, as text or as JSON; only the requested form is made. */
export interface Product {
  /** For people; a final line end is added. */
  readonly text: () => string;
  /** For `--json`: a value, or the text of a JSON document. */
  readonly json: () => object | string;
}

/** One run of a command: its output streams and its stop signal. */
export interface Session {
  /** Whatever is written here starts on a line of its own: it clears the line of the progress. */
  readonly io: CliIo;
  /** Aborted by Ctrl-C: long work stops at its next safe point, nothing is half-written. */
  readonly signal: AbortSignal;
  readonly progress: ProgressReporter;
  /** Files and folders outside a model's folder where its external data may lie. */
  readonly allowExternal: readonly string[];
  /** The width of text on stdout. */
  readonly columns: number;
  /** Prints the product. */
  print(product: Product): void;
}

/**
 * Whether only failures go to stderr: with `--quiet`, and with `--json` without a terminal, so that
 * scripts can parse everything on it.
 */
function isQuiet({ stderr }: CliIo, { quiet, json }: CommonOptions): boolean {
  return quiet === true || (json === true && stderr.isTTY !== true);
}

/** The session for the common options of a command. */
export function sessionFor(streams: CliIo, signal: AbortSignal, options: CommonOptions): Session {
  const paint = paintFor(streams, options.color !== false);
  const progress = progressOn(streams, paint, isQuiet(streams, options));
  const columns = columnsOf(streams.stdout, options.width);
  const noteColumns = columnsOf(streams.stderr, options.width);
  const io: CliIo = {
    ...streams,
    stdout: onOwnLine(streams.stdout, progress),
    stderr: onOwnLine(streams.stderr, progress),
  };
  return {
    io,
    signal,
    allowExternal: options.allowExternal ?? [],
    columns,
    progress: { ...progress, note: (text) => progress.note(wrapText(text, noteColumns)) },
    print: ({ text, json }) => {
      const product = options.json === true ? json() : wrapText(text(), columns);
      const line = typeof product === "string" ? product : JSON.stringify(product, undefined, 2);
      // The border: names from files may be anything, and reports quote them.
      const safe = escapeLines(line);
      io.stdout.write(safe.endsWith("\n") ? safe : `${safe}\n`);
    },
  };
}

/** The same sink; the line that progress rewrites is cleared before anything is written to it. */
function onOwnLine(sink: Sink, progress: ProgressReporter): Sink {
  return {
    write: (text) => {
      progress.end();
      return sink.write(text);
    },
    get isTTY() {
      return sink.isTTY === true;
    },
    ...(sink.columns === undefined ? {} : { columns: sink.columns }),
  };
}
