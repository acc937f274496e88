/** Element-wise arithmetic on small constants, as shape computations and masks need it. */
import { type ElementType, elementTypeOf } from "../../ir/element-type.js";
import { isFloat, isInteger } from "../infer/fact.js";
import type { Evaluation, Evaluator, EvaluatorTable } from "./evaluator.js";
import { broadcastStrides, forEachPlace, positionOf } from "./indices.js";

type Unary = (value: number) => number;
type Binary = (left: number, right: number) => number;

function unary(operation: Unary): Evaluator {
  return ({ inputs }) => {
    const round = rounding(inputs[0]?.elementType);
    return inputs[0]?.values.map((value) => round(operation(value)));
  };
}

function predicate(operation: (value: number) => boolean): Evaluator {
  return ({ inputs }) => inputs[0]?.values.map((value) => Number(operation(value)));
}

/** Folds all inputs from the left. */
function variadic(operation: Binary): Evaluator {
  return (evaluation) => {
    const round = rounding(evaluation.inputs[0]?.elementType);
    return combine(evaluation, (values) =>
      values.reduce((left, right) => round(operation(left, right))),
    );
  };
}

function comparison(operation: (left: number, right: number) => boolean): Evaluator {
  return (evaluation) =>
    combine(evaluation, ([left = 0, right = 0]) => Number(operation(left, right)));
}

/** Applies `operation` to the elements of all inputs at each place of the output. */
function combine(
  { inputs: all, dims }: Evaluation,
  operation: (values: readonly number[]) => number,
): readonly number[] {
  const inputs = all.filter((input) => input !== undefined);
  const strides = inputs.map((input) => broadcastStrides(input.dims, dims.length));
  const result: number[] = [];
  forEachPlace(dims, (at) => {
    result.push(
      operation(inputs.map((input, i) => input.values[positionOf(at, strides[i] ?? [])] ?? 0)),
    );
  });
  return result;
}

/** What storing a number in the type does to it (overflow apart). */
function rounding(type: ElementType | undefined): Unary {
  if (type === "float32" || type === "float16" || type === "bfloat16") {
    return Math.fround;
  }
  return type !== undefined && isInteger(type) ? Math.trunc : (value) => value;
}

const divide: Evaluator = (evaluation) =>
  evaluation.inputs[1]?.values.includes(0) && isInteger(evaluation.inputs[1].elementType ?? "int64")
    ? undefined
    : variadic((left, right) => left / right)(evaluation);

/** The sign of the divisor, or that of the dividend with `fmod`. */
const modulo: Evaluator = (evaluation) => {
  const isC = evaluation.call.int("fmod") === 1;
  return evaluation.inputs[1]?.values.includes(0)
    ? undefined
    : variadic((left, right) => (isC ? left % right : left - right * Math.floor(left / right)))(
        evaluation,
      );
};

const where: Evaluator = (evaluation) =>
  combine(evaluation, ([condition, yes = 0, no = 0]) => (condition ? yes : no));

const cast: Evaluator = (evaluation) =>
  castTo(evaluation, elementTypeOf(evaluation.call.int("to") ?? 0));

const castLike: Evaluator = (evaluation) => castTo(evaluation, evaluation.inputs[1]?.elementType);

function castTo({ inputs }: Evaluation, type: ElementType | undefined) {
  const values = inputs[0]?.values;
  if (type === undefined || values === undefined || type === "string") {
    return undefined;
  }
  if (type === "bool") {
    return values.map((value) => Number(value !== 0));
  }
  if (!isFloat(type) && !isInteger(type)) {
    return undefined;
  }
  if (isInteger(type) && values.some((value) => !Number.isFinite(value))) {
    return undefined;
  }
  return values.map(rounding(type));
}

const clip: Evaluator = ({ call, inputs }) => {
  const given = (i: number) => (call.has(i) ? call.values(i)?.[0] : undefined);
  const low = given(1) ?? call.float("min") ?? Number.NEGATIVE_INFINITY;
  const high = given(2) ?? call.float("max") ?? Number.POSITIVE_INFINITY;
  return inputs[0]?.values.map((value) => Math.min(Math.max(value, low), high));
};

/** Halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** Evaluators of element-wise operators. */
export const ELEMENTWISE_EVALUATORS: EvaluatorTable = {
  Add: variadic((left, right) => left + right),
  Sub: variadic((left, right) => left - right),
  Mul: variadic((left, right) => left * right),
  Div: divide,
  Mod: modulo,
  Pow: variadic((left, right) => left ** right),
  Sum: variadic((left, right) => left + right),
  Min: variadic(Math.min),
  Max: variadic(Math.max),
  And: comparison((left, right) => left !== 0 && right !== 0),
  Or: comparison((left, right) => left !== 0 || right !== 0),
  Xor: comparison((left, right) => (left !== 0) !== (right !== 0)),
  Equal: comparison((left, right) => left === right),
  Less: comparison((left, right) => left < right),
  LessOrEqual: comparison((left, right) => left <= right),
  Greater: comparison((left, right) => left > right),
  GreaterOrEqual: comparison((left, right) => left >= right),
  Not: predicate((value) => value === 0),
  IsNaN: predicate(Number.isNaN),
  Abs: unary(Math.abs),
  Neg: unary((value) => -value),
  Sign: unary(Math.sign),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundHalfEven),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Reciprocal: unary((value) => 1 / value),
  Relu: unary((value) => Math.max(value, 0)),
  Where: where,
  Cast: cast,
  CastLike: castLike,
  Clip: clip,
};
