import { type JsonProblem, nameOf, problem, type Reader, Shape } from "./json-shape.js";

/** The shapes of the members of a union, by the value of the field that tells them apart. */
export type TaggedCases<T> = Readonly<Record<string, Shape<T>>>;

/**
 * An object whose form depends on one of its fields: `key` names the field, `cases` the form for each
 * of its values. Each form has that field too, as `oneOf` its one value.
 */
export function tagged<T extends object>(key: string, cases: TaggedCases<T>): Shape<T> {
  const caseOf = (value: unknown): Shape<T> | undefined => {
    const tag = (value as Readonly<Record<string, unknown>> | null)?.[key];
    return typeof tag === "string" && Object.hasOwn(cases, tag) ? cases[tag] : undefined;
  };
  const read: Reader<T> = (value, pointer, problems) =>
    caseOf(value)?.read(value, pointer, problems) ?? untagged(value, pointer, problems);
  const untagged = (value: unknown, pointer: string, problems: JsonProblem[]): undefined => {
    if (caseOf(value) !== undefined) {
      return undefined;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return problem(problems, pointer, `must be an object, not ${nameOf(value)}`);
    }
    const names = Object.keys(cases).map((name) => JSON.stringify(name));
    const what = Object.hasOwn(value, key) ? `must be ${names.join(" or ")}` : "is missing";
    return problem(problems, `${pointer}/${key}`, what);
  };
  return new Shape({
    read,
    schema: (definitions) => ({
      anyOf: Object.values(cases).map((each) => each.schema(definitions)),
    }),
    ordered: (value) => caseOf(value)?.ordered(value) ?? value,
  });
}
