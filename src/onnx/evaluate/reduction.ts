/** Reductions, running sums, ranges and filled tensors of small constants. */

import { productOf } from "../../core/product.js";
import { type Fact, isFloat } from "../infer/fact.js";
import { reducedAxes } from "../infer/reduction.js";
import { tensorFact } from "../tensor-values.js";
import type { Evaluator } from "./evaluator.js";
import { forEachPlace, positionOf, stridesOf } from "./indices.js";

interface Reduction {
  readonly start: number;
  readonly add: (total: number, value: number) => number;
  readonly finish?: (total: number, count: number) => number;
}

/** A reduction over the axes of any `Reduce...` operator. */
export function reduce({ start, add, finish }: Reduction): Evaluator {
  return ({ call, inputs: [data] }) => {
    const axes = data && reducedAxes(call, data.dims.length);
    if (data === undefined || axes === undefined) {
      return undefined;
    }
    const ofNothing = data.values.length === 0 ? emptyResult(start, data.elementType) : start;
    if (ofNothing === undefined) {
      return undefined;
    }
    const kept = data.dims.map((dim, i) => (axes.includes(i) ? 1 : dim));
    const strides = stridesOf(kept).map((stride, i) => (axes.includes(i) ? 0 : stride));
    const count = productOf(kept);
    const totals = new Array<number>(count).fill(ofNothing);
    forEachPlace(data.dims, (at, position) => {
      const target = positionOf(at, strides);
      totals[target] = add(totals[target] ?? start, data.values[position] ?? 0);
    });
    const each = count === 0 ? 0 : data.values.length / count;
    return finish === undefined ? totals : totals.map((total) => finish(total, each));
  };
}

/**
 * The result of reducing no elements. Integers have no infinities: `undefined`; for booleans they
 * are false and true.
 */
function emptyResult(start: number, elementType: Fact["elementType"]): number | undefined {
  if (Number.isFinite(start) || elementType === undefined || isFloat(elementType)) {
    return start;
  }
  return elementType === "bool" ? Number(start > 0) : undefined;
}

/** `Range`. */
export const range: Evaluator = ({ inputs: [start, , step], dims }) => {
  const first = start?.values[0] ?? 0;
  const by = step?.values[0] ?? 1;
  return Array.from({ length: dims[0] ?? 0 }, (_, i) => first + i * by);
};

/** `ConstantOfShape`. */
export const constantOfShape: Evaluator = ({ call, dims }) => {
  const tensor = call.tensor("value");
  const value = tensor === undefined ? 0 : tensorFact(tensor).values?.[0];
  const count = productOf(dims);
  return value === undefined ? undefined : new Array<number>(count).fill(value);
};

/** `CumSum`, exclusive or reversed on request. */
export const cumSum: Evaluator = ({ call, inputs: [data, axisInput] }) => {
  const axis = data && call.axis(axisInput?.values[0] ?? 0, data.dims.length);
  if (data === undefined || axis === undefined || (call.int("reverse") ?? 0) !== 0) {
    return undefined;
  }
  const isExclusive = call.int("exclusive") === 1;
  const stride = stridesOf(data.dims)[axis] ?? 1;
  const sums = [...data.values];
  const result = [...data.values];
  forEachPlace(data.dims, (at, position) => {
    const before = (at[axis] ?? 0) > 0 ? (sums[position - stride] ?? 0) : 0;
    sums[position] = before + (data.values[position] ?? 0);
    result[position] = isExclusive ? before : (sums[position] ?? 0);
  });
  return result;
};
