/** Operators that move elements by conditions on their coordinates: Concat, Pad, Trilu. */
import { padsOf } from "../../onnx/infer/slicing.js";
import type { DeviceNode } from "../device-node.js";
import {
  add,
  atLeast,
  binary,
  choose,
  type Expression,
  every,
  less,
  literal,
  load,
  local,
  remainder,
  subtract,
  unary,
  VALUE_OF,
} from "../language/expression.js";
import { define, perElementKernel, type Statement } from "../language/kernel.js";
import {
  addressOf,
  channelsLast,
  channelsLastOrder,
  coordinatesOf,
  inOrder,
  isFlat,
  rowMajor,
  sizeOf,
} from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { layoutCopy } from "./affine-copy.js";
import { storedCoordinates, storedPlace } from "./element-values.js";

/** Most inputs of one joining kernel: each is a comparison in every thread. */
const MOST_JOINED = 16;

const concat: EmitRule = (op) => {
  const [inputs, y] = [op.inputs(), op.result()];
  const axis = y && op.call.axis(op.call.int("axis") ?? 1, y.dims.length);
  if (inputs === undefined || y === undefined || axis === undefined) {
    return undefined;
  }
  const operands = [y, ...inputs];
  const isTurned = operands.some(({ strides }) => strides !== undefined);
  if (!isTurned) {
    return joinedRows(inputs, y, axis);
  }
  // Where there is one channel or one place, both orders are the same.
  const isAlike = operands.every(({ dims, strides }) => {
    return strides === undefined ? isFlat(dims) : strides.join() === channelsLast(dims).join();
  });
  return isAlike
    ? joinedRows(inputs.map(asStored), asStored(y), channelsLastOrder(y.dims.length).indexOf(axis))
    : partCopies(inputs, y, axis);
};

/** A tensor over its dims in the order of memory, where its channels are last. */
function asStored(operand: Operand): Operand {
  const { strides: _, ...rest } = operand;
  return { ...rest, dims: inOrder(operand.dims, channelsLastOrder(operand.dims.length)) };
}

/** Copies part by part, from tensors of either order. */
function partCopies(parts: readonly Operand[], y: Operand, axis: number): readonly DeviceNode[] {
  const strides = y.strides ?? rowMajor(y.dims);
  let start = 0;
  return parts.flatMap((part) => {
    const target = { operand: y, layout: { offset: start * (strides[axis] ?? 0), strides } };
    start += part.dims[axis] ?? 0;
    const own = { offset: 0, strides: part.strides ?? rowMajor(part.dims) };
    return layoutCopy("concat", part.dims, { operand: part, layout: own }, target);
  });
}

/**
 * Each thread finds the part that its element is in by comparing with the parts' ends. As outer and
 * inner dims do not matter, all are taken as [outer, axis, inner].
 */
function joinedRows(inputs: readonly Operand[], y: Operand, axis: number): readonly DeviceNode[] {
  const outer = sizeOf(y.dims.slice(0, axis));
  const inner = sizeOf(y.dims.slice(axis + 1));
  const nodes: DeviceNode[] = [];
  let start = 0;
  for (let first = 0; first < inputs.length; first += MOST_JOINED) {
    const parts = inputs.slice(first, first + MOST_JOINED).filter(({ dims }) => sizeOf(dims) > 0);
    const length = parts.reduce((sum, part) => sum + (part.dims[axis] ?? 0), 0);
    if (outer * length * inner > 0) {
      const target = { operand: y, axisSize: y.dims[axis] ?? 0, start, length };
      nodes.push(joined(parts, axis, { outer, inner }, target));
    }
    start += length;
  }
  return nodes;
}

function joined(
  parts: readonly Operand[],
  axis: number,
  { outer, inner }: { readonly outer: number; readonly inner: number },
  target: {
    readonly operand: Operand;
    readonly axisSize: number;
    readonly start: number;
    readonly length: number;
  },
): DeviceNode {
  const { operand, axisSize, start, length } = target;
  const kernel = perElementKernel(
    "concat",
    [
      { storage: operand.storage, access: "write" },
      ...parts.map(({ storage }) => ({ storage, access: "read" }) as const),
    ],
    outer * length * inner,
    (position) => {
      const { type } = position;
      const coordinates = coordinatesOf(position, [outer, length, inner]);
      const [row, at, column] = coordinates.map((_, i) => local(type, `c${i}`)) as [
        Expression,
        Expression,
        Expression,
      ];
      let end = length;
      let value: Expression | undefined;
      for (let i = parts.length - 1; i >= 0; i--) {
        const part = parts[i] as Operand;
        const size = part.dims[axis] ?? 0;
        const begin = end - size;
        const layout = { offset: -begin * inner, strides: [size * inner, inner, 1] };
        const element = load(part.storage, i + 1, addressOf(layout, [row, at, column]));
        value =
          value === undefined ? element : choose(less(at, literal(type, end)), element, value);
        end = begin;
      }
      const layout = { offset: start * inner, strides: [axisSize * inner, inner, 1] };
      return [
        ...coordinates.map((each, i) => define(`c${i}`, each)),
        {
          kind: "store",
          buffer: 0,
          index: addressOf(layout, [row, at, column]),
          value: value ?? literal("f32", 0),
        },
      ];
    },
  );
  return { kind: "kernel", kernel, buffers: [operand.place, ...parts.map((part) => part.place)] };
}

/** The source of elements outside of the padded tensor. */
type PadMode = "constant" | "edge" | "reflect" | "wrap";

/**
 * The kernel that pads `x` to `y` with `fill` (or by `mode`): coordinate minus leading pad, filled
 * outside. Negative pads cut.
 */
export function padNodes(
  x: Operand,
  y: Operand,
  begins: readonly number[],
  how: { readonly mode: PadMode; readonly fill: Expression | Operand },
): readonly DeviceNode[] {
  if (sizeOf(y.dims) === 0) {
    return [];
  }
  const { mode, fill } = how;
  const own = x.strides ?? rowMajor(x.dims);
  const fillOperand = "kind" in fill ? undefined : fill;
  const kernel = perElementKernel(
    "pad",
    [
      { storage: y.storage, access: "write" },
      { storage: x.storage, access: "read" },
      ...(fillOperand === undefined
        ? []
        : [{ storage: fillOperand.storage, access: "read" } as const]),
    ],
    sizeOf(y.dims),
    (position) => {
      const { type } = position;
      const coordinates = storedCoordinates(position, y);
      const conditions: Expression[] = [];
      const body: Statement[] = [];
      const places = coordinates.map((each, axis) => {
        const [begin, size] = [begins[axis] ?? 0, x.dims[axis] ?? 0];
        const moved = subtract(each, literal(type, begin));
        body.push(define(`c${axis}`, moved));
        const name = local(type, `c${axis}`);
        const isCovered = begin <= 0 && (y.dims[axis] ?? 0) - begin <= size;
        if (!isCovered && mode === "constant") {
          conditions.push(atLeast(name, literal(type, 0)), less(name, literal(type, size)));
        }
        return isCovered ? name : broughtInside(name, size, mode);
      });
      const layout = { offset: 0, strides: own };
      const inside = load(x.storage, 1, addressOf(layout, places));
      const outside = "kind" in fill ? fill : load(fill.storage, 2, literal(type, 0));
      body.push({
        kind: "store",
        buffer: 0,
        index: storedPlace(position, y),
        value: choose(every(conditions), inside, outside),
      });
      return body;
    },
  );
  const places = fillOperand === undefined ? [] : [fillOperand.place];
  return [{ kind: "kernel", kernel, buffers: [y.place, x.place, ...places] }];
}

/**
 * The coordinate inside that an outside one is mapped to. Source: ONNX operator documentation, Pad,
 * "mode".
 */
function broughtInside(at: Expression, size: number, mode: PadMode): Expression {
  const number = (value: number) => literal(at.type, value);
  const modulo = (value: Expression, by: number) =>
    remainder(add(remainder(value, number(by)), number(by)), number(by));
  switch (mode) {
    case "constant":
      return at;
    case "edge":
      return binary("minimum", binary("maximum", at, number(0)), number(size - 1));
    case "wrap":
      return modulo(at, size);
    case "reflect": {
      if (size === 1) {
        return number(0);
      }
      // Reflection without repeating the edge has the period 2 (size - 1): 0 1 2 1 | 0 1 2 1.
      const period = 2 * (size - 1);
      const folded = modulo(at, period);
      return binary("minimum", folded, subtract(number(period), folded));
    }
  }
}

const pad: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  const pads = x && padsOf(op.call, x.dims.length)?.slice(0, x.dims.length);
  const fill = fillOf(op);
  const mode = op.call.text("mode") ?? "constant";
  if (x === undefined || y === undefined || fill === undefined) {
    return undefined;
  }
  if (pads === undefined) {
    return op.refuse("its pads are computed by the model");
  }
  return isPadMode(mode) ? padNodes(x, y, pads, { mode, fill }) : op.refuse(`mode ${mode}`);
};

function isPadMode(mode: string): mode is PadMode {
  return mode === "constant" || mode === "edge" || mode === "reflect" || mode === "wrap";
}

function fillOf(op: OperatorCall): Expression | Operand | undefined {
  const x = op.input(0);
  if (x === undefined) {
    return undefined;
  }
  const given = op.call.has(2) ? op.input(2) : undefined;
  const type = VALUE_OF[x.storage];
  if (given === undefined) {
    return op.call.refusal === undefined ? literal(type, op.call.float("value") ?? 0) : undefined;
  }
  return given.values?.length === 1 ? literal(type, given.values[0] ?? 0) : given;
}

/** The part of each matrix on one side of a diagonal, zero elsewhere. */
const trilu: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  const given = op.call.has(1) ? op.call.values(1)?.[0] : 0;
  if (x === undefined || y === undefined) {
    return undefined;
  }
  if (given === undefined) {
    return op.refuse("its diagonal is computed by the model");
  }
  if (sizeOf(y.dims) === 0) {
    return [];
  }
  const isUpper = op.call.int("upper") !== 0;
  const matrices = [sizeOf(y.dims.slice(0, -2)), ...y.dims.slice(-2)];
  const kernel = perElementKernel(
    "trilu",
    [
      { storage: y.storage, access: "write" },
      { storage: x.storage, access: "read" },
    ],
    sizeOf(y.dims),
    (position) => {
      const [, row = position, column = position] = coordinatesOf(position, matrices);
      const diagonal = add(row, literal(position.type, given));
      const isKept = isUpper ? atLeast(column, diagonal) : unary("not", less(diagonal, column));
      const value = choose(isKept, load(x.storage, 1, position), literal(VALUE_OF[x.storage], 0));
      return [{ kind: "store", buffer: 0, index: position, value }];
    },
  );
  return [{ kind: "kernel", kernel, buffers: [y.place, x.place] }];
};

/** Emission rules of the operators that move elements by conditions. */
export const PLACE_COPIES: EmitTable = {
  Concat: concat,
  Pad: pad,
  Trilu: trilu,
  "com.microsoft:Trilu": trilu,
};
