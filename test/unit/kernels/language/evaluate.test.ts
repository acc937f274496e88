import { describe, expect, it } from "vitest";
import { errorFunction, evaluate } from "../../../../src/kernels/language/evaluate.js";
import {
  add,
  choose,
  less,
  literal,
  load,
  local,
  unary,
} from "../../../../src/kernels/language/expression.js";

describe("the error function", () => {
  // Abramowitz and Stegun, table 7.1.
  it.each([
    [0, 0],
    [0.1, 0.112462916],
    [0.5, 0.5204998778],
    [1, 0.8427007929],
    [1.5, 0.9661051465],
    [2, 0.995322265],
  ])("of %d is %d", (x, wanted) => {
    expect(errorFunction(x)).toBeCloseTo(wanted, 8);
    expect(errorFunction(-x)).toBeCloseTo(-wanted, 8);
  });

  it("is one far out", () => {
    expect(errorFunction(5)).toBe(1);
    expect(errorFunction(-1e9)).toBe(-1);
  });
});

describe("the value of an expression", () => {
  const x = local("f32", "x");
  const at = (value: number) => (name: string) => (name === "x" ? value : undefined);

  it("is computed from those of its locals", () => {
    expect(evaluate(add(unary("sqrt", x), literal("f32", 0.5)), at(9))).toBe(3.5);
    expect(evaluate(unary("negate", x), at(2))).toBe(-2);
  });

  it("is that of the side that is chosen", () => {
    const below = choose(less(x, literal("f32", 1)), literal("f32", 7), unary("negate", x));
    expect([0, 1, 2].map((value) => evaluate(below, at(value)))).toEqual([7, -1, -2]);
    const other = choose(less(x, local("f32", "z")), x, x);
    expect(evaluate(other, at(1))).toBeUndefined();
  });

  it("is none where it rounds, or reads memory or what is not known", () => {
    for (const open of [
      less(x, local("f32", "z")),
      unary("floor", x),
      load("f32", 0, literal("i32", 0)),
      local("f32", "z"),
      add(x, local("f32", "z")),
    ]) {
      expect(evaluate(open, at(1))).toBeUndefined();
    }
  });
});
