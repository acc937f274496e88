/**
 * Products and convolutions of bytes, with sums in 32 bits.
 *
 * A quantized number is `(stored - zero point) * scale`. So a product of quantized tensors is a sum
 * of `(a - a0) * (b - b0)`, exact in integers, times both scales; outside of a padded tensor lies
 * its zero point, which adds nothing. The use of the sum differs: it is the output (MatMulInteger,
 * ConvInteger), is brought to the scale of the output and rounded (QLinearMatMul, QLinearConv,
 * QGemm), or becomes a float.
 *
 *   y = saturate(round(sum * (scale_a * scale_b / scale_y)) + y0)     in f32, ties to even
 *
 * A thread makes one output element: simple and exact, but without tensor cores, so slower than a
 * library would be. Source: ONNX operator documentation, QLinearMatMul, QLinearConv.
 */

import { type WindowGeometry, windowGeometry } from "../../onnx/infer/window-geometry.js";
import type { DeviceNode } from "../device-node.js";
import {
  add,
  atLeast,
  convert,
  divide,
  type Expression,
  every,
  int,
  less,
  literal,
  load,
  local,
  multiply,
  subtract,
  VALUE_OF,
} from "../language/expression.js";
import { define, loop, perElementKernel, type Statement } from "../language/kernel.js";
import { addressOf, broadcastLayout, coordinatesOf, rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { quantizedRange, saturated } from "./quantize.js";
import { rowBuffers } from "./reductions.js";

/** An operand that is repeated over the output as if it had other dims. */
interface Side {
  readonly operand: Operand;
  readonly dims: readonly number[];
}

/** A quantized factor. */
interface Factor {
  readonly operand: Operand;
  readonly zero: Side | undefined;
}

/** The parts of a product besides the sum. */
interface Product {
  readonly a: Factor;
  readonly b: Factor;
  readonly y: Operand;
  /** Dims of the iteration over the output. */
  readonly dims: readonly number[];
  /** Operands of `finish`. */
  readonly sides: readonly Side[];
  readonly finish: Finish;
}

/** The output from the sum; `side` returns the element of `sides[i]`. */
type Finish = (total: Expression, side: (i: number) => Expression) => Expression;

const TOTAL = local("i32", "total");

/**
 * The kernel of a product; `sum` is called with the coordinates and a function that adds a pair of
 * addresses.
 */
function productNode(
  label: string,
  { a, b, y, dims, sides, finish }: Product,
  sum: (
    at: readonly Expression[],
    plus: (a: Expression, b: Expression) => Statement,
  ) => readonly Statement[],
): readonly DeviceNode[] {
  if (sizeOf(dims) === 0) {
    return [];
  }
  const zeros = [a.zero, b.zero].filter((side) => side !== undefined);
  const inMemory = [...zeros, ...sides].filter(({ operand }) => !isLiteral(operand));
  const reads = [a.operand, b.operand, ...inMemory.map(({ operand }) => operand)];
  const kernel = perElementKernel(label, rowBuffers(y, ...reads), sizeOf(dims), (position) => {
    const at = dims.map((_, axis) => local(position.type, `c${axis}`));
    const element = (side: Side): Expression => {
      const { operand } = side;
      const [value = 0] = operand.values ?? [];
      const address = addressOf(broadcastLayout(side.dims, dims), at);
      return isLiteral(operand)
        ? literal(VALUE_OF[operand.storage], value)
        : load(operand.storage, inMemory.indexOf(side) + 3, address);
    };
    const zero = (name: string, side: Side | undefined) =>
      side === undefined || isLiteral(side.operand) ? [] : [define(name, element(side))];
    const factor = (buffer: number, name: string, each: Factor, address: Expression) => {
      const raw = load(each.operand.storage, buffer, address);
      if (each.zero === undefined) {
        return raw;
      }
      const { operand } = each.zero;
      return subtract(raw, isLiteral(operand) ? element(each.zero) : local("i32", name));
    };
    const plus = (from: Expression, weight: Expression): Statement => ({
      kind: "assign",
      name: "total",
      value: add(TOTAL, multiply(factor(1, "za", a, from), factor(2, "zb", b, weight))),
    });
    const value = finish(TOTAL, (i) => element(sides[i] as Side));
    return [
      ...coordinatesOf(position, dims).map((each, axis) => define(`c${axis}`, each)),
      ...zero("za", a.zero),
      ...zero("zb", b.zero),
      define("total", int(0)),
      ...sum(at, plus),
      { kind: "store", buffer: 0, index: position, value },
    ];
  });
  return [{ kind: "kernel", kernel, buffers: [y, ...reads].map(({ place }) => place) }];
}

function isLiteral({ values, place }: Operand): boolean {
  return values?.length === 1 && place.kind === "constant";
}

/** A value for all elements, or a vector along `axis` of a tensor of rank `rank`. */
function sideAlong(operand: Operand, axis: number, rank: number): Side {
  const isVector = operand.dims.length === 1 && operand.dims[0] !== 1;
  const dims = isVector
    ? [...operand.dims, ...new Array<number>(rank - axis - 1).fill(1)]
    : operand.dims;
  return { operand, dims: sizeOf(operand.dims) === 1 ? [] : dims };
}

/** Input positions of the parts of a product; `undefined` for an input that the operator lacks. */
interface Inputs {
  readonly a: number;
  readonly b: number;
  readonly aZero: number;
  readonly bZero: number;
}

const isByte = ({ storage }: Operand): boolean => storage === "u8" || storage === "i8";

/** Factors of a product; a vector of zero points belongs to rows of the left, `axis` of the right. */
function factorsOf(
  op: OperatorCall,
  at: Inputs,
  rank: number,
  axes: { readonly a: number; readonly b: number },
): { readonly a: Factor; readonly b: Factor } | undefined {
  const [a, b] = [op.input(at.a), op.input(at.b)];
  const [aZero, bZero] = [op.optional(at.aZero), op.optional(at.bZero)];
  if (a === undefined || b === undefined || op.call.refusal !== undefined) {
    return undefined;
  }
  if (!isByte(a) || !isByte(b)) {
    return op.refuse(`${a.elementType} times ${b.elementType}`);
  }
  return {
    a: { operand: a, zero: aZero && sideAlong(aZero, axes.a, rank) },
    b: { operand: b, zero: bZero && sideAlong(bZero, axes.b, rank) },
  };
}

/** Both sides of a product as matrices with batch dims, and the dims of all products. */
function matrixDims(a: Operand, b: Operand) {
  const left = a.dims.length === 1 ? [1, ...a.dims] : a.dims;
  const right = b.dims.length === 1 ? [...b.dims, 1] : b.dims;
  const rank = Math.max(left.length, right.length);
  const batch = Array.from({ length: rank - 2 }, (_, i) => {
    const [p, q] = [left[i - rank + left.length] ?? 1, right[i - rank + right.length] ?? 1];
    return p === 1 ? q : p;
  });
  return { left, right, batch, dims: [...batch, left.at(-2) ?? 1, right.at(-1) ?? 1] };
}

/** The last step of a matrix product or convolution. */
type FinishRule = (
  op: OperatorCall,
  y: Operand,
  axis: number,
  rank: number,
) => { readonly sides: readonly Side[]; readonly finish: Finish } | undefined;

function matrixRule(at: Inputs, finishOf: FinishRule): EmitRule {
  return (op) => {
    const [a, b, y] = [op.input(at.a), op.input(at.b), op.result()];
    if (a === undefined || b === undefined || y === undefined) {
      return undefined;
    }
    const { left, right, batch, dims } = matrixDims(a, b);
    const rank = dims.length;
    const factors = factorsOf(op, at, rank, { a: rank - 2, b: rank - 1 });
    const finished = factors && finishOf(op, y, rank - 1, rank);
    if (finished === undefined || factors === undefined) {
      return undefined;
    }
    const [depth, columns] = [left.at(-1) ?? 0, right.at(-1) ?? 0];
    const rows = left.at(-2) ?? 0;
    const scaled = (own: readonly number[], size: number) =>
      broadcastLayout(own.slice(0, -2), batch).strides.map((stride) => stride * size);
    const layoutA = { offset: 0, strides: [...scaled(left, rows * depth), depth, 0, 1] };
    const layoutB = { offset: 0, strides: [...scaled(right, depth * columns), 0, 1, columns] };
    return productNode("integerMatMul", { ...factors, y, dims, ...finished }, (c, plus) => [
      loop("k", depth, (k) => {
        const step = convert(c[0]?.type ?? "i32", k);
        return [plus(addressOf(layoutA, [...c, step]), addressOf(layoutB, [...c, step]))];
      }),
    ]);
  };
}

function convRule(at: Inputs, finishOf: FinishRule): EmitRule {
  return (op) => {
    const [x, w, y] = [op.input(at.a), op.input(at.b), op.result()];
    if (x === undefined || w === undefined || y === undefined) {
      return undefined;
    }
    const rank = y.dims.length;
    const factors = factorsOf(op, at, rank, { a: 1, b: 1 });
    const window = windowGeometry(op.call, x.dims.slice(2), y.dims.slice(2), w.dims.slice(2));
    const finished = factors && finishOf(op, y, 1, rank);
    if (factors === undefined || window === undefined || finished === undefined) {
      return undefined;
    }
    const group = { count: op.call.int("group") ?? 1, filters: 0 };
    group.filters = (w.dims[0] ?? 0) / group.count;
    return productNode("integerConv", { ...factors, y, dims: y.dims, ...finished }, (c, plus) =>
      windowSum({ x, w }, window, group.filters, c, plus),
    );
  };
}

/** Loops over the channels of the filter's group and over the window, inside of the input. */
function windowSum(
  { x, w }: { readonly x: Operand; readonly w: Operand },
  { strides, dilations, begins }: WindowGeometry,
  filtersOfGroup: number,
  [batch = int(0), filter = int(0), ...output]: readonly Expression[],
  plus: (a: Expression, b: Expression) => Statement,
): readonly Statement[] {
  const { type } = filter;
  const number = (value: number) => literal(type, value);
  const depth = w.dims[1] ?? 1;
  const group = divide(filter, number(filtersOfGroup));
  const places = output.map((_, axis) => local(type, `p${axis}`));
  const steps = output.map((_, axis) => convert(type, local("i32", `k${axis}`)));
  const step = convert(type, local("i32", "c"));
  const channel = add(multiply(group, number(depth)), step);
  const layout = (dims: readonly number[]) => ({ offset: 0, strides: rowMajor(dims) });
  const innermost = plus(
    addressOf(layout(x.dims), [batch, channel, ...places]),
    addressOf(layout(w.dims), [filter, step, ...steps]),
  );
  const body = output.reduceRight<Statement>(
    (inner, at, axis) =>
      loop(`k${axis}`, w.dims[axis + 2] ?? 1, () => {
        const place = places[axis] ?? at;
        const shift = multiply(steps[axis] ?? at, number(dilations[axis] ?? 1));
        const start = subtract(multiply(at, number(strides[axis] ?? 1)), number(begins[axis] ?? 0));
        const isInside = every([
          atLeast(place, number(0)),
          less(place, number(x.dims[axis + 2] ?? 0)),
        ]);
        return [
          define(`p${axis}`, add(start, shift)),
          { kind: "if", condition: isInside, body: [inner] },
        ];
      }),
    innermost,
  );
  return [loop("c", depth, () => [body])];
}

/** The plain sum. */
const plainSum: FinishRule = () => ({ sides: [], finish: (total) => total });

/** Scales of both factors and of the output, its zero point, and a bias in units of the sum. */
function requantized(at: {
  readonly aScale: number;
  readonly bScale: number;
  readonly yScale: number;
  readonly yZero: number;
  readonly bias?: number;
}): FinishRule {
  return (op, y, axis, rank) => {
    const scales = [op.input(at.aScale), op.input(at.bScale), op.input(at.yScale)];
    const [zero, bias] = [
      op.optional(at.yZero),
      at.bias === undefined ? undefined : op.optional(at.bias),
    ];
    const range = quantizedRange(y.storage);
    const [aScale, bScale, yScale] = scales;
    if (aScale === undefined || bScale === undefined || yScale === undefined || !range) {
      return op.refuse(`quantization to ${y.elementType}`);
    }
    const rows = sideAlong(aScale, Math.max(0, rank - 2), rank);
    const sides = [
      rows,
      ...[bScale, yScale].map((operand) => sideAlong(operand, axis, rank)),
      ...[zero, bias].flatMap((operand) => operand ?? []).map((o) => sideAlong(o, axis, rank)),
    ];
    const biasAt = zero === undefined ? 3 : 4;
    return {
      sides,
      finish: (total, side) => {
        const sum = bias === undefined ? total : add(total, side(biasAt));
        const scale = divide(multiply(side(0), side(1)), side(2));
        const value = multiply(convert("f32", sum), scale);
        return saturated(value, zero && side(3), range);
      },
    };
  };
}

/** The sum times both scales, and a bias, as floats. */
function scaledSum(at: {
  readonly aScale: number;
  readonly bScale: number;
  readonly bias: number;
}): FinishRule {
  return (op, _y, axis, rank) => {
    const [aScale, bScale, bias] = [op.input(at.aScale), op.input(at.bScale), op.optional(at.bias)];
    if (aScale === undefined || bScale === undefined) {
      return undefined;
    }
    const operands = [aScale, bScale, ...(bias === undefined ? [] : [bias])];
    return {
      sides: operands.map((operand) => sideAlong(operand, axis, rank)),
      finish: (total, side) => {
        const value = multiply(convert("f32", total), multiply(side(0), side(1)));
        return bias === undefined ? value : add(value, side(2));
      },
    };
  };
}

const PLAIN_INPUTS = { a: 0, b: 1, aZero: 2, bZero: 3 } as const;
const SCALED_INPUTS = { a: 0, aZero: 2, b: 3, bZero: 5 } as const;
const SCALES = { aScale: 1, bScale: 4, yScale: 6, yZero: 7 } as const;

/** Emission rules of the products of bytes. */
export const INTEGER_RULES: EmitTable = {
  MatMulInteger: matrixRule(PLAIN_INPUTS, plainSum),
  ConvInteger: convRule(PLAIN_INPUTS, plainSum),
  QLinearMatMul: matrixRule(SCALED_INPUTS, requantized(SCALES)),
  QLinearConv: convRule(SCALED_INPUTS, requantized({ ...SCALES, bias: 8 })),
  "com.microsoft:MatMulIntegerToFloat": matrixRule(
    { a: 0, b: 1, aZero: 4, bZero: 5 },
    scaledSum({ aScale: 2, bScale: 3, bias: 6 }),
  ),
};
