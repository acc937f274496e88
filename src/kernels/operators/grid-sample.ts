/**
 * GridSample: a grid holds the input position of every output element.
 *
 * The numbers of a grid go from -1 to 1 from edge to edge, the last axis of the input first. They
 * become places; a place outside is brought to the border, or reflected, or reads zeros; and the
 * elements around it are mixed: one (nearest), 2 (linear) or 4 (cubic) along each axis. The taps of
 * a cubic mix lie outside even where the place does not, so each is padded again on its own.
 *
 * Source: ONNX operator documentation, GridSample; where it is silent (places between the last element
 * and the edge), as ONNX Runtime does.
 */
import {
  add,
  atLeast,
  binary,
  both,
  choose,
  convert,
  divide,
  type Expression,
  less,
  literal,
  load,
  local,
  multiply,
  remainder,
  subtract,
  unary,
  VALUE_OF,
} from "../language/expression.js";
import { define, perElementKernel, type Statement } from "../language/kernel.js";
import { addressOf, coordinatesOf, rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand } from "../operator-call.js";
import { rowBuffers } from "./reductions.js";
import { cubicWeights } from "./resize-cubic.js";
import { type Tap, tapped } from "./taps.js";

const float = (value: number): Expression => literal("f32", value);

const MODES: Readonly<Record<string, "nearest" | "linear" | "cubic">> = {
  nearest: "nearest",
  bilinear: "linear",
  linear: "linear",
  bicubic: "cubic",
  cubic: "cubic",
};

/** GridSample's value of the free parameter of the cubic kernel. */
const CUBIC_COEFFICIENT = -0.75;

/** One spatial axis: its size, and the edges where reflection turns. */
interface Axis {
  readonly name: string;
  readonly mode: "nearest" | "linear" | "cubic";
  readonly size: number;
  readonly low: number;
  readonly high: number;
  readonly padding: string;
}

const gridSample: EmitRule = (op) => {
  const [x, grid, y] = [op.input(0), op.input(1), op.result()];
  const named = op.call.text("mode") ?? (op.call.opset < 20 ? "bilinear" : "linear");
  const [mode, padding] = [MODES[named], op.call.text("padding_mode") ?? "zeros"];
  if (x === undefined || grid === undefined || y === undefined) {
    return undefined;
  }
  const spatial = x.dims.slice(2);
  if (mode === undefined || !["zeros", "border", "reflection"].includes(padding)) {
    return op.refuse(`mode ${named}, ${padding}`);
  }
  if (spatial.length > (mode === "cubic" ? 2 : 3)) {
    return op.refuse(`${named} in ${spatial.length} spatial dims`);
  }
  if (sizeOf(y.dims) * sizeOf(x.dims) === 0) {
    return sizeOf(y.dims) === 0 ? [] : op.refuse("an empty input");
  }
  const isAligned = op.call.int("align_corners") === 1;
  const axes = spatial.map((size, i): Axis => {
    const [low, high] = isAligned ? [0, size - 1] : [-0.5, size - 0.5];
    return { name: `${i}`, mode, size, low, high, padding };
  });
  const kernel = perElementKernel("gridSample", rowBuffers(y, x, grid), sizeOf(y.dims), (at) => {
    const [batch = at, channel = at, ...output] = coordinatesOf(at, y.dims);
    const cell = addressOf({ offset: 0, strides: rowMajor(grid.dims.slice(0, -1)) }, [
      batch,
      ...output,
    ]);
    const body: Statement[] = [define("cell", multiply(cell, literal(at.type, spatial.length)))];
    const taps = axes.map((axis, i) => {
      const position = add(local(at.type, "cell"), literal(at.type, spatial.length - 1 - i));
      const given = convert("f32", load(grid.storage, 2, position));
      body.push(define(`g${i}`, placed(given, axis.size, isAligned)));
      return tapsOf(local("f32", `g${i}`), axis, at.type, body);
    });
    const layout = { offset: 0, strides: rowMajor(x.dims) };
    const value = tapped(taps, (places) =>
      load(x.storage, 1, addressOf(layout, [batch, channel, ...places])),
    );
    const stored = convert(VALUE_OF[y.storage], value);
    return [...body, { kind: "store", buffer: 0, index: at, value: stored }];
  });
  return [{ kind: "kernel", kernel, buffers: [y, x, grid].map(({ place }: Operand) => place) }];
};

/** From [-1, 1] to a place among `size` elements. */
function placed(given: Expression, size: number, isAligned: boolean): Expression {
  const shifted = add(given, float(1));
  return isAligned
    ? multiply(divide(shifted, float(2)), float(size - 1))
    : divide(subtract(multiply(shifted, float(size)), float(1)), float(2));
}

/** The taps of a place along an axis; statements that they need are added to `body`. */
function tapsOf(
  given: Expression,
  axis: Axis,
  type: Expression["type"],
  body: Statement[],
): readonly Tap[] {
  const { name, mode, padding } = axis;
  const raw = mode === "nearest" ? unary("round", given) : given;
  const isBounded = mode !== "cubic" || padding !== "border";
  body.push(define(`s${name}`, isBounded ? broughtInside(raw, axis) : raw));
  const source = local("f32", `s${name}`);
  if (mode === "nearest") {
    return [tapAt(`${name}n`, source, axis, type, body)];
  }
  body.push(define(`f${name}`, unary("floor", source)));
  const base = local("f32", `f${name}`);
  body.push(define(`t${name}`, subtract(source, base)));
  const rest = local("f32", `t${name}`);
  const weights =
    mode === "linear" ? [subtract(float(1), rest), rest] : cubicWeights(rest, CUBIC_COEFFICIENT);
  return weights.map((weight, i) => {
    const shift = float(mode === "linear" ? i : i - 1);
    body.push(define(`w${name}_${i}`, weight));
    const tap = tapAt(`${name}_${i}`, add(base, shift), axis, type, body);
    return { ...tap, weight: local("f32", `w${name}_${i}`) };
  });
}

/** One tap at a whole number, after padding. */
function tapAt(
  name: string,
  at: Expression,
  axis: Axis,
  type: Expression["type"],
  body: Statement[],
): Tap {
  const { size, padding } = axis;
  const number = (value: number) => literal(type, value);
  const whole = local(type, `p${name}`);
  if (padding === "zeros") {
    body.push(define(`p${name}`, convert(type, at)));
    return { at: whole, isInside: both(atLeast(whole, number(0)), less(whole, number(size))) };
  }
  const inside = padding === "border" ? at : reflected(at, axis);
  const low = binary("maximum", convert(type, inside), number(0));
  body.push(define(`p${name}`, binary("minimum", low, number(size - 1))));
  return { at: whole };
}

/** Places beyond the edges, for borders and reflections. */
function broughtInside(at: Expression, axis: Axis): Expression {
  const { size, low, high, padding } = axis;
  if (padding === "zeros") {
    return at;
  }
  if (padding === "reflection") {
    return reflected(at, axis);
  }
  const isOutside = binary("or", less(at, float(low)), less(float(high), at));
  const bounded = binary("minimum", binary("maximum", at, float(0)), float(size - 1));
  return choose(isOutside, bounded, at);
}

/** Back and forth between the edges: the distance from the lower one modulo twice the range. */
function reflected(at: Expression, { low, high }: Axis): Expression {
  const range = high - low;
  if (range === 0) {
    return float(low);
  }
  const distance = unary("abs", subtract(at, float(low)));
  const turned = remainder(distance, float(2 * range));
  const folded = choose(less(float(range), turned), subtract(float(2 * range), turned), turned);
  const isInside = both(atLeast(at, float(low)), atLeast(float(high), at));
  return choose(isInside, at, add(folded, float(low)));
}

/** Emission rules of GridSample. */
export const GRID_RULES: EmitTable = {
  GridSample: gridSample,
  "com.microsoft:GridSample": gridSample,
};
