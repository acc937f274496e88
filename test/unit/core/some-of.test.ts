import { expect, it } from "vitest";
import { someNames, someOf } from "../../../src/core/some-of.js";

it.each([
  [[], ""],
  [["a"], "a"],
  [["a", "b", "c"], "a, b, c"],
  [["a", "b", "c", "d", "e"], "a, b, c and 2 more"],
])("some of %j is %j", (texts, line) => {
  expect(someOf(texts)).toBe(line);
});

it("names stand in quotes", () => {
  expect(someNames(["a", "b"], 1)).toBe('"a" and 1 more');
});
