import type { Fact } from "../infer/fact.js";
import type { NodeCall } from "../infer/node-call.js";

/** A fact of a small tensor whose type and elements are all known. */
export interface KnownTensor extends Fact {
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/** What an evaluator gets: the first and every other given input is known, and the output's dims are. */
export interface EvaluatorCall {
  readonly call: NodeCall;
  /** `undefined`: omitted. */
  readonly inputs: readonly (KnownTensor | undefined)[];
  /** Dims of the output that is asked for. */
  readonly dims: readonly number[];
  /** Which output it is. */
  readonly output: number;
}

/** The elements of one output, row-major, or `undefined` when it does not know. */
export type Evaluator = (evaluation: EvaluatorCall) => readonly number[] | undefined;
