/** Convolutions, by cuDNN; of each channel by itself, by a kernel of our own. */
import { type WindowGeometry, windowGeometry } from "../../onnx/infer/window-geometry.js";
import type { DeviceNode, LibraryType } from "../device-node.js";
import { type Expression, literal, STORAGE_BYTES } from "../language/expression.js";
import { channelsLast, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { depthwiseFilters, depthwiseNodes, isDepthwise } from "./depthwise.js";
import { loaded, type Site } from "./element-values.js";
import { KernelBuffers } from "./kernel-buffers.js";
import { libraryType } from "./matrix.js";
import { padNodes } from "./place-copy.js";

/**
 * cuDNN pads both sides of a dim equally. With the leading pad on both sides the output may still
 * have the right size (the windows that would see the difference do not exist); else the input is
 * padded by a kernel of ours first. One spatial dim is taken as two, the first of size 1.
 */
const conv: EmitRule = (op) => {
  const [x, w, y] = [op.input(0), op.input(1), op.result()];
  const bias = op.optional(2);
  if (x === undefined || w === undefined || y === undefined || op.call.refusal !== undefined) {
    return undefined;
  }
  const type = libraryType(op, [x, w, y, bias]);
  const window = windowGeometry(op.call, x.dims.slice(2), y.dims.slice(2), w.dims.slice(2));
  if (type === undefined || window === undefined || sizeOf(y.dims) === 0) {
    return type && window && [];
  }
  const groups = op.call.int("group") ?? 1;
  if (isDepthwise(x, w, groups)) {
    const buffers = new KernelBuffers();
    const call = {
      source: x,
      outputDims: y.dims,
      w: depthwiseFilters(op, w, y),
      bias,
      window,
      read: (site: Site) => loaded(x, x.dims, site, buffers),
      finish: (sum: Expression) => sum,
      result: y,
    };
    return depthwiseNodes(call, buffers);
  }
  return convolutionNodes(op, type, { x, w, y, bias, window, groups });
};

/** A convolution with its operands. */
export interface Convolution {
  readonly x: Operand;
  readonly w: Operand;
  readonly y: Operand;
  readonly bias: Operand | undefined;
  readonly window: WindowGeometry;
  readonly groups: number;
}

/** The library call of a convolution, preceded by a kernel that pads its input where needed. */
export function convolutionNodes(
  op: OperatorCall,
  type: LibraryType,
  { x, w, y, bias, window, groups }: Convolution,
): readonly DeviceNode[] | undefined {
  const rank = x.dims.length - 2;
  if (rank > 3 || sizeOf(x.dims) === 0) {
    return op.refuse(rank > 3 ? `${rank} spatial dims` : "an empty input");
  }
  const before: DeviceNode[] = [];
  const padded = isSymmetric(window, x, y)
    ? { x, pads: window.begins }
    : { x: paddedInput(op, x, window, before), pads: window.begins.map(() => 0) };
  const flat = rank === 1;
  const wide = (dims: readonly number[]) =>
    flat ? [...dims.slice(0, 2), 1, ...dims.slice(2)] : dims;
  const list = (values: readonly number[], first: number) => (flat ? [first, ...values] : values);
  return [
    ...before,
    {
      kind: "conv",
      type,
      x: {
        place: padded.x.place,
        dims: wide(padded.x.dims),
        ...(padded.x.strides === undefined ? {} : { isChannelsLast: true }),
      },
      w: { place: w.place, dims: wide(w.dims) },
      y: { place: y.place, dims: wide(y.dims) },
      bias: bias?.place,
      pads: list(padded.pads, 0),
      strides: list(window.strides, 1),
      dilations: list(window.dilations, 1),
      groups,
    },
  ];
}

/** Whether the leading pads on both sides yield an output of the required size. */
function isSymmetric(window: WindowGeometry, x: Operand, y: Operand): boolean {
  return window.begins.every((pad, i) => {
    const extent = ((window.kernel[i] ?? 1) - 1) * (window.dilations[i] ?? 1) + 1;
    const steps = ((x.dims[i + 2] ?? 0) + 2 * pad - extent) / (window.strides[i] ?? 1);
    return pad >= 0 && Math.floor(steps) + 1 === y.dims[i + 2];
  });
}

function paddedInput(
  op: OperatorCall,
  x: Operand,
  window: WindowGeometry,
  before: DeviceNode[],
): Operand {
  const dims = x.dims.map((size, axis) =>
    axis < 2 ? size : size + (window.begins[axis - 2] ?? 0) + (window.ends[axis - 2] ?? 0),
  );
  const plain = op.scratch(x.storage, STORAGE_BYTES[x.storage], dims);
  const isTurned = op.layout === "channels-last" && dims.length === 4;
  const target = isTurned ? { ...plain, strides: channelsLast(dims) } : plain;
  const fill = literal("f32", 0);
  before.push(...padNodes(x, target, [0, 0, ...window.begins], { mode: "constant", fill }));
  return target;
}

/** Emission rules of the convolutions. */
export const CONVOLUTION_RULES: EmitTable = { Conv: conv };
