import { describe, expect, it } from "vitest";
import { dimExpression } from "../../../src/onnx/dim-expression.js";

const SIZES: Readonly<Record<string, number>> = { a: 7, b: 2, "past.len": 8, seq_1: 4 };

function sizeOf(expression: string): number | undefined {
  return dimExpression(expression)?.evaluate((name) => SIZES[name]);
}

describe("dim expressions", () => {
  it.each([
    ["past.len + seq_1", 12],
    ["(past.len+1)", 9],
    ["a - b - 1", 4],
    ["a - (b - 1)", 6],
    ["4*a + b", 30],
    ["a//b", 3],
    ["floor(a/b)", 3],
    ["ceiling(a/b)", 4],
    ["a % b", 1],
    ["((a - 1)//b) + 1", 4],
    ["Max(1, b, a)", 7],
    ["Min(a, b)", 2],
    ["b - a", 0],
    ["a**b", 49],
    ["2*b**3**b", 1024],
    ["-b**2 + 10", 6],
    ["-1*b + a", 5],
    ["a + -b", 5],
    ["Mod(a, b)", 1],
    ["PythonMod(b - a, 3)", 1],
    ["FloorDiv(a, b)", 3],
    ["CeilToInt(IntTrueDiv(a, b))", 4],
    ["Mod(a)", undefined],
    ["a/b", undefined],
    ["a + missing", undefined],
  ])("%s is %s", (expression, size) => {
    expect(sizeOf(expression)).toBe(size);
  });

  it.each(["batch", "past_len", "", "a +", "(a", "a b", "a + + b", "1e5x", "sqrt(a)", "a, b", "-"])(
    "%j is a name like any other",
    (name) => {
      expect(dimExpression(name)).toBeUndefined();
    },
  );

  it("lists names once", () => {
    expect(dimExpression("a*b + Max(a, c)")?.names).toEqual(["a", "b", "c"]);
  });

  it("does not read names without end", () => {
    expect(dimExpression(`a${" + a".repeat(10_000)}`)).toBeUndefined();
  });
});
