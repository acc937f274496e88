/**
 * Operators that take or put elements at places that another tensor names.
 *
 * Indices may be negative (counted from the end). An index outside of its dim is an error that a GPU
 * cannot report; it is brought to the nearest valid one, so that no thread leaves the tensor.
 */
import type { DeviceNode } from "./device-node.js";
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
} from "./expression.js";
import { define, type KernelBuffer, perElementKernel, type Statement } from "./kernel.js";
import { addressOf, coordinatesOf, rowMajor, sizeOf } from "./layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "./operator-call.js";

/** A valid index from one that the model gives. */
function brought(index: Expression, size: number, type: Expression["type"]): Expression {
  const raw = convert(type, index);
  const number = (value: number) => literal(type, value);
  const positive = choose(less(raw, number(0)), add(raw, number(size)), raw);
  return binary("minimum", binary("maximum", positive, number(0)), number(Math.max(0, size - 1)));
}

function buffersOf(y: Operand, ...reads: readonly Operand[]): readonly KernelBuffer[] {
  return [
    { storage: y.storage, access: "write" },
    ...reads.map(({ storage }): KernelBuffer => ({ storage, access: "read" })),
  ];
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
    buffersOf(y, data, indices),
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
    buffersOf(y, data, indices),
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
    buffersOf(y, data, indices),
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

function tupleOf(
  sizes: readonly number[],
  index: (k: number) => Expression,
): readonly ((type: Expression["type"]) => Expression)[] {
  return sizes.map((size, k) => (type) => brought(index(k), size, type));
}

/** The whole data first, then the updates in their places by a second kernel. */
function scattered(
  op: OperatorCall,
  label: string,
  update: (
    operands: { readonly data: Operand; readonly indices: Operand; readonly updates: Operand },
    position: Expression,
  ) => { readonly before: readonly Statement[]; readonly target: Expression },
): readonly DeviceNode[] | undefined {
  const [data, indices, updates, y] = [op.input(0), op.input(1), op.input(2), op.result()];
  if (data === undefined || indices === undefined || updates === undefined || y === undefined) {
    return undefined;
  }
  const reduction = op.call.text("reduction") ?? "none";
  if (reduction !== "none") {
    return op.refuse(`reduction ${reduction}: the order of sums would change from run to run`);
  }
  const whole = perElementKernel("copy", buffersOf(y, data), sizeOf(y.dims), (position) => [
    { kind: "store", buffer: 0, index: position, value: load(data.storage, 1, position) },
  ]);
  const put = perElementKernel(
    label,
    [{ storage: y.storage, access: "update" }, ...buffersOf(y, indices, updates).slice(1)],
    sizeOf(updates.dims),
    (position) => {
      const { before, target } = update({ data, indices, updates }, position);
      const value = load(updates.storage, 2, position);
      return [...before, { kind: "store", buffer: 0, index: target, value }];
    },
  );
  const nodes: DeviceNode[] = [];
  if (sizeOf(y.dims) > 0) {
    nodes.push({ kind: "kernel", kernel: whole, buffers: [y.place, data.place] });
  }
  if (sizeOf(updates.dims) > 0) {
    nodes.push({ kind: "kernel", kernel: put, buffers: [y.place, indices.place, updates.place] });
  }
  return nodes;
}

const scatterNd: EmitRule = (op) =>
  scattered(op, "scatterNd", ({ data, indices }, position) => {
    const { type } = position;
    const depth = indices.dims.at(-1) ?? 0;
    const inner = sizeOf(data.dims.slice(depth));
    const tuples = sizeOf(indices.dims.slice(0, -1));
    const [tuple = position, column = position] = coordinatesOf(position, [tuples, inner]);
    const places = tupleOf(data.dims.slice(0, depth), (k) =>
      load(indices.storage, 1, add(local(type, "first"), literal(type, k))),
    );
    const names = places.map((_, k) => local(type, `t${k}`));
    const layout = { offset: 0, strides: rowMajor([...data.dims.slice(0, depth), inner]) };
    return {
      before: [
        define("first", multiply(tuple, literal(type, depth))),
        ...places.map((place, k) => define(`t${k}`, place(type))),
      ],
      target: addressOf(layout, [...names, column]),
    };
  });

const scatterElements: EmitRule = (op) =>
  scattered(op, "scatterElements", ({ data, indices, updates }, position) => {
    const axis = op.call.axis(op.call.int("axis") ?? 0, data.dims.length) ?? 0;
    const coordinates = coordinatesOf(position, updates.dims);
    coordinates[axis] = local(position.type, "at");
    const index = load(indices.storage, 1, position);
    return {
      before: [define("at", brought(index, data.dims[axis] ?? 0, position.type))],
      target: addressOf({ offset: 0, strides: rowMajor(data.dims) }, coordinates),
    };
  });

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
    buffersOf(y, indices, values),
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

/** Rules of the operators that look up and put. */
export const LOOKUPS: EmitTable = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  "com.microsoft:GatherND": gatherNd,
  ScatterND: scatterNd,
  ScatterElements: scatterElements,
  Scatter: scatterElements,
  OneHot: oneHot,
};
