/** Requests that were drawn, as traces: one file for each model. */
import { extname } from "node:path";
import { encodeTrace } from "../arrivals/trace.js";
import { mayWrite, type Overwrite, writeText } from "../core/files.js";
import { ok, type Result } from "../core/result.js";

/** Where traces go. */
export interface TracePlace {
  /** The file of one model; of several each has a name of its own, `traceFile`. */
  readonly path: string;
  /** Overwrite files that are no traces. */
  readonly force: boolean;
  /** Files that are read. */
  readonly inputs: readonly string[];
}

/** What a trace begins with. */
const TRACE = /^\d+\r?\n/;

/** The file of a model's trace: with several models the model's name stands before the extension. */
export function traceFile(path: string, model: string, models: number): string {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  return models === 1 ? path : `${stem}.${model}${extension}`;
}

/** Fails: as `mayWrite`, for the first file that cannot be written. */
export function maySaveTraces(
  place: TracePlace | undefined,
  models: readonly string[],
): Result<void> {
  for (const model of place === undefined ? [] : models) {
    const may = mayWrite(traceFile(place?.path ?? "", model, models.length), overwriteOf(place));
    if (!may.ok) {
      return may;
    }
  }
  return ok(undefined);
}

/**
 * Writes the arrivals of every model, in nanoseconds, as traces. Returns the files. Fails: as `writeText`.
 */
export function saveTraces(
  place: TracePlace | undefined,
  models: readonly string[],
  arrivals: readonly Float64Array[],
): Result<readonly string[]> {
  const files: string[] = [];
  for (const [at, model] of place === undefined ? [] : models.entries()) {
    const file = traceFile(place?.path ?? "", model, models.length);
    const text = encodeTrace(arrivals[at] ?? new Float64Array());
    const written = writeText(file, text, overwriteOf(place));
    if (!written.ok) {
      return written;
    }
    files.push(file);
  }
  return ok(files);
}

function overwriteOf(place: TracePlace | undefined): Overwrite {
  return {
    force: place?.force === true,
    format: TRACE,
    inputs: place?.inputs ?? [],
    option: "--save-trace FILE",
  };
}
