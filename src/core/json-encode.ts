import { InternalError } from "./invariant.js";
import type { JsonProblem, Shape } from "./json-shape.js";
import type { Json } from "./stable-json.js";

/**
 * A value of our own as JSON, keys in the order of its shape; fields that are `undefined` are left out.
 *
 * Ensures: the shape reads the result. Throws `InternalError` for a value that it would refuse.
 */
export function encode<T>(shape: Shape<T>, value: NoInfer<T>): Json {
  const json = shape.ordered(value);
  const problems: JsonProblem[] = [];
  shape.read(json, "", problems);
  const [first] = problems;
  if (first !== undefined) {
    throw new InternalError(
      `what is to be written would be refused: ${first.pointer} ${first.message}`,
    );
  }
  return json as Json;
}

/**
 * Fields in which two values of a shape differ when they are written, in the order of the format.
 *
 * Requires: the shape of an object.
 */
export function differingFields<T>(
  shape: Shape<T>,
  one: NoInfer<T>,
  other: NoInfer<T>,
): readonly string[] {
  const [a, b] = [shape.ordered(one), shape.ordered(other)] as readonly Record<string, unknown>[];
  return Object.keys({ ...a, ...b }).filter(
    (key) => JSON.stringify(a?.[key]) !== JSON.stringify(b?.[key]),
  );
}
