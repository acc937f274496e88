import { countOf, type Fact, UNKNOWN } from "../infer/fact.js";
import type { NodeCall } from "../infer/node-call.js";

/** One node with static types: the argument of every work formula. */
export interface WorkCall {
  readonly call: NodeCall;
  readonly outputs: readonly Fact[];
}

/**
 * Floating-point operations of one operator type.
 *
 * Conventions: a multiply-add counts as two; one for every addition, multiplication, division,
 * comparison or elementary function (exp, log, erf, tanh, sqrt, power) of one element; integer
 * arithmetic counts like floating-point arithmetic; moving, converting and choosing elements is 0.
 */
export interface WorkRule {
  /** The formula in print: `Y` is the first output, `X` the first input, `|Y|` its elements. */
  readonly formula: string;
  readonly flops: (work: WorkCall) => number;
}

/** Elements of input `i`; 0 when omitted. */
export function inputCount({ call }: WorkCall, i: number): number {
  return countOf(call.dims(i)) ?? 0;
}

/** Elements of output `i`. */
export function outputCount({ outputs }: WorkCall, i: number = 0): number {
  return countOf((outputs[i] ?? UNKNOWN).dims) ?? 0;
}

/** Size `axis` (negative: from the end) of input `i`; 1 when absent. */
export function inputSize({ call }: WorkCall, i: number, axis: number): number {
  return call.dims(i)?.at(axis) ?? 1;
}

/** Product of sizes. */
export function product(sizes: readonly (number | undefined)[]): number {
  return sizes.reduce<number>((total, size) => total * (size ?? 1), 1);
}
