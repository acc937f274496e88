/** Operators that give the memory of an input under another shape, or change nothing at all. */
import { type Fact, isStatic } from "./infer/fact.js";
import type { NodeCall } from "./infer/node-call.js";
import { permutation } from "./infer/reshaping.js";

type ViewRule = (call: NodeCall, output: Fact) => boolean;

const always: ViewRule = () => true;

const sameDims: ViewRule = (call, output) =>
  isStatic(output.dims) && call.dims(0)?.join() === output.dims.join();

/** Moving only dims of size 1 leaves the order of the elements as it is. */
const isTransposeTrivial: ViewRule = (call) => {
  const dims = call.dims(0);
  if (!isStatic(dims)) {
    return false;
  }
  const wide = permutation(call, dims.length).filter((axis) => dims[axis] !== 1);
  return wide.every((axis, i) => i === 0 || axis > (wide[i - 1] ?? 0));
};

const hasOneInput: ViewRule = (call) => call.node.inputs.length === 1;

/** A whole slice is the tensor itself unless it runs backwards. */
const isSliceWhole: ViewRule = (call, output) => {
  const steps = call.has(4) ? call.values(4) : [1];
  return sameDims(call, output) && steps?.every((step) => step > 0) === true;
};

/** A cast is free when the type stays. */
const isCastTrivial: ViewRule = (call, output) =>
  output.elementType !== undefined && output.elementType === call.input(0).elementType;

/** Dropout lets everything through unless it trains; a mask that somebody reads is work. */
const isDropoutInert: ViewRule = (call) => !call.has(2) || (call.values(2)?.[0] ?? 1) === 0;

const VIEWS: ReadonlyMap<string, ViewRule> = new Map([
  ["Reshape", always],
  ["Squeeze", always],
  ["Unsqueeze", always],
  ["Flatten", always],
  ["Identity", always],
  ["Optional", always],
  ["OptionalGetElement", always],
  ["Dropout", isDropoutInert],
  ["Cast", isCastTrivial],
  ["CastLike", isCastTrivial],
  ["Transpose", isTransposeTrivial],
  ["Slice", isSliceWhole],
  ["Expand", sameDims],
  ["Tile", sameDims],
  ["Pad", sameDims],
  ["Concat", hasOneInput],
  ["Sum", hasOneInput],
  ["Max", hasOneInput],
  ["Min", hasOneInput],
  ["Mean", hasOneInput],
]);

/**
 * Whether the node's first output is its first input under another shape. Other inputs (the new
 * shape) must be constants, or the computation that makes them would be lost.
 */
export function isView(type: string, call: NodeCall, output: Fact): boolean {
  const rule = VIEWS.get(type);
  if (rule === undefined || call.input(0).isConstant || !rule(call, output)) {
    return false;
  }
  return call.inputs.every((input, i) => i === 0 || !call.has(i) || input.isConstant);
}

/** Operator types that may be views, for the documentation. */
export function viewTypes(): readonly string[] {
  return [...VIEWS.keys()];
}
