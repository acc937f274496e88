/**
 * Tensors that operators of a group only arrange: transposed, split, cut, repeated, scaled by a number. A kernel reads them
 * where they were before, by strides.
 */
import { present } from "../../core/invariant.js";
import type { OperatorId } from "../../ir/operator-graph.js";
import { broadcastLayout, type Layout, rowMajor, sizeOf } from "../language/layout.js";
import type { ModelIndex, Operand, OperatorCall } from "../operator-call.js";
import { sliceLayout, splitLayouts, transposeLayout } from "../operators/affine-copy.js";
import { callAt } from "./member-steps.js";

/** Elements of a tensor in memory over the dims that a reader steps over. */
export interface Arranged {
  readonly operand: Operand;
  readonly layout: Layout;
  /** What they are scaled by. */
  readonly factor: number;
  /** The operators that are taken over by reading so. */
  readonly members: readonly OperatorId[];
}

/**
 * Where a reader, which steps over `extents` by `layout` in a tensor, finds the elements before the members of a group
 * arranged them; `undefined` if no strides describe it. Cost: O(members).
 */
export function beforeArranging(
  index: ModelIndex,
  inside: ReadonlySet<OperatorId>,
  read: Operand,
  extents: readonly number[],
  layout: Layout,
): Arranged | undefined {
  let [operand, at] = [read, layout];
  let factor = 1;
  const members: OperatorId[] = [];
  for (;;) {
    const { place } = operand;
    const tensor = place.kind === "tensor" ? index.lowered.graph.tensors[place.id] : undefined;
    const producer = tensor?.producer;
    if (tensor === undefined || producer === undefined || !inside.has(producer)) {
      return { operand, layout: at, factor, members };
    }
    const op = callAt(index, producer);
    members.push(producer);
    const scaling = scaleOf(op);
    if (scaling !== undefined) {
      factor *= scaling.factor;
      operand = scaling.x;
      continue;
    }
    const output = op.operator.outputs.indexOf(tensor.id);
    const moved = arrangement(op, index.operandOf(tensor.id), output);
    const next = moved && through(at, extents, moved.dims, moved.layout);
    if (moved === undefined || next === undefined) {
      return undefined;
    }
    [operand, at] = [moved.x, next];
  }
}

/** A tensor times a number. */
function scaleOf(op: OperatorCall): { readonly x: Operand; readonly factor: number } | undefined {
  const isProduct = op.operator.type === "Mul";
  if (!isProduct && op.operator.type !== "Div") {
    return undefined;
  }
  const operands = op.inputs() ?? [];
  const by = operands.findIndex(({ values, place }) => {
    return values?.length === 1 && place.kind === "constant";
  });
  const [number] = operands[by]?.values ?? [];
  const x = operands[1 - by];
  const isScaling = number !== undefined && x !== undefined && (isProduct || by === 1);
  return isScaling ? { x, factor: isProduct ? number : 1 / number } : undefined;
}

/** The input of an operator that arranges, and its elements over the dims of the output. */
function arrangement(op: OperatorCall, y: Operand | undefined, output: number) {
  const x = op.input(0);
  const layout = x && y && layoutOf(op, x, y, output);
  return x && y && layout && { x, dims: y.dims, layout };
}

function layoutOf(op: OperatorCall, x: Operand, y: Operand, output: number): Layout | undefined {
  switch (op.operator.type) {
    case "Transpose":
      return transposeLayout(op, x);
    case "Slice":
      return sliceLayout(op, x);
    case "Split":
      return splitLayouts(op, x)?.[output];
    case "Expand":
      return broadcastLayout(x.dims, y.dims);
    case "Gather":
      return gatherLayout(op, x, y);
    default:
      return undefined;
  }
}

/** One slice along an axis. */
function gatherLayout(op: OperatorCall, x: Operand, y: Operand): Layout | undefined {
  const axis = op.call.axis(op.call.int("axis") ?? 0, x.dims.length);
  const indices = op.input(1);
  const [given] = indices?.values ?? [];
  if (axis === undefined || indices === undefined || given === undefined) {
    return undefined;
  }
  const own = rowMajor(x.dims);
  const size = x.dims[axis] ?? 1;
  const ones = indices.dims.map(() => 0);
  const strides = [...own.slice(0, axis), ...ones, ...own.slice(axis + 1)];
  return sizeOf(indices.dims) === 1 && strides.length === y.dims.length
    ? { offset: (given < 0 ? given + size : given) * (own[axis] ?? 0), strides }
    : undefined;
}

/**
 * A walk over `extents` by `layout` through a row-major tensor of `dims`, whose element at each place is at `to` in
 * another one, as a walk through that one; `undefined` where a step of the walk carries over from one dim to the next.
 */
export function through(
  layout: Layout,
  extents: readonly number[],
  dims: readonly number[],
  to: Layout,
): Layout | undefined {
  const own = rowMajor(dims);
  let rest = layout.offset;
  let { offset } = to;
  // The largest coordinates that the walk comes to.
  const most = own.map((stride, axis) => {
    const at = Math.floor(rest / stride);
    rest -= at * stride;
    offset += at * (to.strides[axis] ?? 0);
    return at;
  });
  const strides: number[] = [];
  for (const [i, size] of extents.entries()) {
    const step = layout.strides[i] ?? 0;
    if (size === 1 || step === 0) {
      strides.push(0);
      continue;
    }
    const axis = own.findIndex((stride, at) => (dims[at] ?? 1) > 1 && stride <= step);
    const by = step / (own[axis] ?? Number.NaN);
    if (!Number.isInteger(by)) {
      return undefined;
    }
    most[axis] = present(most[axis], "coordinate") + by * (size - 1);
    strides.push(by * (to.strides[axis] ?? 0));
  }
  return most.every((at, axis) => at < (dims[axis] ?? 1)) ? { offset, strides } : undefined;
}
