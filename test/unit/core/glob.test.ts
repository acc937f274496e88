import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isGlob, matchesGlob } from "../../../src/core/glob.js";

describe("matchesGlob", () => {
  it.each([
    ["conv1", "conv1", true],
    ["conv1", "conv", false],
    ["conv1", "conv?", true],
    ["conv12", "conv?", false],
    ["block3/conv1", "block3/*", true],
    ["block30/conv1", "block3/*", false],
    ["a.b", "a?b", true],
    ["a.b", "a.c", false],
    ["", "*", true],
    ["", "?", false],
    ["aXbXc", "a*X*c", true],
    ["(a|b)+", "(a|b)+", true],
  ])("%s by %s: %s", (text, pattern, matches) => {
    expect(matchesGlob(text, pattern)).toBe(matches);
  });

  it("agrees with a regular expression", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
    fc.assert(
      fc.property(text, letters, (each, pattern) => {
        const expression = pattern.replaceAll("*", ".*").replaceAll("?", ".");
        expect(matchesGlob(each, pattern)).toBe(new RegExp(`^${expression}$`).test(each));
      }),
    );
  });

  it("ends soon for a pattern that takes regular expressions for ever", () => {
    expect(matchesGlob("a".repeat(20_000), `${"*a".repeat(200)}b`)).toBe(false);
    expect(isGlob("a*")).toBe(true);
    expect(isGlob("a.b")).toBe(false);
  });
});
