/**
 * JSON documents that say what they are: every file of ours begins with `format` and `version`.
 *
 * A document of another kind or version has a problem in every line; these two fields are looked at
 * first, and then one problem says it all. Otherwise every problem is reported, each at its place.
 */
import type { Failure, Failures } from "./failure.js";
import { InternalError } from "./invariant.js";
import type { JsonProblem, Shape } from "./json-shape.js";
import { parseJson } from "./parse-json.js";
import { fail, ok, type Result } from "./result.js";

/** A kind of document: what its first two fields say, and the shape of the whole. */
export interface DocumentKind<T> {
  readonly format: string;
  readonly version: number;
  readonly shape: Shape<T>;
}

/** How a folder words what is wrong with its documents. */
export interface DocumentWording {
  /** Text that is no JSON at all; `reason` is one line and names the place. */
  notJson(reason: string): Failure;
  invalid(problem: JsonProblem): Failure;
}

/**
 * Makes what the caller wants of a document that has the right shape, or adds what a shape cannot
 * say: names that repeat, figures that contradict each other.
 */
export type Accept<T, R> = (document: T, problems: JsonProblem[]) => R | undefined;

/** Most problems that one reading reports: more say nothing new. */
const MAX_PROBLEMS = 50;

/**
 * Reads the text of a document.
 *
 * Fails: as `wording` has it; `notJson` once, `invalid` once per problem, at most fifty.
 */
export function parseDocument<T, R>(
  source: string,
  kind: DocumentKind<T>,
  accept: Accept<T, R>,
  wording: DocumentWording,
): Result<R> {
  if (BINARY.test(source)) {
    return fail([wording.notJson("it is a binary file, such as an ONNX model")]);
  }
  const parsed = parseJson(source);
  if (!parsed.ok) {
    const { problem } = parsed;
    return fail([
      problem.kind === "syntax" ? wording.notJson(problem.message) : wording.invalid(problem),
    ]);
  }
  return readDocument(parsed.value, kind, accept, wording);
}

/** Reads a document from its JSON value, as `parseDocument` does from text. */
export function readDocument<T, R>(
  value: unknown,
  kind: DocumentKind<T>,
  accept: Accept<T, R>,
  { invalid }: DocumentWording,
): Result<R> {
  const other = otherKind(value, kind);
  if (other !== undefined) {
    return fail([invalid(other)]);
  }
  const problems: JsonProblem[] = [];
  const document = kind.shape(value, "", problems);
  const accepted = document === undefined ? undefined : accept(document, problems);
  if (accepted !== undefined && problems.length === 0) {
    return ok(accepted);
  }
  const [first = { pointer: "", message: `is not a ${kind.format}` }, ...others] = problems;
  const failures: Failures = [invalid(first), ...others.slice(0, MAX_PROBLEMS - 1).map(invalid)];
  return fail(failures);
}

/**
 * A document of our own with the keys of every record in the documented order, to be written.
 *
 * Ensures: what is written is read back. Throws `InternalError` for a document that would be refused.
 */
export function ownDocument<T, R>(document: T, kind: DocumentKind<T>, accept: Accept<T, R>): T {
  const problems: JsonProblem[] = [];
  const ordered = kind.shape(document, "", problems);
  if (ordered !== undefined) {
    accept(ordered, problems);
  }
  const [first] = problems;
  if (ordered === undefined || first !== undefined) {
    const what = `${first?.pointer ?? ""} ${first?.message ?? "has another shape"}`;
    throw new InternalError(`a ${kind.format} of our own would be refused: ${what}`);
  }
  return ordered;
}

/** What users call the documents of this tool. */
const KINDS: Readonly<Record<string, string>> = {
  "top-compile/device-model": "a device model",
  "top-compile/gpu-profile": "a GPU profile",
  "top-compile/placement": "a placement",
  "top-compile/profile": "a CPU profile",
  "top-compile/schedule": "a schedule",
  "top-compile/stage-placement": "a placement of a model's stages",
};

/** Where in a file a problem is. */
export function placeIn(file: string, { pointer }: JsonProblem): string {
  return pointer === "" ? file : `${file} at ${pointer}`;
}

function otherKind(
  value: unknown,
  { format, version }: DocumentKind<unknown>,
): JsonProblem | undefined {
  const found = (value ?? {}) as { readonly format?: unknown; readonly version?: unknown };
  if (typeof found.format === "string" && found.format !== format) {
    const kind = KINDS[found.format];
    const message =
      kind === undefined
        ? `must be "${format}", is ${JSON.stringify(found.format.slice(0, 80))}`
        : `the file is ${kind}, not ${KINDS[format] ?? `a ${format}`}`;
    return { pointer: "/format", message };
  }
  if (found.format === format && typeof found.version === "number" && found.version !== version) {
    return { pointer: "/version", message: `must be ${version}, is ${found.version}` };
  }
  return undefined;
}

/** What users call a document with this `format`; `undefined`: it is none of this tool. */
export function documentKind(format: string): string | undefined {
  return KINDS[format];
}

/** Control characters that no text begins with. */
const BINARY = /^[^\t\n\r -\uffff]/;
