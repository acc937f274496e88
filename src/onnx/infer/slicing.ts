/** Operators that cut tensors into parts, join them and pad them. */
import { printDims } from "./broadcast.js";
import { sameType } from "./elementwise.js";
import { type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/** One axis of a Slice with its bounds clamped to the tensor. */
export interface SliceAxis {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * The axes a Slice cuts, or `undefined` while starts, ends, axes, steps or a size are unknown.
 * They are attributes before version 10 and inputs since.
 */
export function sliceAxes(call: NodeCall, dims: KnownDims): readonly SliceAxis[] | undefined {
  const isOld = call.opset < 10;
  const starts = isOld ? call.ints("starts") : call.values(1);
  const ends = isOld ? call.ints("ends") : call.values(2);
  const given = isOld ? call.ints("axes") : call.has(3) ? call.values(3) : starts?.map((_, i) => i);
  const steps = !isOld && call.has(4) ? call.values(4) : starts?.map(() => 1);
  if (starts === undefined || ends === undefined || steps === undefined) {
    return undefined;
  }
  const raw = given ?? (isOld ? starts.map((_, i) => i) : undefined);
  const axes = raw && call.axes(raw, dims.length);
  if (axes === undefined || axes.length > starts.length || ends.length !== starts.length) {
    return raw === undefined ? undefined : call.refuse("starts, ends and axes do not fit together");
  }
  const cuts: SliceAxis[] = [];
  for (const [i, axis] of axes.entries()) {
    const size = dims[axis];
    const step = steps[i] ?? 1;
    if (step === 0) {
      return call.refuse("a step is 0");
    }
    if (size === undefined) {
      return undefined;
    }
    cuts.push(cutAxis(axis, size, { start: starts[i] ?? 0, end: ends[i] ?? 0, step }));
  }
  return cuts;
}

/** Negative bounds count from the end; bounds outside are clamped (ONNX Slice-13). */
function cutAxis(
  axis: number,
  size: number,
  bounds: { readonly start: number; readonly end: number; readonly step: number },
): SliceAxis {
  const { step } = bounds;
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (at: number, least: number) =>
    Math.min(Math.max(at < 0 ? at + size : at, least), high);
  const start = clamp(bounds.start, 0);
  const end = clamp(bounds.end, low);
  return { axis, start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
}

/** Output types of `Slice`. */
export const slice: InferRule = (call) => {
  const type = call.input(0).elementType;
  const dims = call.dims(0);
  if (dims === undefined) {
    return [tensor(type, undefined)];
  }
  const cuts = sliceAxes(call, dims);
  if (cuts === undefined) {
    const axes = call.has(3) ? call.values(3) : undefined;
    const touched = axes && call.axes(axes, dims.length);
    return [
      tensor(
        type,
        dims.map((dim, i) => (touched?.includes(i) === false ? dim : undefined)),
      ),
    ];
  }
  const result = [...dims];
  for (const cut of cuts) {
    result[cut.axis] = cut.count;
  }
  return [tensor(type, result)];
};

/** Sizes of the parts: attribute before version 13, then an input; else equal, the last smaller. */
export function splitSizes(call: NodeCall, size: number | undefined): KnownDims | undefined {
  const given = call.has(1) ? call.values(1) : call.ints("split");
  const parts = call.node.outputs.length;
  if (given !== undefined) {
    const total = given.reduce((sum, part) => sum + part, 0);
    return size === undefined || total === size
      ? given
      : call.refuse(`parts [${given.join(",")}] do not add up to ${size}`);
  }
  if (call.has(1) || size === undefined) {
    return undefined;
  }
  const each = Math.ceil(size / parts);
  if (each * (parts - 1) > size || (size % parts !== 0 && call.opset < 18)) {
    return call.refuse(`${size} cannot be split into ${parts} equal parts`);
  }
  return Array.from({ length: parts }, (_, i) =>
    i < parts - 1 ? each : size - each * (parts - 1),
  );
}

/** Output types of `Split`. */
export const split: InferRule = (call) => {
  const type = call.input(0).elementType;
  const dims = call.dims(0);
  const axis = dims && call.axis(call.int("axis") ?? 0, dims.length);
  if (dims === undefined || axis === undefined) {
    return call.node.outputs.map(() => tensor(type, undefined));
  }
  const sizes = splitSizes(call, dims[axis]);
  return call.node.outputs.map((_, part) =>
    tensor(
      type,
      dims.map((dim, i) => (i === axis ? sizes?.[part] : dim)),
    ),
  );
};

/** Output types of `Concat`. */
export const concat: InferRule = (call) => [
  tensor(
    sameType(
      call,
      call.inputs.map((input) => input.elementType),
    ),
    concatDims(
      call,
      call.inputs.map((input) => input.dims),
      call.int("axis") ?? 1,
    ),
  ),
];

/** Dims of tensors joined along `axis`; refuses other ranks and other sizes elsewhere. */
export function concatDims(
  call: NodeCall,
  shapes: readonly (KnownDims | undefined)[],
  axis: number,
): KnownDims | undefined {
  const first = shapes.find((dims) => dims !== undefined);
  const at = first && call.axis(axis, first.length);
  if (first === undefined || at === undefined) {
    return undefined;
  }
  const result: (number | undefined)[] = [...first];
  result[at] = 0;
  for (const dims of shapes) {
    if (dims !== undefined && dims.length !== first.length) {
      return call.refuse(`cannot join ${printDims(first)} and ${printDims(dims)}`);
    }
    for (let i = 0; i < result.length; i++) {
      const [have, next] = [result[i], dims?.[i]];
      if (i === at) {
        result[i] = have === undefined || next === undefined ? undefined : have + next;
      } else if (have !== undefined && next !== undefined && have !== next) {
        return call.refuse(`cannot join ${printDims(first)} and ${printDims(dims)} on dim ${at}`);
      } else {
        result[i] = have ?? next;
      }
    }
  }
  return result;
}

/** Pads of every dim, all begins then all ends: attribute before version 11, then an input. */
export function padsOf(call: NodeCall, rank: number): readonly number[] | undefined {
  const given = call.ints("pads") ?? call.values(1);
  const axes = call.has(3) ? call.values(3) : Array.from({ length: rank }, (_, i) => i);
  const positions = axes && call.axes(axes, rank);
  if (given === undefined || positions === undefined) {
    return undefined;
  }
  if (given.length !== 2 * positions.length) {
    return call.refuse(`${given.length} pads do not fit ${positions.length} dims`);
  }
  const pads = new Array<number>(2 * rank).fill(0);
  for (const [i, axis] of positions.entries()) {
    pads[axis] = given[i] ?? 0;
    pads[axis + rank] = given[i + positions.length] ?? 0;
  }
  return pads;
}

/** Output types of `Pad`. */
export const pad: InferRule = (call) => {
  const type = call.input(0).elementType;
  const dims = call.dims(0);
  const pads = dims && padsOf(call, dims.length);
  if (dims === undefined || pads === undefined) {
    return [
      tensor(
        type,
        dims?.map(() => undefined),
      ),
    ];
  }
  const result = dims.map((dim, i) =>
    dim === undefined ? undefined : dim + (pads[i] ?? 0) + (pads[i + dims.length] ?? 0),
  );
  if (result.some((dim) => dim !== undefined && dim < 0)) {
    call.refuse(`pads [${pads.join(",")}] cut more than ${printDims(dims)} has`);
  }
  return [tensor(type, result)];
};

/** Output types of `CenterCropPad`. */
export const centerCropPad: InferRule = (call) => {
  const dims = call.dims(0);
  const sizes = call.values(1);
  const axes = dims && call.axes(call.ints("axes") ?? dims.map((_, i) => i), dims.length);
  if (dims === undefined || axes === undefined) {
    return [tensor(call.input(0).elementType, undefined)];
  }
  const result = dims.map((dim, i) => (axes.includes(i) ? sizes?.[axes.indexOf(i)] : dim));
  return [tensor(call.input(0).elementType, result)];
};

/** Output types of `com.microsoft:QLinearConcat`. */
export const qLinearConcat: InferRule = (call) => {
  const shapes = call.inputs.slice(2).flatMap((input, i) => (i % 3 === 0 ? [input.dims] : []));
  return [tensor(call.input(1).elementType, concatDims(call, shapes, call.int("axis") ?? 1))];
};
