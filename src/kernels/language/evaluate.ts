/** Values of expressions of one variable, to recognize a function in whatever way it is written. */
import type { BinaryOperation, Expression, UnaryOperation } from "./expression.js";

const UNARY: Readonly<Partial<Record<UnaryOperation, (x: number) => number>>> = {
  negate: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  reciprocalSqrt: (x) => 1 / Math.sqrt(x),
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  erf: errorFunction,
  tanh: Math.tanh,
};

const BINARY: Readonly<Partial<Record<BinaryOperation, (a: number, b: number) => number>>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  power: (a, b) => a ** b,
  minimum: Math.min,
  maximum: Math.max,
  equal: (a, b) => Number(a === b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
};

/**
 * The value of an expression in double precision, with the given values of locals; `undefined` where it rounds or reads
 * memory; what is asked is 1 or 0. Cost: O(expression).
 */
export function evaluate(
  expression: Expression,
  localOf: (name: string) => number | undefined,
): number | undefined {
  switch (expression.kind) {
    case "constant":
      return expression.value;
    case "local":
      return localOf(expression.name);
    case "narrow":
      return evaluate(expression.value, localOf);
    case "convert":
      return expression.type === "f32" || expression.type === "f64"
        ? evaluate(expression.value, localOf)
        : undefined;
    case "unary": {
      const value = evaluate(expression.value, localOf);
      return value === undefined ? undefined : UNARY[expression.operation]?.(value);
    }
    case "binary": {
      const left = evaluate(expression.left, localOf);
      const right = evaluate(expression.right, localOf);
      return left === undefined || right === undefined
        ? undefined
        : BINARY[expression.operation]?.(left, right);
    }
    case "choose": {
      const condition = evaluate(expression.condition, localOf);
      const chosen = condition === 0 ? expression.no : expression.yes;
      return condition === undefined ? undefined : evaluate(chosen, localOf);
    }
    default:
      return undefined;
  }
}

/** Terms of its series, which is alternating: enough for 1e-12 up to 4. */
const TERMS = 100;

/** Beyond it the error function is 1 to within 2e-8. */
const FLAT = 4;

/** The error function to about 1e-8: its series, and its limit. Source: Abramowitz and Stegun, 7.1.5. */
export function errorFunction(x: number): number {
  if (Math.abs(x) >= FLAT) {
    return Math.sign(x);
  }
  let power = x;
  let sum = x;
  for (let n = 1; n < TERMS; n++) {
    power *= (-x * x) / n;
    sum += power / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
