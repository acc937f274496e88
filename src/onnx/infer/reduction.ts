/** Reductions: some dims become 1 or vanish. */
import { type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/**
 * The axes a Reduce operator sums over, from the front; all axes when none are given, or none with
 * `noop_with_empty_axes`. `undefined` while they are an unknown input.
 */
export function reducedAxes(call: NodeCall, rank: number): readonly number[] | undefined {
  const given = call.has(1) ? call.values(1) : (call.ints("axes") ?? []);
  if (given === undefined) {
    return undefined;
  }
  if (given.length > 0) {
    return call.axes(given, rank);
  }
  return call.int("noop_with_empty_axes") === 1 ? [] : Array.from({ length: rank }, (_, i) => i);
}

/** Output types of the `Reduce...` operators. */
export const reduce: InferRule = (call) => {
  const type = call.input(0).elementType;
  const dims = call.dims(0);
  const axes = dims && reducedAxes(call, dims.length);
  const keeps = call.int("keepdims") !== 0;
  if (dims === undefined || axes === undefined) {
    return [tensor(type, keeps ? dims?.map(() => undefined) : undefined)];
  }
  return [tensor(type, reducedDims(dims, axes, keeps))];
};

function reducedDims(dims: KnownDims, axes: readonly number[], keeps: boolean): KnownDims {
  return dims.flatMap((dim, i) => (axes.includes(i) ? (keeps ? [1] : []) : [dim]));
}

/** A sum of small integers, which has a wider type. */
export const reduceInteger: InferRule = (call) => [tensor("int32", reduce(call)[0]?.dims)];

/** A scalar, or one loss per target where `reduction` is `none`; the second output is like the scores. */
export const loss: InferRule = (call) => {
  const { elementType, dims } = call.input(0);
  const isPerTarget = call.text("reduction") === "none";
  return [tensor(elementType, isPerTarget ? call.dims(1) : []), tensor(elementType, dims)];
};
