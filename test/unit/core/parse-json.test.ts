import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JsonTextProblem, parseJson } from "../../../src/core/parse-json.js";

function problemOf(text: string): JsonTextProblem | undefined {
  const parsed = parseJson(text);
  return parsed.ok ? undefined : parsed.problem;
}

describe("parseJson", () => {
  it("gives what JSON.parse gives, of every JSON value and however it is printed", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, "\t\r\n"), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
      { numRuns: 500 },
    );
  });

  it("refuses whatever JSON.parse refuses", () => {
    fc.assert(
      fc.property(
        fc.jsonValue().map((value) => JSON.stringify(value)),
        fc.nat(),
        fc.constantFrom("", "{", "}", "]", ",", '"', "0", "\\", "-", ".", "e", "\u0000", "t"),
        (text, at, put) => {
          const place = at % (text.length + 1);
          const changed = text.slice(0, place) + put + text.slice(place + 1);
          let isJson = true;
          try {
            JSON.parse(changed);
          } catch {
            isJson = false;
          }
          const problem = problemOf(changed);
          // What is refused may end in bad syntax as well: the first problem is told.
          expect(problem?.kind ?? "none").toMatch(isJson ? /none|refused/ : /syntax|refused/);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    "1.5",
    "-0",
    "1e400",
    "-1E-3",
    "0.1e+2",
    "[]",
    "{}",
    " [ 1 , 2 ] ",
    '"\\u00e9\\n\\"\\\\"',
    "01",
    "1.",
    ".5",
    "+1",
    "- 1",
    "1e",
    "[1,]",
    '{"a":1,}',
    "{a:1}",
    "'a'",
    "[1 2]",
    '{"a" 1}',
    "nul",
    "truex",
    "NaN",
    '"a',
    '"\\x"',
    '"\\u12"',
    "",
    "  ",
    "[",
    '{"a"',
    '{"a":',
    "1 2",
    '"a\nb"',
  ])("agrees with JSON.parse on %j", (text) => {
    let wanted: unknown;
    try {
      wanted = JSON.parse(text);
    } catch {
      expect(problemOf(text)).toMatchObject({ kind: "syntax" });
      return;
    }
    if (wanted === Number.POSITIVE_INFINITY) {
      expect(problemOf(text)).toMatchObject({ kind: "refused" });
    } else {
      expect(parseJson(text)).toEqual({ ok: true, value: wanted });
    }
  });

  it("names line and column", () => {
    expect(problemOf('{\n  "a": 1,\n  b: 2 }')).toEqual({
      kind: "syntax",
      message: 'line 3, column 3: a key in "" is expected, found "b"',
    });
    expect(problemOf("[1,\n2")).toEqual({
      kind: "syntax",
      message: 'line 2, column 2: "," or "]" is expected, found the end of the file',
    });
  });

  it("refuses keys that occur twice, also ones that objects have of themselves", () => {
    expect(problemOf('{"a": [{"x/y": 1, "x\\u002fy": 2}]}')).toEqual({
      kind: "refused",
      pointer: "/a/0/x~1y",
      message: "is there twice",
    });
    expect(problemOf('{"__proto__": 1, "__proto__": 2}')).toMatchObject({ kind: "refused" });
    expect(parseJson('{"__proto__": {"a": 1}, "toString": 2}')).toMatchObject({ ok: true });
    expect(({} as { readonly a?: number }).a).toBeUndefined();
  });

  it("refuses integers that are not read exactly, and takes back what JavaScript prints", () => {
    for (const digits of ["9007199254740993", "4611686018427387905", "-9007199254740993"]) {
      expect(problemOf(`{"a": ${digits}}`)).toEqual({
        kind: "refused",
        pointer: "/a",
        message: `${digits} is beyond 2^53 and would not be read exactly`,
      });
    }
    for (const value of [2 ** 53 - 1, 2 ** 53, 2 ** 60, 1e20, 1.5e300, 123456789012345.6]) {
      expect(parseJson(JSON.stringify(value))).toEqual({ ok: true, value });
    }
  });

  it("refuses deep nesting and too many items, without reading on", () => {
    const deep = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(parseJson(deep(64)).ok).toBe(true);
    expect(problemOf(deep(65))).toMatchObject({ message: "is nested more than 64 deep" });
    expect(problemOf("[".repeat(10_000_000))).toMatchObject({ kind: "refused" });
    expect(problemOf(`{"a":[${"0,".repeat(10_000_001)}`)).toEqual({
      kind: "refused",
      pointer: "/a",
      message: "must have at most 10000000 items",
    });
  });
});
