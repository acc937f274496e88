/**
 * Gather-like operators: they take elements from places that another tensor names.
 *
 * Indices may be negative (counted from the end). An index outside of its dim is an error that a
 * GPU cannot report; it is clamped to the nearest valid one, so that no thread leaves the tensor.
 */
import {
  add,
  binary,
  choose,
  convert,
  type Expression,
  less,
  literal,
  load,
  local,
  multiply,
  VALUE_OF,
} from "../language/expression.js";
import { define, perElementKernel } from "../language/kernel.js";
import { addressOf, coordinatesOf, rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable } from "../operator-call.js";
import { rowBuffers } from "./reductions.js";

/** A valid index from one of the model: negative ones count from the end of `size`. */
export function brought(index: Expression, size: number, type: Expression["type"]): Expression {
  const raw = convert(type, index);
  const number = (value: number) => literal(type, value);
  const positive = choose(less(raw, number(0)), add(raw, number(size)), raw);
  return binary("minimum", binary("maximum", positive, number(0)), number(Math.max(0, size - 1)));
}

/** Whole slices: data [outer, size, inner], indices [count], output [outer, count, inner]. */
const gather: EmitRule = (op) => {
  const [data, indices, y] = [op.input(0), op.input(1), op.result()];
  const axis = data && op.call.axis(op.call.int("axis") ?? 0, data.dims.length);
  if (data === undefined || indices === undefined || y === undefined || axis === undefined) {
    return undefined;
  }
  const size = data.dims[axis] ?? 0;
  const outer = sizeOf(data.dims.slice(0, axis));
  const inner = sizeOf(data.dims.slice(axis + 1));
  const dims = [outer, sizeOf(indices.dims), inner];
  if (sizeOf(dims) === 0 || sizeOf(data.dims) === 0) {
    return [];
  }
  const kernel = perElementKernel(
    "gather",
    rowBuffers(y, data, indices),
    sizeOf(dims),
    (position) => {
      const [row = position, which = position, column = position] = coordinatesOf(position, dims);
      const at = local(position.type, "at");
      const layout = { offset: 0, strides: [size * inner, inner, 1] };
      return [
        define("at", brought(load(indices.storage, 2, which), size, position.type)),
        {
          kind: "store",
          buffer: 0,
          index: position,
          value: load(data.storage, 1, addressOf(layout, [row, at, column])),
        },
      ];
    },
  );
  return [{ kind: "kernel", kernel, buffers: [y.place, data.place, indices.place] }];
};

/** Single elements: the coordinate along `axis` is replaced by the index at the same place. */
const gatherElements: EmitRule = (op) => {
  const [data, indices, y] = [op.input(0), op.input(1), op.result()];
  const axis = data && op.call.axis(op.call.int("axis") ?? 0, data.dims.length);
  if (data === undefined || indices === undefined || y === undefined || axis === undefined) {
    return undefined;
  }
  if (sizeOf(y.dims) === 0) {
    return [];
  }
  const kernel = perElementKernel(
    "gatherElements",
    rowBuffers(y, data, indices),
    sizeOf(y.dims),
    (position) => {
      const coordinates = coordinatesOf(position, y.dims);
      coordinates[axis] = local(position.type, "at");
      const layout = { offset: 0, strides: rowMajor(data.dims) };
      const index = brought(
        load(indices.storage, 2, position),
        data.dims[axis] ?? 0,
        position.type,
      );
      return [
        define("at", index),
        {
          kind: "store",
          buffer: 0,
          index: position,
          value: load(data.storage, 1, addressOf(layout, coordinates)),
        },
      ];
    },
  );
  return [{ kind: "kernel", kernel, buffers: [y.place, data.place, indices.place] }];
};

/** Tuples of `depth` indices name slices, for each of `batch` parts of the data. */
const gatherNd: EmitRule = (op) => {
  const [data, indices, y] = [op.input(0), op.input(1), op.result()];
  if (data === undefined || indices === undefined || y === undefined) {
    return undefined;
  }
  if (sizeOf(y.dims) === 0) {
    return [];
  }
  const batchDims = op.call.int("batch_dims") ?? 0;
  const depth = indices.dims.at(-1) ?? 0;
  const batch = sizeOf(indices.dims.slice(0, batchDims));
  const tuples = sizeOf(indices.dims.slice(batchDims, -1));
  const inner = sizeOf(data.dims.slice(batchDims + depth));
  const kernel = perElementKernel(
    "gatherNd",
    rowBuffers(y, data, indices),
    sizeOf(y.dims),
    (position) => {
      const coordinates = coordinatesOf(position, [batch, tuples, inner]);
      const [part = position, tuple = position, column = position] = coordinates;
      const { type } = position;
      const first = multiply(
        add(multiply(part, literal(type, tuples)), tuple),
        literal(type, depth),
      );
      const places = tupleOf(data.dims.slice(batchDims, batchDims + depth), (k) =>
        load(indices.storage, 2, add(local(type, "first"), literal(type, k))),
      );
      const names = places.map((_, k) => local(type, `t${k}`));
      const layout = {
        offset: 0,
        strides: rowMajor([batch, ...data.dims.slice(batchDims, batchDims + depth), inner]),
      };
      return [
        define("first", first),
        ...places.map((place, k) => define(`t${k}`, place(type))),
        {
          kind: "store",
          buffer: 0,
          index: position,
          value: load(data.storage, 1, addressOf(layout, [part, ...names, column])),
        },
      ];
    },
  );
  return [{ kind: "kernel", kernel, buffers: [y.place, data.place, indices.place] }];
};

/** Valid indices along leading dims of `sizes`; `index(k)` is the model's index number `k`. */
export function tupleOf(
  sizes: readonly number[],
  index: (k: number) => Expression,
): readonly ((type: Expression["type"]) => Expression)[] {
  return sizes.map((size, k) => (type) => brought(index(k), size, type));
}

/** `on` where the coordinate along the new axis is the index, `off` elsewhere and for invalid ones. */
const oneHot: EmitRule = (op) => {
  const [indices, values, y] = [op.input(0), op.input(2), op.result()];
  const axis = y && op.call.axis(op.call.int("axis") ?? -1, y.dims.length);
  if (indices === undefined || values === undefined || y === undefined || axis === undefined) {
    return undefined;
  }
  if (sizeOf(y.dims) === 0) {
    return [];
  }
  const depth = y.dims[axis] ?? 0;
  const inner = sizeOf(y.dims.slice(axis + 1));
  const outer = sizeOf(y.dims.slice(0, axis));
  const kernel = perElementKernel(
    "oneHot",
    rowBuffers(y, indices, values),
    sizeOf(y.dims),
    (position) => {
      const coordinates = coordinatesOf(position, [outer, depth, inner]);
      const [row = position, at = position, column = position] = coordinates;
      const place = add(multiply(row, literal(position.type, inner)), column);
      const raw = load(indices.storage, 1, place);
      const type = VALUE_OF[indices.storage];
      const index = choose(less(raw, literal(type, 0)), add(raw, literal(type, depth)), raw);
      const isHot = binary("equal", index, convert(type, at));
      return [
        {
          kind: "store",
          buffer: 0,
          index: position,
          value: load(values.storage, 2, choose(isHot, literal("i32", 1), literal("i32", 0))),
        },
      ];
    },
  );
  return [{ kind: "kernel", kernel, buffers: [y.place, indices.place, values.place] }];
};

/** Emission rules of gather-like operators. */
export const LOOKUPS: EmitTable = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  "com.microsoft:GatherND": gatherNd,
  OneHot: oneHot,
};
