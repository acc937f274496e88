import { CsvError } from "../core/csv-lines.js";
import type { Failure } from "../core/failure.js";
import { columnOf, JsonTextError, lineOf } from "../core/json-items.js";
import { fail, type Result } from "../core/result.js";
import { importMalformed } from "./failures.js";

/** A file of measurements: its path for messages, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Most events of one file that are kept: a hundred runs of ten thousand kernels. */
export const MAX_EVENTS = 1_000_000;

/** Most different names of one file: models have at most 100,000 operators. */
export const MAX_NAMES = 200_000;

/** Something in a file that cannot be read on from; `place` is a line, an event or a field. */
export class SourceProblem extends Error {
  readonly failure: Failure;

  constructor(file: SourceFile, place: string, message: string, hint?: string) {
    super(message);
    this.failure = importMalformed(file.path, place, message, hint);
  }
}

/**
 * What `read` gives, which throws where it cannot go on.
 *
 * Fails: `import-malformed` with the place. Throws everything else on.
 */
export function readingSource<T>(file: SourceFile, read: () => Result<T>): Result<T> {
  try {
    return read();
  } catch (error) {
    if (error instanceof SourceProblem) {
      return fail([error.failure]);
    }
    if (error instanceof CsvError) {
      return fail([importMalformed(file.path, `line ${error.line}`, error.message)]);
    }
    if (error instanceof JsonTextError) {
      const place = placeIn(file.text, error.at);
      return fail([importMalformed(file.path, place, error.message)]);
    }
    throw error;
  }
}

/** A position in a text, in words. */
function placeIn(text: string, at: number): string {
  return `line ${lineOf(text, at)}, column ${columnOf(text, at)}`;
}

/** Longest time of one thing, and of all together: a day, in nanoseconds. */
export const MAX_NS = 86_400e9;

/**
 * A time in nanoseconds, rounded to whole ones.
 *
 * Throws `SourceProblem` for what is no time: missing, negative, not finite, of more than a day.
 */
export function timeIn(file: SourceFile, place: string, value: unknown, unitNs: number): number {
  const ns = typeof value === "number" ? value * unitNs : Number.NaN;
  if (!(ns >= 0 && ns <= MAX_NS)) {
    throw new SourceProblem(file, place, "must be a time of at least 0 and at most a day");
  }
  return Math.round(ns);
}

/** A record of JSON: fields of unknown types. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** The fields of a JSON object; `undefined` for anything else. */
export function recordOf(value: unknown): JsonRecord | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonRecord)
    : undefined;
}
