/** Element-wise arithmetic on small constants, for shape computations and masks. */
import { type ElementType, elementTypeOf } from "../../ir/element-type.js";
import { isFloat, isInteger } from "../infer/fact.js";
import type { Evaluator, EvaluatorCall } from "./evaluator.js";
import { broadcastStrides, forEachPlace, positionOf } from "./indices.js";

type Unary = (value: number) => number;
type Binary = (left: number, right: number) => number;

/** One operation on each element of input 0, rounded as its type stores it. */
export function unary(operation: Unary): Evaluator {
  return ({ inputs }) => {
    const round = rounding(inputs[0]?.elementType);
    return inputs[0]?.values.map((value) => round(operation(value)));
  };
}

/** A condition on each element of input 0. */
export function predicate(operation: (value: number) => boolean): Evaluator {
  return ({ inputs }) => inputs[0]?.values.map((value) => Number(operation(value)));
}

/** Folds all inputs from the left. */
export function variadic(operation: Binary): Evaluator {
  return (evaluation) => {
    const round = rounding(evaluation.inputs[0]?.elementType);
    return combine(evaluation, (values) =>
      values.reduce((left, right) => round(operation(left, right))),
    );
  };
}

/** A relation between the elements of two inputs, broadcast. */
export function comparison(operation: (left: number, right: number) => boolean): Evaluator {
  return (evaluation) =>
    combine(evaluation, ([left = 0, right = 0]) => Number(operation(left, right)));
}

/** Applies `operation` to the elements of all inputs at each place of the output. */
function combine(
  { inputs: all, dims }: EvaluatorCall,
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

/** Rounds a number as storing it in the type does (overflow apart). */
function rounding(type: ElementType | undefined): Unary {
  if (type === "float32" || type === "float16" || type === "bfloat16") {
    return Math.fround;
  }
  return type !== undefined && isInteger(type) ? Math.trunc : (value) => value;
}

/** `Div`; unknown where integers are divided by zero. */
export const divide: Evaluator = (evaluation) =>
  evaluation.inputs[1]?.values.includes(0) && isInteger(evaluation.inputs[1].elementType ?? "int64")
    ? undefined
    : variadic((left, right) => left / right)(evaluation);

/** The sign of the divisor, or that of the dividend with `fmod`. */
export const modulo: Evaluator = (evaluation) => {
  const isC = evaluation.call.int("fmod") === 1;
  return evaluation.inputs[1]?.values.includes(0)
    ? undefined
    : variadic((left, right) => (isC ? left % right : left - right * Math.floor(left / right)))(
        evaluation,
      );
};

/** `Where`: chosen element by element, broadcast. */
export const where: Evaluator = (evaluation) =>
  combine(evaluation, ([condition, yes = 0, no = 0]) => (condition ? yes : no));

/** `Cast`, rounded as the new type stores it. */
export const cast: Evaluator = (evaluation) =>
  castTo(evaluation, elementTypeOf(evaluation.call.int("to") ?? 0));

/** `CastLike`: to the type of input 1. */
export const castLike: Evaluator = (evaluation) =>
  castTo(evaluation, evaluation.inputs[1]?.elementType);

function castTo({ inputs }: EvaluatorCall, type: ElementType | undefined) {
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

/** `Clip`, with its limits as inputs or as attributes. */
export const clip: Evaluator = ({ call, inputs }) => {
  const given = (i: number) => (call.has(i) ? call.values(i)?.[0] : undefined);
  const low = given(1) ?? call.float("min") ?? Number.NEGATIVE_INFINITY;
  const high = given(2) ?? call.float("max") ?? Number.POSITIVE_INFINITY;
  return inputs[0]?.values.map((value) => Math.min(Math.max(value, low), high));
};

/** Halves go to the even neighbor. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
