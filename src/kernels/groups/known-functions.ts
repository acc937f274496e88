/** Functions of one value that libraries apply to results, recognized by their values in whatever way they are written. */
import { present } from "../../core/invariant.js";
import { errorFunction, evaluate } from "../language/evaluate.js";
import { type Expression, literal, local } from "../language/expression.js";
import type { KernelStep } from "../operators/element-values.js";

/** GELU with the error function, and its approximation by tanh. */
export type KnownFunction = "relu" | "gelu" | "gelu-by-tanh";

const FUNCTIONS: Readonly<Record<KnownFunction, (x: number) => number>> = {
  relu: (x) => Math.max(0, x),
  gelu: (x) => (x / 2) * (1 + errorFunction(x / Math.SQRT2)),
  "gelu-by-tanh": (x) =>
    (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

/** Where functions are compared: closely where they bend, and far out, where a limit would show. */
const PLACES: readonly number[] = [
  ...Array.from({ length: 161 }, (_, i) => (i - 80) / 10),
  ...[15, 40, 100, 1000, 20_000].flatMap((x) => [-x, x]),
];

/** Largest difference of two ways to write one function with constants in f32, relative to the argument. */
const TOLERANCE = 2e-6;

/** Whether an operand of a step is the one value that steps are a function of. */
export type IsInput = (step: number, operand: number) => boolean;

/** What a function gives, or `undefined` for one that cannot be computed. */
export type ValueOf = (x: number) => number | undefined;

/**
 * The function that steps make of one value, of which all else are constants of one element; `undefined` for functions that are
 * not known. The first step reads the value from memory as `input`. Cost: O(operators), for each of 171 places.
 */
export function knownFunction(
  steps: readonly KernelStep[],
  isInput: IsInput,
): KnownFunction | undefined {
  const applied = functionOfSteps(steps, isInput);
  const names = Object.keys(FUNCTIONS) as KnownFunction[];
  return names.find((name) => isSame(applied, FUNCTIONS[name]));
}

/** The function that steps make of one value. Cost: O(operators) a value. */
export function functionOfSteps(steps: readonly KernelStep[], isInput: IsInput): ValueOf {
  const expressions = steps.map((step, at) => expressionOf(step, at, isInput));
  const known = new Map<number, number | undefined>();
  return (x) => {
    if (!known.has(x)) {
      known.set(x, valueAt(expressions, x));
    }
    return known.get(x);
  };
}

/** Whether a function gives what another does, as far as constants in f32 can tell. */
export function isSame(applied: ValueOf, wanted: (x: number) => number): boolean {
  return PLACES.every((x) => {
    const value = applied(x);
    return value !== undefined && Math.abs(value - wanted(x)) <= TOLERANCE * (1 + Math.abs(x));
  });
}

function expressionOf(
  step: KernelStep,
  at: number,
  isInput: (step: number, operand: number) => boolean,
): Expression | undefined {
  if (step.kind === "given") {
    return undefined;
  }
  const operands: Expression[] = [];
  for (const [i, operand] of step.formula.operands.entries()) {
    const earlier = step.from[i];
    const known = operand.values?.length === 1 ? operand.values[0] : undefined;
    if (earlier !== undefined) {
      operands.push(local("f32", `y${earlier}`));
    } else if (isInput(at, i)) {
      operands.push(local("f32", "x"));
    } else if (known !== undefined) {
      operands.push(literal("f32", known));
    } else {
      return undefined;
    }
  }
  return step.formula.value(operands);
}

function valueAt(expressions: readonly (Expression | undefined)[], x: number): number | undefined {
  const known = new Map([["x", x]]);
  for (const [at, expression] of expressions.entries()) {
    const value = expression && evaluate(expression, (name) => known.get(name));
    if (value === undefined) {
      return undefined;
    }
    known.set(`y${at}`, value);
  }
  return present(known.get(`y${expressions.length - 1}`), "last value");
}
