/**
 * Sizes that no run exceeds, for operators of which only a run decides how many elements they keep.
 *
 * A rule returns dims for each output, of which only those are taken that are not known otherwise;
 * `undefined`, as a size or as dims, has no bound. Where the sizes of the inputs are bounds themselves, so
 * are the results, since none of these operators keeps fewer elements of more.
 */
import { tripLimit } from "./control-flow.js";
import { countOf, type Fact, type KnownDims } from "./fact.js";
import type { NodeCall } from "./node-call.js";

/** Bounds of a node's outputs, given what is known of them. */
export type BoundRule = (
  call: NodeCall,
  outputs: readonly Fact[],
) => readonly (KnownDims | undefined)[];

/** As large as the first input: `Slice`, `TopK`. */
export const wholeInput: BoundRule = (call, outputs) => outputs.map(() => call.dims(0));

/** Every element is not 0. */
export const allElements: BoundRule = (call) => {
  const dims = call.dims(0);
  return [dims && [Math.max(dims.length, 1), countOf(dims)]];
};

/** All of the axis, or of all elements where there is none: `Compress`, and the rest of `Unique`. */
export const allAlongAxis: BoundRule = (call, outputs) => {
  const dims = call.dims(0);
  const axis = call.int("axis");
  if (dims === undefined || axis === undefined) {
    return outputs.map(() => [countOf(dims)]);
  }
  return outputs.map((_, i) => (i === 0 ? dims : [dims.at(axis)]));
};

/**
 * For each picture and class as many boxes as the node asks for, at most all. Inputs: boxes [pictures,
 * boxes, 4], scores [pictures, classes, boxes], boxes of a class (none where it is left out).
 */
export const selectedBoxes: BoundRule = (call) => {
  const [pictures, classes, boxes] = call.dims(1) ?? [];
  const asked = call.has(2) ? (call.values(2)?.[0] ?? Number.POSITIVE_INFINITY) : 0;
  const perClass = boxes === undefined ? undefined : Math.min(boxes, Math.max(0, asked));
  return [[countOf([pictures, classes, perClass]), 3]];
};

/** `Loop`: what each iteration adds to a scanned output, for as many iterations as there can be. */
export const mostIterations: BoundRule = (call, outputs) => {
  const carried = call.inputs.length - 2;
  return outputs.map((fact, i) =>
    i < carried ? undefined : fact.dims && [tripLimit(call), ...fact.dims.slice(1)],
  );
};
