/**
 * Scatter-like operators: they write elements to places that another tensor names.
 *
 * The data are copied whole, then a second kernel writes the updates. Without a reduction every
 * update has a thread: two that name the same place are an error of the model. With one (`add`,
 * `mul`, `min`, `max`) several may meet, and atomic sums would come in another order on every run.
 * So updates that can meet belong to one thread, which takes them in their order, as ONNX Runtime
 * does:
 *
 *   ScatterElements  updates along the axis: a thread for each place in the other dims
 *   ScatterND        all tuples of indices: a thread for each element of a slice
 *
 * The same input gives the same bits. ScatterND of single elements then has one thread, and is
 * slow.
 */
import type { DeviceNode } from "../device-node.js";
import {
  add,
  binary,
  type Expression,
  literal,
  load,
  local,
  multiply,
} from "../language/expression.js";
import { define, perElementKernel, type Statement } from "../language/kernel.js";
import { addressOf, coordinatesOf, rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { brought, tupleOf } from "./lookup.js";
import { rowBuffers } from "./reductions.js";

type Combine = (old: Expression, update: Expression) => Expression;

const COMBINATIONS: Readonly<Record<string, Combine>> = {
  add,
  mul: multiply,
  min: (old, update) => binary("minimum", old, update),
  max: (old, update) => binary("maximum", old, update),
};

interface Operands {
  readonly data: Operand;
  readonly indices: Operand;
  readonly updates: Operand;
}

/** The place of an update, given its coordinates: of the walk (`step`), and of the thread. */
interface Walk {
  /** Updates that may meet. */
  readonly steps: number;
  /** Groups of updates that never meet: one thread each. */
  readonly threads: number;
  readonly at: (thread: Expression, step: Expression) => Target;
}

interface Target {
  readonly before: readonly Statement[];
  /** Position in the updates, and in the output. */
  readonly from: Expression;
  readonly to: Expression;
}

/** Buffers of the second kernel. */
const [INDICES, UPDATES] = [1, 2];

function scatterRule(walkOf: (op: OperatorCall, operands: Operands) => Walk): EmitRule {
  return (op) => {
    const [data, indices, updates, y] = [op.input(0), op.input(1), op.input(2), op.result()];
    if (data === undefined || indices === undefined || updates === undefined || y === undefined) {
      return undefined;
    }
    const reduction = op.call.text("reduction") ?? "none";
    const combine = COMBINATIONS[reduction];
    if ((combine === undefined && reduction !== "none") || (combine && data.storage === "bool")) {
      return op.refuse(`reduction ${reduction} of ${data.elementType}`);
    }
    const nodes: DeviceNode[] = [];
    if (sizeOf(y.dims) > 0) {
      nodes.push(copied(data, y));
    }
    if (sizeOf(updates.dims) > 0 && sizeOf(y.dims) > 0) {
      const operands = { data, indices, updates };
      const node = putNode(op.operator.type, y, operands, walkOf(op, operands), combine);
      nodes.push(node);
    }
    return nodes;
  };
}

function copied(data: Operand, y: Operand): DeviceNode {
  const kernel = perElementKernel("copy", rowBuffers(y, data), sizeOf(y.dims), (position) => [
    { kind: "store", buffer: 0, index: position, value: load(data.storage, 1, position) },
  ]);
  return { kind: "kernel", kernel, buffers: [y.place, data.place] };
}

function putNode(
  label: string,
  y: Operand,
  { indices, updates }: Operands,
  { steps, threads, at }: Walk,
  combine: Combine | undefined,
): DeviceNode {
  const buffers = [
    { storage: y.storage, access: "update" } as const,
    ...rowBuffers(y, indices, updates).slice(1),
  ];
  const put = ({ before, from, to }: Target): readonly Statement[] => {
    const update = load(updates.storage, UPDATES, from);
    const target = local(to.type, "to");
    const value = combine?.(load(y.storage, 0, target), update) ?? update;
    return [...before, define("to", to), { kind: "store", buffer: 0, index: target, value }];
  };
  const count = combine === undefined ? threads * steps : threads;
  const kernel = perElementKernel(`${label}Put`, buffers, count, (position) => {
    const { type } = position;
    if (combine === undefined) {
      const [step = position, thread = position] = coordinatesOf(position, [steps, threads]);
      return put(at(thread, step));
    }
    return [
      {
        kind: "loop",
        name: "step",
        from: literal(type, 0),
        to: literal(type, steps),
        step: literal(type, 1),
        body: put(at(position, local(type, "step"))),
      },
    ];
  });
  return { kind: "kernel", kernel, buffers: [y.place, indices.place, updates.place] };
}

const scatterNd = scatterRule((_, { data, indices }) => {
  const depth = indices.dims.at(-1) ?? 0;
  const inner = sizeOf(data.dims.slice(depth));
  const layout = { offset: 0, strides: rowMajor([...data.dims.slice(0, depth), inner]) };
  return {
    steps: sizeOf(indices.dims.slice(0, -1)),
    threads: inner,
    at: (column, tuple) => {
      const { type } = column;
      const places = tupleOf(data.dims.slice(0, depth), (k) =>
        load(indices.storage, INDICES, add(local(type, "first"), literal(type, k))),
      );
      const names = places.map((_, k) => local(type, `t${k}`));
      return {
        before: [
          define("first", multiply(tuple, literal(type, depth))),
          ...places.map((place, k) => define(`t${k}`, place(type))),
        ],
        from: add(multiply(tuple, literal(type, inner)), column),
        to: addressOf(layout, [...names, column]),
      };
    },
  };
});

const scatterElements = scatterRule((op, { data, indices, updates }) => {
  const axis = op.call.axis(op.call.int("axis") ?? 0, data.dims.length) ?? 0;
  const others = updates.dims.filter((_, i) => i !== axis);
  const strides = rowMajor(updates.dims);
  const layout = { offset: 0, strides: rowMajor(data.dims) };
  return {
    steps: updates.dims[axis] ?? 0,
    threads: sizeOf(others),
    at: (thread, step) => {
      const { type } = thread;
      const coordinates: Expression[] = coordinatesOf(thread, others);
      const from = addressOf({ offset: 0, strides }, coordinates.toSpliced(axis, 0, step));
      const index = load(indices.storage, INDICES, local(type, "from"));
      const place = brought(index, data.dims[axis] ?? 0, type);
      return {
        before: [define("from", from), define("along", place)],
        from: local(type, "from"),
        to: addressOf(layout, coordinates.toSpliced(axis, 0, local(type, "along"))),
      };
    },
  };
});

/** Emission rules of scatter-like operators. */
export const SCATTER_RULES: EmitTable = {
  ScatterND: scatterNd,
  ScatterElements: scatterElements,
  Scatter: scatterElements,
};
