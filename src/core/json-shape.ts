/**
 * The form of JSON, declared once: a `Shape<T>` turns an unknown value into a `T`, puts the keys of a
 * `T` in the order of the format, and says the same as a JSON Schema.
 *
 * Reading reports *every* problem with the JSON pointer of its place (RFC 6901) instead of stopping
 * at the first. Unknown fields of objects are problems too.
 */
import { invariant } from "./invariant.js";
import type { Json } from "./stable-json.js";

/** One thing wrong in a JSON document. */
export interface JsonProblem {
  /** JSON pointer; the empty string is the whole document. */
  readonly pointer: string;
  readonly message: string;
}

/** Reads one JSON value; `undefined` means that at least one problem was added. */
export type Reader<T> = (value: unknown, pointer: string, problems: JsonProblem[]) => T | undefined;

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, Json>>;

/** Shapes with a name, which a schema has once under `$defs`. */
export type SchemaDefinitions = Map<
  string,
  { readonly shape: Shape<unknown>; readonly schema: JsonSchema }
>;

/** What a shape is made of. */
export interface ShapeParts<T> {
  readonly read: Reader<T>;
  /** The schema; shapes with a name are added to `definitions`. */
  readonly schema: (definitions: SchemaDefinitions) => JsonSchema;
  /** A value with its keys in the order of the format; absent: it has no keys. */
  readonly ordered?: (value: unknown) => unknown;
}

/** The form of a JSON value. */
export class Shape<T> {
  readonly read: Reader<T>;
  readonly schema: (definitions: SchemaDefinitions) => JsonSchema;
  /**
   * A value as it is written: keys in the order of the format, nothing that is `undefined`. Fields
   * that the shape does not know stay, behind the others: `read` refuses them.
   */
  readonly ordered: (value: unknown) => unknown;

  constructor({ read, schema, ordered = (value) => value }: ShapeParts<T>) {
    this.read = read;
    this.schema = schema;
    this.ordered = ordered;
  }

  /** The same with a description for the schema: one line. */
  describe(description: string): Shape<T> {
    return new Shape({
      ...this,
      schema: (definitions) =>
        Object.assign({ description }, this.schema(definitions), { description }),
    });
  }

  /** The same, which a schema has once, under this name. */
  named(name: string): Shape<T> {
    return new Shape({
      ...this,
      schema: (definitions) => {
        const known = definitions.get(name)?.shape ?? this;
        invariant(known === this, `two shapes are named "${name}"`);
        if (!definitions.has(name)) {
          definitions.set(name, { shape: this, schema: {} });
          definitions.set(name, { shape: this, schema: this.schema(definitions) });
        }
        return { $ref: `#/$defs/${name}` };
      },
    });
  }

  /** The same, but written with less: what `lean` leaves out is filled in by reading. */
  writtenAs(lean: (value: T) => unknown): Shape<T> {
    return new Shape({ ...this, ordered: (value) => this.ordered(lean(value as T)) });
  }
}

/** Any other form: a reader, and the schema of what it takes; the default schema takes anything. */
export function custom<T>(read: Reader<T>, schema: JsonSchema = {}): Shape<T> {
  return new Shape({ read, schema: () => schema });
}

/** Any string, or one no longer than `maxLength` (default 4096) and not empty. */
export function text(maxLength: number = 4096): Shape<string> {
  const read: Reader<string> = (value, pointer, problems) => {
    if (typeof value !== "string") {
      return problem(problems, pointer, `must be a string, not ${nameOf(value)}`);
    }
    const length = charactersIn(value, maxLength);
    return length === 0 || length > maxLength
      ? problem(problems, pointer, `must have 1 to ${maxLength} characters, has ${length}`)
      : value;
  };
  return custom(read, { type: "string", minLength: 1, maxLength });
}

/** Code points, as a schema counts them; code units where either way it is, or is not, above `limit`. */
function charactersIn(value: string, limit: number): number {
  const pairs =
    value.length > limit && value.length <= 2 * limit
      ? (value.match(/[\ud800-\udbff][\udc00-\udfff]/g) ?? []).length
      : 0;
  return value.length - pairs;
}

/** A string that matches `pattern`; `message` says so for people. */
export function textLike(pattern: RegExp, message: string): Shape<string> {
  const read: Reader<string> = (value, pointer, problems) =>
    typeof value === "string" && pattern.test(value) ? value : problem(problems, pointer, message);
  return custom(read, { type: "string", pattern: pattern.source });
}

/** An integer in [`min`, `max`]; at most 2^53 - 1 either way. */
export function integer(
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): Shape<number> {
  const read: Reader<number> = (value, pointer, problems) => {
    if (typeof value !== "number" || !Number.isInteger(value)) {
      return problem(problems, pointer, `must be an integer, not ${nameOf(value)}`);
    }
    if (value < min || value > max) {
      return problem(problems, pointer, `must be in ${min} to ${max}, is ${value}`);
    }
    return value;
  };
  return custom(read, { type: "integer", minimum: min, maximum: max });
}

/** A finite number in [`min`, `max`]. */
export function number(
  min: number = -Number.MAX_VALUE,
  max: number = Number.MAX_VALUE,
): Shape<number> {
  const read: Reader<number> = (value, pointer, problems) => {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      return problem(problems, pointer, `must be a number, not ${nameOf(value)}`);
    }
    if (value < min || value > max) {
      return problem(problems, pointer, `must be in ${min} to ${max}, is ${value}`);
    }
    return value;
  };
  return custom(read, {
    type: "number",
    ...(min === -Number.MAX_VALUE ? {} : { minimum: min }),
    ...(max === Number.MAX_VALUE ? {} : { maximum: max }),
  });
}

/** `true` or `false`. */
export const boolean: Shape<boolean> = custom(
  (value, pointer, problems) =>
    typeof value === "boolean"
      ? value
      : problem(problems, pointer, `must be true or false, not ${nameOf(value)}`),
  { type: "boolean" },
);

/** One of the given constants. */
export function oneOf<const T extends readonly (string | number | boolean)[]>(
  ...choices: T
): Shape<T[number]> {
  const read: Reader<T[number]> = (value, pointer, problems) =>
    (choices as readonly unknown[]).includes(value)
      ? (value as T[number])
      : problem(problems, pointer, `must be ${choices.map((c) => JSON.stringify(c)).join(" or ")}`);
  const [first] = choices;
  return custom(
    read,
    first !== undefined && choices.length === 1 ? { const: first } : { enum: choices },
  );
}

/** Adds a problem and gives `undefined`, for custom shapes. */
export function problem(problems: JsonProblem[], pointer: string, message: string): undefined {
  problems.push({ pointer, message });
  return undefined;
}

/** What a JSON value is, in a few words for people. */
export function nameOf(value: unknown): string {
  if (value === null) {
    return "null";
  }
  if (typeof value === "object") {
    return Array.isArray(value) ? "an array" : "an object";
  }
  return `${typeof value} ${String(JSON.stringify(value)).slice(0, 40)}`;
}

/** A key or index as a part of a JSON pointer (RFC 6901). */
export function escapeToken(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
