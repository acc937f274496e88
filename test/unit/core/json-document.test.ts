import { describe, expect, it } from "vitest";
import {
  type DocumentKind,
  type DocumentWording,
  parseDocument,
  placeIn,
} from "../../../src/core/json-document.js";
import { integer, list, object, oneOf } from "../../../src/core/json-shape.js";

interface Sizes {
  readonly format: "top-compile/sizes";
  readonly version: 1;
  readonly sizes: readonly number[];
}

const KIND: DocumentKind<Sizes> = {
  format: "top-compile/sizes",
  version: 1,
  shape: object<Sizes>({
    format: oneOf("top-compile/sizes"),
    version: oneOf(1),
    sizes: list(integer(1)),
  }),
};

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
      error: [{ where: "a.json at /version", message: "must be 1, is 2" }],
    });
    expect(version).toHaveProperty("error.length", 1);
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
