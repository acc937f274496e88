/**
 * JSON documents that say what they are: every file of ours begins with `format` and `version`.
 *
 * A document of another kind or version has a problem in every line; these two fields are looked at
 * first, and then one problem says it all. Otherwise every problem is reported, each at its place.
 */
import type { Failure, Failures } from "./failure.js";
import { InternalError } from "./invariant.js";
import { type Fields, object } from "./json-containers.js";
import { encode } from "./json-encode.js";
import {
  type JsonProblem,
  type JsonSchema,
  oneOf,
  type SchemaDefinitions,
  type Shape,
} from "./json-shape.js";
import { parseJson } from "./parse-json.js";
import { fail, ok, type Result } from "./result.js";
import { type Json, stableJson } from "./stable-json.js";

interface Heading {
  readonly format: string;
  readonly version: number;
}

/** A kind of document: what its first two fields say, and the form of the whole. */
export interface DocumentKind<T> extends Heading {
  readonly description: string;
  readonly shape: Shape<Heading & T>;
}

/** Declares a kind of document: its heading, and the fields behind `format` and `version`. */
export function defineDocument<T extends object>(
  { format, version, description }: Heading & { readonly description: string },
  fields: Fields<T>,
): DocumentKind<T> {
  const heading = { format: oneOf(format), version: oneOf(version) };
  // `Fields` of a sum of unknown fields is not seen as the sum of their `Fields`.
  const all = { ...heading, ...fields } as unknown as Fields<Heading & T>;
  return { format, version, description, shape: object<Heading & T>(all) };
}

/** The JSON Schema of a kind of document, draft 2020-12. */
export function documentSchema(kind: DocumentKind<unknown>): JsonSchema {
  const definitions: SchemaDefinitions = new Map();
  const schema = kind.shape.schema(definitions);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:${kind.format.replace("/", ":")}:${kind.version}`,
    title: `${kind.format}, version ${kind.version}`,
    description: kind.description,
    ...schema,
    ...(definitions.size === 0
      ? {}
      : {
          $defs: Object.fromEntries([...definitions].map(([name, { schema }]) => [name, schema])),
        }),
  };
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
  const read = kind.shape.read(value, "", problems);
  const accepted = read === undefined ? undefined : accept(withoutHeading(read), problems);
  if (accepted !== undefined && problems.length === 0) {
    return ok(accepted);
  }
  const [first = { pointer: "", message: `is not a ${kind.format}` }, ...others] = problems;
  const failures: Failures = [invalid(first), ...others.slice(0, MAX_PROBLEMS - 1).map(invalid)];
  return fail(failures);
}

function withoutHeading<T>({ format: _, version: __, ...document }: Heading & T): T {
  return document as T;
}

/**
 * A document of our own as JSON, its heading first.
 *
 * Ensures: what is written is read back. Throws `InternalError` for a document that would be refused.
 */
export function documentJson<T>(
  document: T,
  kind: DocumentKind<T>,
  accept: Accept<T, unknown> = () => undefined,
): Json {
  const { format, version } = kind;
  const json = encode(kind.shape, { format, version, ...document });
  const problems: JsonProblem[] = [];
  accept(document, problems);
  const [first] = problems;
  if (first !== undefined) {
    const what = `${first.pointer} ${first.message}`;
    throw new InternalError(`a ${format} of our own would be refused: ${what}`);
  }
  return json;
}

/** The text of a document of our own: see `documentJson`. The same bytes on every machine. */
export function encodeDocument<T>(
  document: T,
  kind: DocumentKind<T>,
  accept?: Accept<T, unknown>,
): string {
  return stableJson(documentJson(document, kind, accept));
}

/** What users call the documents of this tool. */
const KINDS: Readonly<Record<string, string>> = {
  "top-compile/arrivals": "an arrivals file",
  "top-compile/config": "a configuration of build",
  "top-compile/device-model": "a device model",
  "top-compile/gpu-profile": "a GPU profile",
  "top-compile/lock": "a lock file of build",
  "top-compile/placement": "a placement",
  "top-compile/profile": "a CPU profile",
  "top-compile/schedule": "a schedule",
  "top-compile/serving-profile": "a serving profile",
  "top-compile/stage-placement": "a placement of a model's stages",
};

/** Where in a file a problem is. */
export function placeIn(file: string, { pointer }: JsonProblem): string {
  return pointer === "" ? file : `${file} at ${pointer}`;
}

function otherKind(value: unknown, { format, version }: Heading): JsonProblem | undefined {
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
    const hint = found.version > version ? "; update top-compile" : "";
    const message = `version ${found.version}: this program reads version ${version}${hint}`;
    return { pointer: "/version", message };
  }
  return undefined;
}

/** What users call a document with this `format`; `undefined`: it is none of this tool. */
export function documentKind(format: string): string | undefined {
  return KINDS[format];
}

/** Control characters that no text begins with. */
const BINARY = /^[^\t\n\r -\uffff]/;
