/**
 * Checked reading of JSON: a `Shape<T>` turns an unknown value into a `T`, and reports *every*
 * problem with the JSON pointer of its place (RFC 6901) instead of stopping at the first.
 * Unknown fields of objects are problems too.
 */

/** One thing wrong in a JSON document. */
export interface JsonProblem {
  /** JSON pointer; the empty string is the whole document. */
  readonly pointer: string;
  readonly message: string;
}

/** Reads one JSON value; `undefined` means that at least one problem was added. */
export type Shape<T> = (value: unknown, pointer: string, problems: JsonProblem[]) => T | undefined;

/** A field that may be absent; the result then lacks the key, or has `fallback`. */
interface OptionalField<T> {
  readonly optional: true;
  readonly shape: Shape<T>;
  readonly fallback: T | undefined;
}

type Field<T> = Shape<T> | OptionalField<T>;

/** Shapes of the fields of `T`, in the order in which they are read. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> };

/** A field that may be absent. */
export function optional<T>(shape: Shape<T>, fallback?: T): OptionalField<T> {
  return { optional: true, shape, fallback };
}

/** Any string, or one no longer than `maxLength` (default 4096) and not empty. */
export function text(maxLength: number = 4096): Shape<string> {
  return (value, pointer, problems) => {
    if (typeof value !== "string") {
      return problem(problems, pointer, `must be a string, not ${nameOf(value)}`);
    }
    if (value.length === 0 || value.length > maxLength) {
      return problem(
        problems,
        pointer,
        `must have 1 to ${maxLength} characters, has ${value.length}`,
      );
    }
    return value;
  };
}

/** An integer in [`min`, `max`]; at most 2^53 - 1 either way. */
export function integer(
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): Shape<number> {
  return (value, pointer, problems) => {
    if (typeof value !== "number" || !Number.isInteger(value)) {
      return problem(problems, pointer, `must be an integer, not ${nameOf(value)}`);
    }
    if (value < min || value > max) {
      return problem(problems, pointer, `must be in ${min} to ${max}, is ${value}`);
    }
    return value;
  };
}

/** A finite number in [`min`, `max`]. */
export function number(
  min: number = -Number.MAX_VALUE,
  max: number = Number.MAX_VALUE,
): Shape<number> {
  return (value, pointer, problems) => {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      return problem(problems, pointer, `must be a number, not ${nameOf(value)}`);
    }
    if (value < min || value > max) {
      return problem(problems, pointer, `must be in ${min} to ${max}, is ${value}`);
    }
    return value;
  };
}

/** `true` or `false`. */
export const boolean: Shape<boolean> = (value, pointer, problems) =>
  typeof value === "boolean"
    ? value
    : problem(problems, pointer, `must be true or false, not ${nameOf(value)}`);

/** One of the given constants. */
export function oneOf<const T extends readonly (string | number | boolean)[]>(
  ...choices: T
): Shape<T[number]> {
  return (value, pointer, problems) =>
    (choices as readonly unknown[]).includes(value)
      ? (value as T[number])
      : problem(problems, pointer, `must be ${choices.map((c) => JSON.stringify(c)).join(" or ")}`);
}

/** An array of `shape` with at most `maxLength` items. */
export function list<T>(shape: Shape<T>, maxLength: number = 10_000_000): Shape<readonly T[]> {
  return (value, pointer, problems) => {
    if (!Array.isArray(value)) {
      return problem(problems, pointer, `must be an array, not ${nameOf(value)}`);
    }
    if (value.length > maxLength) {
      return problem(
        problems,
        pointer,
        `must have at most ${maxLength} items, has ${value.length}`,
      );
    }
    const before = problems.length;
    const items = value.map((item, i) => shape(item, `${pointer}/${i}`, problems));
    return problems.length === before ? (items as T[]) : undefined;
  };
}

/** An object whose keys are free and whose values are `shape`. */
export function dictionary<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, pointer, problems) => {
    if (!isObject(value)) {
      return problem(problems, pointer, `must be an object, not ${nameOf(value)}`);
    }
    const before = problems.length;
    const entries = Object.entries(value).map(
      ([key, item]) => [key, shape(item, `${pointer}/${escapeToken(key)}`, problems)] as const,
    );
    return problems.length === before
      ? (Object.fromEntries(entries) as Record<string, T>)
      : undefined;
  };
}

/** An object with exactly these fields. */
export function object<T extends object>(fields: Fields<T>): Shape<T> {
  const known = Object.entries(fields) as [string, Field<unknown>][];
  return (value, pointer, problems) => {
    if (!isObject(value)) {
      return problem(problems, pointer, `must be an object, not ${nameOf(value)}`);
    }
    const before = problems.length;
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(fields, key)) {
        problems.push({ pointer: `${pointer}/${escapeToken(key)}`, message: "unknown field" });
      }
    }
    const result: Record<string, unknown> = {};
    for (const [key, field] of known) {
      const item = readField(field, value, key, { pointer, problems });
      if (item !== undefined) {
        result[key] = item;
      }
    }
    return problems.length === before ? (result as T) : undefined;
  };
}

function readField(
  field: Field<unknown>,
  value: Record<string, unknown>,
  key: string,
  at: { readonly pointer: string; readonly problems: JsonProblem[] },
): unknown {
  const place = `${at.pointer}/${escapeToken(key)}`;
  const shape = typeof field === "function" ? field : field.shape;
  if (Object.hasOwn(value, key)) {
    return shape(value[key], place, at.problems);
  }
  if (typeof field === "function") {
    at.problems.push({ pointer: place, message: "is missing" });
    return undefined;
  }
  return field.fallback;
}

/** Adds a problem and gives `undefined`, for custom shapes. */
export function problem(problems: JsonProblem[], pointer: string, message: string): undefined {
  problems.push({ pointer, message });
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
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
