import type { Fact } from "../infer/fact.js";
import type { NodeCall } from "../infer/node-call.js";

/** A fact of a small tensor whose type and elements are all known. */
export interface KnownTensor extends Fact {
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/**
 * The argument of an evaluator: the first and every other given input is known, and so are the
 * output's dims.
 */
export interface EvaluatorCall {
  readonly call: NodeCall;
  /** `undefined`: omitted. */
  readonly inputs: readonly (KnownTensor | undefined)[];
  /** Dims of the requested output. */
  readonly dims: readonly number[];
  /** Position of the output. */
  readonly output: number;
}

/** The elements of one output, row-major, or `undefined` when they are unknown. */
export type Evaluator = (evaluation: EvaluatorCall) => readonly number[] | undefined;
