/**
 * The matrix product inside an operator: convolutions as implicit products (result positions x
 * output channels x kernel volume).
 *
 * Source: implicit matrix multiplication for convolutions, Chetlur et al., cuDNN, arXiv 1410.0759.
 */
import { productOf } from "../../core/product.js";
import { isStatic, UNKNOWN } from "../infer/fact.js";
import type { NodeCall } from "../infer/node-call.js";
import type { ProductRule, RecurrenceRule } from "./operator-type.js";

/** A convolution whose weights are input `weights`. */
export function convolution(weights: number): ProductRule {
  return ({ call, outputs }) => {
    const weight = staticDims(call, weights);
    const output = (outputs[0] ?? UNKNOWN).dims;
    if (weight === undefined || !isStatic(output) || output.length < 3) {
      return undefined;
    }
    const [, ...kernel] = weight;
    const channels = output[1] ?? 1;
    const groups = groupsOf(call);
    return {
      batch: groups,
      m: productOf(output) / channels,
      n: channels / groups,
      k: productOf(kernel),
    };
  };
}

/** Each input position spreads over output channels x kernel volume. */
export const transposedConvolution: ProductRule = ({ call }) => {
  const [input, weight] = [staticDims(call, 0), staticDims(call, 1)];
  if (weight === undefined || input === undefined || input.length < 3) {
    return undefined;
  }
  const [, ...kernel] = weight;
  const channels = input[1] ?? 1;
  const groups = groupsOf(call);
  return {
    batch: groups,
    m: productOf(input) / channels,
    n: productOf(kernel),
    k: channels / groups,
  };
};

/** Matrices in the last two dims, as many as the other dims say. */
export const matrices: ProductRule = ({ call, outputs }) => {
  const left = staticDims(call, 0);
  const output = (outputs[0] ?? UNKNOWN).dims;
  if (left === undefined || !isStatic(output) || left.length === 0) {
    return undefined;
  }
  const k = left.at(-1) ?? 1;
  const n = output.length > 1 ? (output.at(-1) ?? 1) : 1;
  const m = left.length > 1 ? (left.at(-2) ?? 1) : 1;
  return { batch: Math.max(1, productOf(output) / Math.max(1, m * n)), m, n, k };
};

/** One product of two matrices, the first transposed where `transA` says so. */
export const general: ProductRule = ({ call, outputs }) => {
  const [m, n] = (outputs[0] ?? UNKNOWN).dims ?? [];
  const [rows, columns] = call.dims(0) ?? [];
  if (m === undefined || n === undefined || rows === undefined || columns === undefined) {
    return undefined;
  }
  return { batch: 1, m, n, k: call.int("transA") === 1 ? rows : columns };
};

/** A recurrent operator with `gates` products per step. */
export function recurrence(gates: number): RecurrenceRule {
  return (call) => {
    const [steps = 1, batch = 1, width = 1] = call.dims(0) ?? [];
    const weights = call.dims(2) ?? [];
    return {
      directions: weights[0] ?? 1,
      steps,
      batch,
      width,
      hidden: weights.at(-1) ?? 1,
      gates,
    };
  };
}

function staticDims(call: NodeCall, i: number): readonly number[] | undefined {
  const dims = call.dims(i);
  return isStatic(dims) ? dims : undefined;
}

function groupsOf(call: NodeCall): number {
  return Math.max(1, call.int("group") ?? 1);
}
