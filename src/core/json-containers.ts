/** Shapes of what holds other values: lists and objects. */
import {
  escapeToken,
  type JsonProblem,
  type JsonSchema,
  nameOf,
  problem,
  type Reader,
  type SchemaDefinitions,
  Shape,
} from "./json-shape.js";
import type { Json } from "./stable-json.js";

/** A field that may be absent; the result then lacks the key, or has `fallback`. */
interface OptionalField<T> {
  readonly optional: true;
  readonly shape: Shape<T>;
  readonly fallback: T | undefined;
  /** Whether `fallback` itself is left out when it is written. */
  readonly isLean: boolean;
}

type Field<T> = Shape<T> | OptionalField<T>;

/** Shapes of the fields of `T`, in the order in which they are read and written. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> };

/** A field that may be absent. */
export function optional<T>(shape: Shape<T>, fallback?: T): OptionalField<T> {
  return { optional: true, shape, fallback, isLean: false };
}

/** A field that is `fallback` when it is absent, and is left out when it is that. */
export function unless<T>(fallback: T, shape: Shape<T>): OptionalField<T> {
  return { optional: true, shape, fallback, isLean: true };
}

/** Most items of a list whose shape does not say. */
const MAX_ITEMS = 10_000_000;

/** An array of `shape` with `minLength` to `maxLength` items. */
export function list<T>(
  shape: Shape<T>,
  maxLength: number = MAX_ITEMS,
  minLength: number = 0,
): Shape<readonly T[]> {
  const read: Reader<readonly T[]> = (value, pointer, problems) => {
    if (!Array.isArray(value)) {
      return problem(problems, pointer, `must be an array, not ${nameOf(value)}`);
    }
    const wrong = wrongLength(value.length, minLength, maxLength);
    if (wrong !== undefined) {
      return problem(problems, pointer, wrong);
    }
    const before = problems.length;
    const items = value.map((item, i) => shape.read(item, `${pointer}/${i}`, problems));
    return problems.length === before ? (items as T[]) : undefined;
  };
  return new Shape({
    read,
    schema: (definitions) => ({
      type: "array",
      ...(minLength === 0 ? {} : { minItems: minLength }),
      maxItems: maxLength,
      items: shape.schema(definitions),
    }),
    ordered: (value) => (Array.isArray(value) ? value.map(shape.ordered) : value),
  });
}

function wrongLength(length: number, min: number, max: number): string | undefined {
  if (length > max) {
    return `must have ${min === max ? "" : "at most "}${max} items, has ${length}`;
  }
  if (length >= min) {
    return undefined;
  }
  return min === 1 ? "must not be empty" : `must have ${min} items, has ${length}`;
}

/** A list of texts that are all different. */
export function distinct(texts: Shape<readonly string[]>): Shape<readonly string[]> {
  return new Shape({
    ...texts,
    read: (value, pointer, problems) => {
      const read = texts.read(value, pointer, problems);
      const before = problems.length;
      const seen = new Set<string>();
      for (const [at, item] of (read ?? []).entries()) {
        if (seen.has(item)) {
          problem(problems, `${pointer}/${at}`, `"${item}" is there twice`);
        }
        seen.add(item);
      }
      return problems.length === before ? read : undefined;
    },
    schema: (definitions) => ({ ...texts.schema(definitions), uniqueItems: true }),
  });
}

/** An object whose keys are free and whose values are `shape`. */
export function dictionary<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  const read: Reader<Readonly<Record<string, T>>> = (value, pointer, problems) => {
    if (!isObject(value)) {
      return problem(problems, pointer, `must be an object, not ${nameOf(value)}`);
    }
    const before = problems.length;
    const entries = Object.entries(value).map(
      ([key, item]) => [key, shape.read(item, `${pointer}/${escapeToken(key)}`, problems)] as const,
    );
    return problems.length === before
      ? (Object.fromEntries(entries) as Record<string, T>)
      : undefined;
  };
  return new Shape({
    read,
    schema: (definitions) => ({
      type: "object",
      additionalProperties: shape.schema(definitions),
    }),
    ordered: (value) =>
      isObject(value)
        ? Object.fromEntries(
            Object.entries(value).map(([key, item]) => [key, shape.ordered(item)] as const),
          )
        : value,
  });
}

/** An object with exactly these fields. */
export function object<T extends object>(fields: Fields<T>): Shape<T> {
  const known = Object.entries(fields) as [string, Field<unknown>][];
  const read: Reader<T> = (value, pointer, problems) => {
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
  return new Shape({
    read,
    schema: (definitions) => objectSchema(known, definitions),
    ordered: (value) =>
      isObject(value)
        ? orderedObject(fields as Readonly<Record<string, Field<unknown>>>, value)
        : value,
  });
}

function readField(
  field: Field<unknown>,
  value: Record<string, unknown>,
  key: string,
  at: { readonly pointer: string; readonly problems: JsonProblem[] },
): unknown {
  const place = `${at.pointer}/${escapeToken(key)}`;
  const shape = shapeOf(field);
  if (Object.hasOwn(value, key)) {
    return shape.read(value[key], place, at.problems);
  }
  if (field instanceof Shape) {
    at.problems.push({ pointer: place, message: "is missing" });
    return undefined;
  }
  return field.fallback;
}

function orderedObject(
  fields: Readonly<Record<string, Field<unknown>>>,
  value: Record<string, unknown>,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(fields)) {
    const item = isLeftOut(field, value[key]) ? undefined : shapeOf(field).ordered(value[key]);
    if (item !== undefined) {
      result[key] = item;
    }
  }
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined && !Object.hasOwn(fields, key)) {
      result[key] = item;
    }
  }
  return result;
}

function isLeftOut(field: Field<unknown>, item: unknown): boolean {
  return (
    item === undefined ||
    (!(field instanceof Shape) &&
      field.isLean &&
      JSON.stringify(item) === JSON.stringify(field.fallback))
  );
}

function objectSchema(
  known: readonly (readonly [string, Field<unknown>])[],
  definitions: SchemaDefinitions,
): JsonSchema {
  const required = known.flatMap(([key, field]) => (field instanceof Shape ? [key] : []));
  const properties = known.map(([key, field]) => {
    const schema = shapeOf(field).schema(definitions);
    return [
      key,
      field instanceof Shape || field.fallback === undefined
        ? schema
        : { ...schema, default: field.fallback as Json },
    ] as const;
  });
  return {
    type: "object",
    additionalProperties: false,
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(properties),
  };
}

function shapeOf<T>(field: Field<T>): Shape<T> {
  return field instanceof Shape ? field : field.shape;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
