/**
 * Conditions under which an operator only reshapes the memory of its first input, or changes
 * nothing.
 */
import { type Fact, isStatic } from "../infer/fact.js";
import type { NodeCall } from "../infer/node-call.js";
import { permutation } from "../infer/reshaping.js";

/** Returns whether a node with this first output only renames memory. */
export type ViewRule = (call: NodeCall, output: Fact) => boolean;

/** For all sizes. */
export const always: ViewRule = () => true;

/** When the output has the dims of the input. */
export const sameDims: ViewRule = (call, output) =>
  isStatic(output.dims) && call.dims(0)?.join() === output.dims.join();

/** Moving only dims of size 1 leaves the order of the elements as it is. */
export const isTransposeTrivial: ViewRule = (call) => {
  const dims = call.dims(0);
  if (!isStatic(dims)) {
    return false;
  }
  const wide = permutation(call, dims.length).filter((axis) => dims[axis] !== 1);
  return wide.every((axis, i) => i === 0 || axis > (wide[i - 1] ?? 0));
};

/** When there is nothing to combine. */
export const hasOneInput: ViewRule = (call) => call.node.inputs.length === 1;

/** A whole slice is the tensor itself unless it runs backwards. */
export const isSliceWhole: ViewRule = (call, output) => {
  const steps = call.has(4) ? call.values(4) : [1];
  return sameDims(call, output) && steps?.every((step) => step > 0) === true;
};

/** A cast is free when the type stays. */
export const isCastTrivial: ViewRule = (call, output) =>
  output.elementType !== undefined && output.elementType === call.input(0).elementType;

/** Dropout lets everything through unless it trains; a mask with a reader is work. */
export const isDropoutInert: ViewRule = (call) => !call.has(2) || (call.values(2)?.[0] ?? 1) === 0;
