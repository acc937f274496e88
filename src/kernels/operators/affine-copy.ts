/**
 * Operators that move elements by strides alone: every element of the output is the element of the
 * input at `offset + sum of coordinate * stride`.
 *
 * Many operators are the same kernel over different iteration spaces. Tile reads `[repeat, size]`
 * for each dim with stride 0 for `repeat`; DepthToSpace is a transposition of the channels split
 * into three; a backward Slice has negative strides. One thread moves one element, in the order of
 * the output, so that stores are always to neighboring addresses.
 */
import { present } from "../../core/invariant.js";
import { permutation } from "../../onnx/infer/reshaping.js";
import { sliceAxes, splitSizes } from "../../onnx/infer/slicing.js";
import type { DeviceNode } from "../device-node.js";
import { load, local } from "../language/expression.js";
import { define, perElementKernel } from "../language/kernel.js";
import {
  addressOf,
  broadcastLayout,
  coordinatesOf,
  inOrder,
  type Layout,
  mergeDims,
  rowMajor,
  sizeOf,
} from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";

/**
 * Copies the elements of `source` over an iteration space to those of `target`; no nodes when it is
 * empty.
 */
export function affineCopy(
  label: string,
  dims: readonly number[],
  source: { readonly operand: Operand; readonly layout: Layout },
  target: { readonly operand: Operand; readonly layout: Layout },
): readonly DeviceNode[] {
  const count = sizeOf(dims);
  if (count === 0) {
    return [];
  }
  const merged = mergeDims({ dims, layouts: [source.layout, target.layout] });
  const [from, to] = [present(merged.layouts[0], "source"), present(merged.layouts[1], "target")];
  const kernel = perElementKernel(
    label,
    [
      { storage: target.operand.storage, access: "write" },
      { storage: source.operand.storage, access: "read" },
    ],
    count,
    (position) => {
      const coordinates = coordinatesOf(position, merged.dims);
      const names = coordinates.map((_, axis) => local(position.type, `c${axis}`));
      return [
        ...coordinates.map((each, axis) => define(`c${axis}`, each)),
        {
          kind: "store",
          buffer: 0,
          index: addressOf(to, names),
          value: load(source.operand.storage, 1, addressOf(from, names)),
        },
      ];
    },
  );
  return [{ kind: "kernel", kernel, buffers: [target.operand.place, source.operand.place] }];
}

/** A copy in the order in which the target is stored, so that stores are to neighboring addresses. */
export function layoutCopy(
  label: string,
  dims: readonly number[],
  source: { readonly operand: Operand; readonly layout: Layout },
  target: { readonly operand: Operand; readonly layout: Layout },
): readonly DeviceNode[] {
  const order = dims
    .map((_, axis) => axis)
    .sort((a, b) => (target.layout.strides[b] ?? 0) - (target.layout.strides[a] ?? 0) || a - b);
  const turned = ({ operand, layout }: typeof source) => ({
    operand,
    layout: { offset: layout.offset, strides: inOrder(layout.strides, order) },
  });
  return affineCopy(label, inOrder(dims, order), turned(source), turned(target));
}

/** A copy that fills the whole of `target`, whose dims are the product of `dims`. */
function fillBy(
  label: string,
  dims: readonly number[],
  source: { readonly operand: Operand; readonly layout: Layout },
  target: Operand,
): readonly DeviceNode[] {
  return affineCopy(label, dims, source, {
    operand: target,
    layout: { offset: 0, strides: rowMajor(dims) },
  });
}

/** Copies `source`, broadcast, to the whole of `target`. */
export function broadcastCopy(source: Operand, target: Operand): readonly DeviceNode[] {
  const layout = broadcastLayout(source.dims, target.dims);
  return fillBy("broadcast", target.dims, { operand: source, layout }, target);
}

/** The element of a transposed tensor's input at each place of its output. */
export function transposeLayout(op: OperatorCall, { dims }: Operand): Layout {
  const own = rowMajor(dims);
  const strides = permutation(op.call, dims.length).map((axis) => own[axis] ?? 0);
  return { offset: 0, strides };
}

const transpose: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  return x && y && fillBy("transpose", y.dims, { operand: x, layout: transposeLayout(op, x) }, y);
};

const expand: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  return x && y && broadcastCopy(x, y);
};

/** The same elements under another shape, in cases where the model's form prevents a view. */
const sameElements: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  if (x === undefined || y === undefined) {
    return undefined;
  }
  if (op.output(1) !== undefined) {
    return op.refuse("training mode");
  }
  const layout: Layout = { offset: 0, strides: rowMajor(y.dims) };
  return fillBy("copy", y.dims, { operand: x, layout }, y);
};

/** The element of a sliced tensor at each place of the slice, or a refusal. */
export function sliceLayout(op: OperatorCall, { dims }: Operand): Layout | undefined {
  const cuts = sliceAxes(op.call, dims);
  if (cuts === undefined) {
    return op.refuse("its bounds are computed by the model");
  }
  const strides = [...rowMajor(dims)];
  let offset = 0;
  for (const { axis, start, step } of cuts) {
    offset += start * (strides[axis] ?? 0);
    strides[axis] = (strides[axis] ?? 0) * step;
  }
  return { offset, strides };
}

const slice: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  const layout = x && sliceLayout(op, x);
  return x && y && layout && fillBy("slice", y.dims, { operand: x, layout }, y);
};

/** The element of a split tensor at each place of each part, in their order, or a refusal. */
export function splitLayouts(op: OperatorCall, { dims }: Operand): readonly Layout[] | undefined {
  const axis = op.call.axis(op.call.int("axis") ?? 0, dims.length);
  const sizes = axis === undefined ? undefined : splitSizes(op.call, dims[axis]);
  if (axis === undefined || sizes === undefined) {
    return op.refuse("its sizes are computed by the model");
  }
  const strides = rowMajor(dims);
  let start = 0;
  return sizes.map((size = 0) => {
    start += size;
    return { offset: (start - size) * (strides[axis] ?? 0), strides };
  });
}

const split: EmitRule = (op) => {
  const x = op.input(0);
  const layouts = x && splitLayouts(op, x);
  return (
    x &&
    layouts?.flatMap((layout, i) => {
      const part = op.output(i);
      return part === undefined ? [] : fillBy("split", part.dims, { operand: x, layout }, part);
    })
  );
};

const tile: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  if (x === undefined || y === undefined) {
    return undefined;
  }
  const own = rowMajor(x.dims);
  const dims = x.dims.flatMap((size, axis) => [(y.dims[axis] ?? 0) / Math.max(1, size), size]);
  const strides = x.dims.flatMap((_, axis) => [0, own[axis] ?? 0]);
  return fillBy("tile", dims, { operand: x, layout: { offset: 0, strides } }, y);
};

/** Axes of the input split as [N, block, block, C', H, W] (DCR) or [N, C', block, block, H, W] (CRD). */
const depthToSpace: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  const block = op.call.int("blocksize") ?? 1;
  const [batch = 0, , height = 0, width = 0] = x?.dims ?? [];
  const depth = y?.dims[1] ?? 0;
  if (x === undefined || y === undefined) {
    return undefined;
  }
  const isColumnFirst = op.call.text("mode") === "CRD";
  const split = isColumnFirst
    ? [batch, depth, block, block, height, width]
    : [batch, block, block, depth, height, width];
  const own = rowMajor(split);
  const [blockRow, blockColumn, channel] = isColumnFirst ? [2, 3, 1] : [1, 2, 3];
  const order = [0, channel, 4, blockRow, 5, blockColumn];
  const dims = order.map((axis) => split[axis] ?? 0);
  const strides = order.map((axis) => own[axis] ?? 0);
  return fillBy("depthToSpace", dims, { operand: x, layout: { offset: 0, strides } }, y);
};

const spaceToDepth: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  const block = op.call.int("blocksize") ?? 1;
  const [batch = 0, depth = 0, height = 0, width = 0] = x?.dims ?? [];
  if (x === undefined || y === undefined) {
    return undefined;
  }
  const split = [batch, depth, height / block, block, width / block, block];
  const own = rowMajor(split);
  const order = [0, 3, 5, 1, 2, 4];
  const dims = order.map((axis) => split[axis] ?? 0);
  const strides = order.map((axis) => own[axis] ?? 0);
  return fillBy("spaceToDepth", dims, { operand: x, layout: { offset: 0, strides } }, y);
};

/** Emission rules of the operators that move elements by strides. */
export const AFFINE_COPIES: EmitTable = {
  Transpose: transpose,
  Expand: expand,
  Slice: slice,
  Split: split,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Reshape: sameElements,
  Squeeze: sameElements,
  Unsqueeze: sameElements,
  Flatten: sameElements,
  Identity: sameElements,
  Dropout: sameElements,
};
