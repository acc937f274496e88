/** Operators that change the shape or the order of elements, and those that return a shape. */
import { broadcast, printDims } from "./broadcast.js";
import { constant, countOf, dimsOfRank, isStatic, type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/** `shape` with 0 (same size as the input) and -1 (the remaining size) resolved. */
export const reshape: InferRule = (call) => {
  const type = call.input(0).elementType;
  const shape = call.values(1) ?? call.ints("shape");
  if (shape === undefined) {
    return [tensor(type, dimsOfRank(call.dims(1)?.[0]))];
  }
  return [tensor(type, reshapedDims(call, call.dims(0), shape))];
};

function reshapedDims(call: NodeCall, from: KnownDims | undefined, shape: readonly number[]) {
  const keepsZero = call.int("allowzero") === 1;
  const dims: (number | undefined)[] = shape.map((size, i) =>
    size === 0 && !keepsZero ? from?.[i] : size === -1 ? undefined : size,
  );
  if (shape.some((size) => size < -1) || shape.filter((size) => size === -1).length > 1) {
    return call.refuse(`shape [${shape.join(",")}] is not a valid shape`);
  }
  const total = countOf(from);
  const hole = shape.indexOf(-1);
  const rest = countOf(dims.filter((_, i) => i !== hole));
  if (total === undefined || rest === undefined) {
    return dims;
  }
  if (hole >= 0 && rest > 0 && total % rest === 0) {
    dims[hole] = total / rest;
  }
  return hole >= 0 && rest === 0 && total === 0
    ? dims.map((dim) => dim ?? 0)
    : countOf(dims) === total
      ? dims
      : call.refuse(`${printDims(from)} cannot be reshaped to [${shape.join(",")}]`);
}

/** Inputs X, one axis in the new order. */
export const expandDims: InferRule = (call) => {
  const dims = call.dims(0);
  const axis = call.values(1)?.[0];
  const at = dims && axis !== undefined ? call.axis(axis, dims.length + 1) : undefined;
  return [
    tensor(call.input(0).elementType, at === undefined ? undefined : dims?.toSpliced(at, 0, 1)),
  ];
};

/** Output types of `Flatten`. */
export const flatten: InferRule = (call) => {
  const dims = call.dims(0);
  const axis = call.int("axis") ?? 1;
  if (dims === undefined) {
    return [tensor(call.input(0).elementType, [undefined, undefined])];
  }
  const cut = axis < 0 ? axis + dims.length : axis;
  if (cut < 0 || cut > dims.length) {
    call.refuse(`axis ${axis} does not exist in ${printDims(dims)}`);
  }
  return [
    tensor(call.input(0).elementType, [countOf(dims.slice(0, cut)), countOf(dims.slice(cut))]),
  ];
};

/** The axes of Squeeze and Unsqueeze: an input since version 13, before that an attribute. */
export function axesOf(call: NodeCall, input: number): readonly number[] | undefined {
  return call.has(input) ? call.values(input) : call.ints("axes");
}

/** Output types of `Squeeze`. */
export const squeeze: InferRule = (call) => {
  const type = call.input(0).elementType;
  const dims = call.dims(0);
  const given = axesOf(call, 1);
  if (dims === undefined || (given === undefined && (call.has(1) || !isStatic(dims)))) {
    return [tensor(type, undefined)];
  }
  const axes =
    given === undefined
      ? dims.flatMap((dim, i) => (dim === 1 ? [i] : []))
      : call.axes(given, dims.length);
  const wide = axes?.find((axis) => dims[axis] !== undefined && dims[axis] !== 1);
  if (wide !== undefined) {
    call.refuse(`dim ${wide} of ${printDims(dims)} is not 1`);
  }
  return [tensor(type, axes && dims.filter((_, i) => !axes.includes(i)))];
};

/** Output types of `Unsqueeze`. */
export const unsqueeze: InferRule = (call) => {
  const type = call.input(0).elementType;
  const dims = call.dims(0);
  const given = axesOf(call, 1);
  if (dims === undefined || given === undefined) {
    return [tensor(type, undefined)];
  }
  const rank = dims.length + given.length;
  const axes = call.axes(given, rank);
  if (axes === undefined || new Set(axes).size !== axes.length) {
    call.refuse(`axes [${given.join(",")}] are not distinct`);
    return [];
  }
  const result: (number | undefined)[] = [];
  let position = 0;
  for (let i = 0; i < rank; i++) {
    result.push(axes.includes(i) ? 1 : dims[position++]);
  }
  return [tensor(type, result)];
};

/** Output types of `Shape`. */
export const shape: InferRule = (call) => {
  const dims = call.dims(0);
  if (dims === undefined) {
    return [tensor("int64", [undefined])];
  }
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + dims.length : at, 0), dims.length);
  const part = dims.slice(clamp(call.int("start") ?? 0), clamp(call.int("end") ?? dims.length));
  return [isStatic(part) ? constant("int64", [part.length], part) : tensor("int64", [part.length])];
};

/** Output types of `Size`. */
export const size: InferRule = (call) => {
  const count = countOf(call.dims(0));
  return [count === undefined ? tensor("int64", []) : constant("int64", [], [count])];
};

/** The order of a Transpose: attribute `perm`, else reversed. */
export function permutation(call: NodeCall, rank: number): readonly number[] {
  return call.ints("perm") ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
}

/** Output types of `Transpose`. */
export const transpose: InferRule = (call) => {
  const dims = call.dims(0);
  const given = call.ints("perm");
  if (dims === undefined) {
    return [
      tensor(
        call.input(0).elementType,
        given?.map(() => undefined),
      ),
    ];
  }
  const perm = call.axes(permutation(call, dims.length), dims.length);
  if (perm === undefined || new Set(perm).size !== dims.length || perm.length !== dims.length) {
    call.refuse(`perm [${given?.join(",")}] does not order the dims of ${printDims(dims)}`);
    return [];
  }
  return [
    tensor(
      call.input(0).elementType,
      perm.map((axis) => dims[axis]),
    ),
  ];
};

/** Output types of `Expand`. */
export const expand: InferRule = (call) => {
  const target = call.values(1) ?? dimsOfRank(call.dims(1)?.[0]);
  return [tensor(call.input(0).elementType, target && broadcast(call, [call.dims(0), target]))];
};

/** Output types of `Tile`. */
export const tile: InferRule = (call) => {
  const dims = call.dims(0);
  const repeats = call.values(1);
  if (dims === undefined || repeats === undefined) {
    return [
      tensor(
        call.input(0).elementType,
        dims?.map(() => undefined),
      ),
    ];
  }
  if (repeats.length !== dims.length || repeats.some((count) => count < 0)) {
    call.refuse(`repeats [${repeats.join(",")}] do not fit ${printDims(dims)}`);
  }
  return [
    tensor(
      call.input(0).elementType,
      dims.map((dim, i) => (dim === undefined ? undefined : dim * (repeats[i] ?? 1))),
    ),
  ];
};

/** Output types of `DepthToSpace`. */
export const depthToSpace: InferRule = (call) => {
  const [n, c, h, w] = call.dims(0) ?? [];
  const block = call.int("blocksize") ?? 1;
  if (call.dims(0) === undefined) {
    return [tensor(call.input(0).elementType, undefined)];
  }
  if (call.dims(0)?.length !== 4 || block < 1 || (c !== undefined && c % (block * block) !== 0)) {
    call.refuse(`block size ${block} does not fit ${printDims(call.dims(0))}`);
  }
  return [
    tensor(call.input(0).elementType, [
      n,
      scaled(c, 1 / (block * block)),
      scaled(h, block),
      scaled(w, block),
    ]),
  ];
};

/** Output types of `SpaceToDepth`. */
export const spaceToDepth: InferRule = (call) => {
  const [n, c, h, w] = call.dims(0) ?? [];
  const block = call.int("blocksize") ?? 1;
  if (call.dims(0) === undefined) {
    return [tensor(call.input(0).elementType, undefined)];
  }
  if (call.dims(0)?.length !== 4 || (h ?? 0) % block !== 0 || (w ?? 0) % block !== 0) {
    call.refuse(`block size ${block} does not fit ${printDims(call.dims(0))}`);
  }
  return [
    tensor(call.input(0).elementType, [
      n,
      scaled(c, block * block),
      scaled(h, 1 / block),
      scaled(w, 1 / block),
    ]),
  ];
};

function scaled(size: number | undefined, factor: number): number | undefined {
  return size === undefined ? undefined : Math.round(size * factor);
}
