import { describe, expect, it } from "vitest";
import { list } from "../../../src/core/json-containers.js";
import {
  type DocumentKind,
  type DocumentWording,
  defineDocument,
  documentSchema,
  encodeDocument,
  parseDocument,
  placeIn,
} from "../../../src/core/json-document.js";
import { integer, type JsonProblem } from "../../../src/core/json-shape.js";

interface Sizes {
  readonly sizes: readonly number[];
}

const KIND: DocumentKind<Sizes> = defineDocument<Sizes>(
  { format: "top-compile/sizes", version: 1, description: "Some sizes." },
  { sizes: list(integer(1)) },
);

const WORDING: DocumentWording = {
  notJson: (reason) => ({ code: "placement-not-json", message: reason, exit: 1 }),
  invalid: (problem) => ({
    code: "placement-invalid",
    where: placeIn("a.json", problem),
    message: problem.message,
    exit: 1,
  }),
};

const document = (fields: object) =>
  JSON.stringify({ format: "top-compile/sizes", version: 1, ...fields });

const read = (source: string) =>
  parseDocument(
    source,
    KIND,
    ({ sizes }, problems) => {
      if (new Set(sizes).size < sizes.length) {
        problems.push({ pointer: "/sizes", message: "repeats" });
      }
      return sizes;
    },
    WORDING,
  );

describe("parseDocument", () => {
  it("gives what the caller makes of a document", () => {
    expect(read(document({ sizes: [3, 4] }))).toEqual({ ok: true, value: [3, 4] });
  });

  it("reports every problem at its place, and none of what the caller would add", () => {
    expect(read(document({ sizes: [0, 0], more: 1 }))).toMatchObject({
      error: [
        { where: "a.json at /more" },
        { where: "a.json at /sizes/0" },
        { where: "a.json at /sizes/1" },
      ],
    });
  });

  it("reports what only the caller can see", () => {
    const error = [{ where: "a.json at /sizes", message: "repeats" }];
    expect(read(document({ sizes: [2, 2] }))).toMatchObject({ error });
  });

  it("has one problem with a document of another kind or version", () => {
    const kind = read(document({ format: "top-compile/profile", version: 7, operators: [] }));
    expect(kind).toMatchObject({
      error: [
        {
          where: "a.json at /format",
          message: "the file is a CPU profile, not a top-compile/sizes",
        },
      ],
    });
    expect(kind).toHaveProperty("error.length", 1);
    const version = read(document({ version: 2, lengths: [] }));
    expect(version).toMatchObject({
      error: [
        {
          where: "a.json at /version",
          message: "version 2: this program reads version 1; update top-compile",
        },
      ],
    });
    expect(version).toHaveProperty("error.length", 1);
    expect(read(document({ version: 0, lengths: [] }))).toMatchObject({
      error: [{ message: "version 0: this program reads version 1" }],
    });
  });

  it.each(["[]", "null", "3", '"text"', "{}"])("refuses %s as a whole", (source) => {
    expect(read(source)).toHaveProperty("error.0.code", "placement-invalid");
  });

  it("reports at most fifty problems", () => {
    expect(read(document({ sizes: new Array(1000).fill(0) }))).toHaveProperty("error.length", 50);
  });

  it.each([
    ["", "line 1, column 1: a value is expected, found the end of the file"],
    ["\b\btop", "it is a binary file, such as an ONNX model"],
    ["{\n  hello }", 'line 2, column 3: a key in "" is expected, found "h"'],
    ["a long text that is quoted in part", 'line 1, column 1: a value is expected, found "a"'],
  ])("says of %j where it is no JSON, without repeating the text", (source, message) => {
    expect(read(source)).toMatchObject({ error: [{ code: "placement-not-json", message }] });
  });
});

describe("encodeDocument", () => {
  it("writes the heading, then what the caller accepts", () => {
    expect(encodeDocument({ sizes: [3] }, KIND)).toBe(
      '{ "format": "top-compile/sizes", "version": 1, "sizes": [3] }\n',
    );
  });

  it("throws where reading would refuse the form or what only the caller can see", () => {
    expect(() => encodeDocument({ sizes: [0] }, KIND)).toThrow("internal: ");
    const accept = (_: Sizes, problems: JsonProblem[]): void => {
      problems.push({ pointer: "/sizes", message: "repeat" });
    };
    expect(() => encodeDocument({ sizes: [2, 2] }, KIND, accept)).toThrow("/sizes repeat");
  });
});

describe("documentSchema", () => {
  it("is of the heading and the fields", () => {
    expect(documentSchema(KIND)).toEqual({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: "urn:top-compile:sizes:1",
      title: "top-compile/sizes, version 1",
      description: "Some sizes.",
      type: "object",
      additionalProperties: false,
      required: ["format", "version", "sizes"],
      properties: {
        format: { const: "top-compile/sizes" },
        version: { const: 1 },
        sizes: {
          type: "array",
          maxItems: 10_000_000,
          items: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
        },
      },
    });
  });
});
