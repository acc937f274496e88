/**
 * Resampling: nearest, linear and cubic (`resize-cubic.ts`), up and down.
 *
 * One thread makes one output element. For each axis that changes, the output coordinate is mapped
 * back to a place in the input, `(at + 0.5) / scale - 0.5` or one of its variants, in f32 as ONNX
 * Runtime does. Nearest rounds it; linear mixes the 2^n neighbors of the n axes that change.
 * Source: ONNX operator documentation, Resize, "coordinate_transformation_mode" and "nearest_mode".
 */
import type { DeviceNode } from "../device-node.js";
import {
  add,
  binary,
  choose,
  convert,
  divide,
  type Expression,
  less,
  literal,
  load,
  local,
  multiply,
  subtract,
  unary,
  VALUE_OF,
} from "../language/expression.js";
import { define, perElementKernel, type Statement } from "../language/kernel.js";
import { addressOf, coordinatesOf, rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { rowBuffers } from "./reductions.js";
import { cubicNodes } from "./resize-cubic.js";

const float = (value: number): Expression => literal("f32", value);

/** An axis that changes. */
interface ResizedAxis {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** Output coordinate to a place in the input, as a float. */
type Mapping = (at: Expression, axis: ResizedAxis) => Expression;

const halfPixel: Mapping = (at, { scale }) =>
  subtract(divide(add(at, float(0.5)), float(scale)), float(0.5));

/** Half-pixel about the middle of an input whose size times the scale need not be whole. */
const symmetric: Mapping = (at, axis) => {
  const { from, to, scale } = axis;
  const adjustment = to / (scale * from);
  const offset = (from / 2) * (1 - adjustment);
  return add(float(offset), halfPixel(at, axis));
};

const MAPPINGS: Readonly<Record<string, Mapping>> = {
  half_pixel: halfPixel,
  half_pixel_symmetric: symmetric,
  pytorch_half_pixel: (at, axis) => (axis.to > 1 ? halfPixel(at, axis) : float(0)),
  asymmetric: (at, { scale }) => divide(at, float(scale)),
  align_corners: (at, { from, to }) =>
    to === 1 ? float(0) : divide(multiply(at, float(from - 1)), float(to - 1)),
};

const ROUNDINGS: Readonly<Record<string, (place: Expression) => Expression>> = {
  round_prefer_floor: (place) => unary("ceil", subtract(place, float(0.5))),
  round_prefer_ceil: (place) => unary("floor", add(place, float(0.5))),
  floor: (place) => unary("floor", place),
  ceil: (place) => unary("ceil", place),
};

const MODES: readonly string[] = ["nearest", "linear", "cubic"];

/** ONNX's default of "cubic_coeff_a". */
const DEFAULT_COEFFICIENT = -0.75;

const resize: EmitRule = (op) => {
  const isOld = op.call.opset < 11 || op.operator.type === "Upsample";
  const mapping =
    op.call.text("coordinate_transformation_mode") ?? (isOld ? "asymmetric" : "half_pixel");
  const nearest = op.call.text("nearest_mode") ?? (isOld ? "floor" : "round_prefer_floor");
  const mode = op.call.text("mode") ?? "nearest";
  const map = MAPPINGS[mapping];
  const round = ROUNDINGS[nearest];
  if (map === undefined || round === undefined || !MODES.includes(mode)) {
    return op.refuse(`mode ${mode}, ${mapping}, ${nearest}`);
  }
  if (op.call.int("antialias") === 1) {
    return op.refuse("antialiasing");
  }
  const [x, y] = [op.input(0), op.result()];
  const axes = x && y && changedAxes(op, x, y, isOld);
  if (x === undefined || y === undefined || axes === undefined) {
    return undefined;
  }
  if (sizeOf(y.dims) === 0) {
    return [];
  }
  switch (mode) {
    case "nearest":
      return nearestNodes(x, y, axes, (at, axis) => round(map(at, axis)));
    case "cubic":
      return cubicRule(op, x, y, axes, map);
    default:
      return linearNodes(op, x, y, axes, map);
  }
};

/** Most axes that a cubic kernel mixes: each quadruples the loads of a thread. */
const MOST_CUBIC = 2;

function cubicRule(
  op: OperatorCall,
  x: Operand,
  y: Operand,
  axes: readonly ResizedAxis[],
  map: Mapping,
): readonly DeviceNode[] | undefined {
  if (axes.length > MOST_CUBIC) {
    return op.refuse(`cubic in ${axes.length} dims`);
  }
  const a = op.call.float("cubic_coeff_a") ?? DEFAULT_COEFFICIENT;
  const excludesOutside = op.call.int("exclude_outside") === 1;
  const placed = axes.map((each) => ({ ...each, place: (at: Expression) => map(at, each) }));
  return cubicNodes(x, y, placed, { a, excludesOutside });
}

/** Scales are given, or follow from the sizes. */
function changedAxes(
  op: OperatorCall,
  x: Operand,
  y: Operand,
  isOld: boolean,
): readonly ResizedAxis[] | undefined {
  const given = scalesOf(op, isOld);
  const listed = op.call.ints("axes");
  const axes = listed === undefined ? x.dims.map((_, i) => i) : op.call.axes(listed, x.dims.length);
  if (axes === undefined) {
    return undefined;
  }
  const changed: ResizedAxis[] = [];
  for (const [axis, from] of x.dims.entries()) {
    const to = y.dims[axis] ?? 0;
    const position = axes.indexOf(axis);
    const scale = (position < 0 ? undefined : given?.[position]) ?? to / Math.max(1, from);
    if (from !== to || scale !== 1) {
      changed.push({ axis, from, to, scale: Math.fround(scale) });
    }
  }
  return changed;
}

function scalesOf(op: OperatorCall, isOld: boolean): readonly number[] | undefined {
  const scales = isOld
    ? op.call.has(1)
      ? op.call.values(1)
      : op.call.floats("scales")
    : op.call.has(2)
      ? op.call.values(2)
      : undefined;
  return scales === undefined || scales.length === 0 ? undefined : scales;
}

function clamped(place: Expression, size: number): Expression {
  const number = (value: number) => literal(place.type, value);
  return binary("minimum", binary("maximum", place, number(0)), number(size - 1));
}

function nearestNodes(
  x: Operand,
  y: Operand,
  axes: readonly ResizedAxis[],
  place: (at: Expression, axis: ResizedAxis) => Expression,
): readonly DeviceNode[] {
  const kernel = perElementKernel("resizeNearest", rowBuffers(y, x), sizeOf(y.dims), (position) => {
    const coordinates = coordinatesOf(position, y.dims);
    const body: Statement[] = [];
    for (const axis of axes) {
      const at = coordinates[axis.axis] ?? position;
      const name = `p${axis.axis}`;
      const source = clamped(place(convert("f32", at), axis), axis.from);
      body.push(define(name, convert(position.type, source)));
      coordinates[axis.axis] = local(position.type, name);
    }
    const layout = { offset: 0, strides: rowMajor(x.dims) };
    const value = load(x.storage, 1, addressOf(layout, coordinates));
    return [...body, { kind: "store", buffer: 0, index: position, value }];
  });
  return [{ kind: "kernel", kernel, buffers: [y.place, x.place] }];
}

/** Most axes that a linear kernel mixes: each doubles the loads of a thread. */
const MOST_MIXED = 3;

function linearNodes(
  op: OperatorCall,
  x: Operand,
  y: Operand,
  axes: readonly ResizedAxis[],
  map: Mapping,
): readonly DeviceNode[] | undefined {
  if (axes.length > MOST_MIXED) {
    return op.refuse(`linear in ${axes.length} dims`);
  }
  const kernel = perElementKernel("resizeLinear", rowBuffers(y, x), sizeOf(y.dims), (position) => {
    const { type } = position;
    const coordinates = coordinatesOf(position, y.dims);
    const body: Statement[] = [];
    for (const axis of axes) {
      const at = convert("f32", coordinates[axis.axis] ?? position);
      const source = local("f32", `s${axis.axis}`);
      const low = local(type, `l${axis.axis}`);
      const next = add(low, literal(type, 1));
      const limit = literal(type, axis.from - 1);
      body.push(
        define(`s${axis.axis}`, clamped(map(at, axis), axis.from)),
        define(`l${axis.axis}`, convert(type, unary("floor", source))),
        define(`h${axis.axis}`, choose(less(next, limit), next, limit)),
        define(`w${axis.axis}`, subtract(source, convert("f32", low))),
      );
    }
    const value = mixed(x, axes, coordinates, 0);
    const stored = convert(VALUE_OF[y.storage], value);
    return [...body, { kind: "store", buffer: 0, index: position, value: stored }];
  });
  return [{ kind: "kernel", kernel, buffers: [y.place, x.place] }];
}

/** The neighbors below and above along axis number `depth`, weighted. */
function mixed(
  x: Operand,
  axes: readonly ResizedAxis[],
  coordinates: readonly Expression[],
  depth: number,
): Expression {
  const axis = axes[depth]?.axis;
  if (axis === undefined) {
    const layout = { offset: 0, strides: rowMajor(x.dims) };
    return convert("f32", load(x.storage, 1, addressOf(layout, coordinates)));
  }
  const type = coordinates[axis]?.type ?? "i32";
  const side = (prefix: string) =>
    mixed(x, axes, coordinates.with(axis, local(type, `${prefix}${axis}`)), depth + 1);
  const weight = local("f32", `w${axis}`);
  return add(multiply(side("l"), subtract(float(1), weight)), multiply(side("h"), weight));
}

/** Emission rules of the resampling operators. */
export const RESIZE_RULES: EmitTable = { Resize: resize, Upsample: resize };
