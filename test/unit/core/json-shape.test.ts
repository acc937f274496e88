import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import {
  dictionary,
  distinct,
  list,
  object,
  optional,
  unless,
} from "../../../src/core/json-containers.js";
import { differingFields, encode } from "../../../src/core/json-encode.js";
import {
  integer,
  type JsonProblem,
  oneOf,
  type Shape,
  text,
  textLike,
} from "../../../src/core/json-shape.js";
import { stableJson } from "../../../src/core/stable-json.js";

interface Inner {
  readonly name: string;
  readonly size: number;
  readonly tags: readonly string[];
}

interface Box extends Inner {
  readonly color?: "red" | "blue";
  readonly inner?: Inner;
}

const SIZE = integer(1).named("size");
const TAGS = unless<readonly string[]>([], list(text(8), 3));
const BOX: Shape<Box> = object<Box>({
  name: text(),
  size: SIZE,
  color: optional(oneOf("red", "blue")),
  tags: TAGS,
  inner: optional(
    object<Inner>({ name: text(), size: SIZE.describe("Of the inner box."), tags: TAGS }),
  ),
});

function problemsOf(shape: Shape<unknown>, value: unknown): string[] {
  const problems: JsonProblem[] = [];
  shape.read(value, "", problems);
  return problems.map(({ pointer, message }) => `${pointer} ${message}`);
}

describe("encode", () => {
  it("writes the keys of every record in the order of the shape", () => {
    const box = { tags: ["a"], size: 2, name: "n", inner: { tags: [], size: 1, name: "m" } };
    expect(stableJson(encode(BOX, box as Box))).toBe(
      '{ "name": "n", "size": 2, "tags": ["a"], "inner": { "name": "m", "size": 1 } }\n',
    );
  });

  it("leaves out what is undefined", () => {
    const box = { name: "n", size: 1, color: undefined, tags: [] } as unknown as Box;
    expect(encode(BOX, box)).toEqual({ name: "n", size: 1 });
  });

  it.each<[string, object, string]>([
    ["a value that reading refuses", { name: "n", size: 0.5, tags: [] }, "/size must be"],
    ["an unknown field", { name: "n", size: 1, tags: [], more: 1 }, "/more unknown field"],
    ["a missing field", { size: 1, tags: [] }, "/name is missing"],
    [
      "the same further in",
      { name: "n", size: 1, tags: [], inner: { name: "n", size: 1, tags: [], more: 1 } },
      "/inner/more unknown field",
    ],
  ])("throws for %s", (_, value, message) => {
    expect(() => encode(BOX, value as Box)).toThrow(message);
    expect(() => encode(BOX, value as Box)).toThrow("internal: ");
  });

  it("writes what `writtenAs` leaves of a value", () => {
    const shape = object<{ a: number; b: number }>({
      a: optional(integer(), 7),
      b: integer(),
    }).writtenAs(({ b }) => ({ b }));
    expect(encode(shape, { a: 7, b: 1 })).toEqual({ b: 1 });
    expect(shape.read({ b: 1 }, "", [])).toEqual({ a: 7, b: 1 });
  });
});

describe("differingFields", () => {
  it("names fields that one value has and the other not, or otherwise", () => {
    const box: Box = { name: "n", size: 1, tags: [] };
    expect(differingFields(BOX, box, { tags: [], size: 1, name: "n" })).toEqual([]);
    expect(differingFields(BOX, { ...box, color: "red" }, { ...box, size: 2 })).toEqual([
      "size",
      "color",
    ]);
    expect(differingFields(BOX, { ...box, size: 2 }, { ...box, color: "red" })).toEqual([
      "size",
      "color",
    ]);
  });
});

describe("shapes", () => {
  it("say of a list how many items it must have", () => {
    expect(problemsOf(list(text(), 3, 3), ["a"])).toEqual([" must have 3 items, has 1"]);
    expect(problemsOf(list(text(), 1, 1), ["a", "b"])).toEqual([" must have 1 items, has 2"]);
    expect(problemsOf(list(text(), 9, 1), [])).toEqual([" must not be empty"]);
    expect(problemsOf(list(text(), 1), ["a", "b"])).toEqual([" must have at most 1 items, has 2"]);
  });

  it("count characters of a text as a schema does", () => {
    const schema = new Ajv2020().compile(text(3).schema(new Map()));
    const at = ["", "abc", "abcd", "\u{1f600}".repeat(3), "\u{1f600}".repeat(4), "a\ud83d\ud83da"];
    expect(at.map((value) => problemsOf(text(3), value).length === 0)).toEqual(
      at.map((value) => schema(value)),
    );
    expect(at.map((value) => schema(value))).toEqual([false, true, false, true, false, false]);
    expect(problemsOf(text(3), "\u{1f600}abc")).toEqual([" must have 1 to 3 characters, has 4"]);
  });

  it("say which text is there twice", () => {
    expect(problemsOf(distinct(list(text())), ["a", "b", "a"])).toEqual(['/2 "a" is there twice']);
  });

  it("say what a text must look like", () => {
    expect(problemsOf(textLike(/^a+$/, "must be a few a"), "ab")).toEqual([" must be a few a"]);
    expect(problemsOf(textLike(/^a+$/, "must be a few a"), 3)).toEqual([" must be a few a"]);
  });
});

describe("schemas", () => {
  it("have shapes with a name once, descriptions at the fields, and what is read for absent ones", () => {
    const definitions = new Map();
    const schema = dictionary(BOX).schema(definitions);
    expect(schema).toMatchObject({
      type: "object",
      additionalProperties: {
        required: ["name", "size"],
        properties: {
          size: { $ref: "#/$defs/size" },
          color: { enum: ["red", "blue"] },
          tags: { type: "array", maxItems: 3, default: [] },
          inner: {
            properties: { size: { description: "Of the inner box.", $ref: "#/$defs/size" } },
          },
        },
      },
    });
    expect([...definitions.keys()]).toEqual(["size"]);
  });

  it("refuse one name for two shapes", () => {
    const two = object<{ a: number; b: number }>({
      a: integer(1).named("n"),
      b: integer(2).named("n"),
    });
    expect(() => two.schema(new Map())).toThrow('internal: two shapes are named "n"');
  });
});
