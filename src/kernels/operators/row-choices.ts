/** Operators on rows other than reductions and normalizations by mean and variance. */
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
  STORAGE_BYTES,
  subtract,
  unary,
  VALUE_OF,
} from "../language/expression.js";
import { define, perElementKernel } from "../language/kernel.js";
import { addressOf, coordinatesOf, rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand } from "../operator-call.js";
import { quantizedRange, saturated } from "./quantize.js";
import { lowest, rowBuffers } from "./reductions.js";
import { RowProgram, rowShape } from "./row-kernel.js";

const maximum = (a: Expression, b: Expression): Expression => binary("maximum", a, b);
const minimum = (a: Expression, b: Expression): Expression => binary("minimum", a, b);

/** One for the first of the largest elements of a row, zero for the others. */
const hardmax: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  const isFlat = op.call.opset < 13;
  const axis = x && op.call.axis(op.call.int("axis") ?? (isFlat ? 1 : -1), x.dims.length);
  if (x === undefined || y === undefined || axis === undefined) {
    return undefined;
  }
  const axes = isFlat ? x.dims.map((_, i) => i).slice(axis) : [axis];
  const shape = rowShape(x.dims, axes);
  if (shape.rows * shape.length === 0) {
    return [];
  }
  const rows = new RowProgram(shape);
  const element = (at: Expression) => load(x.storage, 1, rows.address(at));
  const type = VALUE_OF[x.storage];
  const best = rows.reduce("best", lowest(type), maximum, element);
  const none = literal("i32", shape.length - 1);
  const place = rows.reduce("place", none, minimum, (at) =>
    choose(binary("equal", element(at), best), at, none),
  );
  rows.each((at) => {
    const value = choose(binary("equal", at, place), literal(type, 1), literal(type, 0));
    return [{ kind: "store", buffer: 0, index: rows.address(at), value }];
  });
  const kernel = rows.kernel("hardmax", rowBuffers(y, x));
  return [{ kind: "kernel", kernel, buffers: [y.place, x.place] }];
};

/** Rows divided by their norm; a row of zeros stays. */
const lpNormalization: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  const axis = x && op.call.axis(op.call.int("axis") ?? -1, x.dims.length);
  const p = op.call.int("p") ?? 2;
  if (x === undefined || y === undefined || axis === undefined) {
    return undefined;
  }
  if (p !== 1 && p !== 2) {
    return op.refuse(`norm ${p}`);
  }
  const shape = rowShape(x.dims, [axis]);
  if (shape.rows * shape.length === 0) {
    return [];
  }
  const rows = new RowProgram(shape);
  const element = (at: Expression) => load(x.storage, 1, rows.address(at));
  const type = VALUE_OF[x.storage];
  const size = (value: Expression) => (p === 1 ? unary("abs", value) : multiply(value, value));
  const total = rows.reduce("sum", literal(type, 0), add, (at) => size(element(at)));
  const norm = rows.define("norm", p === 1 ? total : unary("sqrt", total));
  const isZero = binary("equal", norm, literal(type, 0));
  rows.each((at) => {
    const value = choose(isZero, literal(type, 0), divide(element(at), norm));
    return [{ kind: "store", buffer: 0, index: rows.address(at), value }];
  });
  const kernel = rows.kernel("lpNormalization", rowBuffers(y, x));
  return [{ kind: "kernel", kernel, buffers: [y.place, x.place] }];
};

/** The first `length` steps of each sample backwards, the others unchanged. */
const reverseSequence: EmitRule = (op) => {
  const [x, lengths, y] = [op.input(0), op.input(1), op.result()];
  const [time, batch] = [op.call.int("time_axis") ?? 0, op.call.int("batch_axis") ?? 1];
  if (x === undefined || lengths === undefined || y === undefined) {
    return undefined;
  }
  if (sizeOf(y.dims) === 0) {
    return [];
  }
  const count = sizeOf(y.dims);
  const kernel = perElementKernel("reverseSequence", rowBuffers(y, x, lengths), count, (i) => {
    const coordinates = coordinatesOf(i, x.dims);
    const at = coordinates[time] ?? i;
    const length = convert(i.type, load(lengths.storage, 2, coordinates[batch] ?? i));
    const back = subtract(subtract(local(i.type, "length"), literal(i.type, 1)), at);
    const isTurned = less(at, local(i.type, "length"));
    const from = coordinates.with(time, choose(isTurned, back, at));
    const layout = { offset: 0, strides: rowMajor(x.dims) };
    // A length beyond the tensor is clamped to its end.
    return [
      define("length", binary("minimum", length, literal(i.type, x.dims[time] ?? 0))),
      {
        kind: "store",
        buffer: 0,
        index: i,
        value: load(x.storage, 1, addressOf(layout, from)),
      },
    ];
  });
  return [{ kind: "kernel", kernel, buffers: [y, x, lengths].map(({ place }) => place) }];
};

/**
 * Scale and zero point from the least and largest element (and zero), then the quantized tensor.
 * The extremes are taken along the last dim first, then of the results, so that long tensors have
 * many threads.
 */
const dynamicQuantize: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  const range = y && quantizedRange(y.storage);
  if (x === undefined || y === undefined || range === undefined) {
    return undefined;
  }
  if (sizeOf(x.dims) === 0) {
    return op.refuse("an empty input");
  }
  const [scale, zero] = [
    op.output(1) ?? op.scratch("f32", STORAGE_BYTES.f32, [1]),
    op.output(2) ?? op.scratch(y.storage, STORAGE_BYTES[y.storage], [1]),
  ];
  const rowCount = sizeOf(x.dims) / (x.dims.at(-1) ?? 1);
  const low = op.scratch("f32", STORAGE_BYTES.f32, [rowCount]);
  const high = op.scratch("f32", STORAGE_BYTES.f32, [rowCount]);
  const nodes: DeviceNode[] = [
    extremeNode(x, low, minimum, Infinity),
    extremeNode(x, high, maximum, -Infinity),
    scaleNode({ low, high, scale, zero }, range),
  ];
  const kernel = perElementKernel(
    "quantize",
    rowBuffers(y, x, scale, zero),
    sizeOf(x.dims),
    (i) => {
      const start = literal(i.type, 0);
      const steps = divide(load(x.storage, 1, i), load(scale.storage, 2, start));
      const value = saturated(steps, load(zero.storage, 3, start), range);
      return [{ kind: "store", buffer: 0, index: i, value }];
    },
  );
  const places = [y, x, scale, zero].map(({ place }) => place);
  return [...nodes, { kind: "kernel", kernel, buffers: places }];
};

function extremeNode(
  x: Operand,
  y: Operand,
  combine: (a: Expression, b: Expression) => Expression,
  start: number,
): DeviceNode {
  const rows = new RowProgram(rowShape([sizeOf(y.dims), x.dims.at(-1) ?? 1], [1]));
  const value = rows.reduce("most", literal("f32", start), combine, (at) =>
    load(x.storage, 1, rows.address(at)),
  );
  rows.once([{ kind: "store", buffer: 0, index: rows.row, value }]);
  const kernel = rows.kernel("extreme", rowBuffers(y, x));
  return { kind: "kernel", kernel, buffers: [y.place, x.place] };
}

/** Source: ONNX operator documentation, DynamicQuantizeLinear. */
function scaleNode(
  all: {
    readonly low: Operand;
    readonly high: Operand;
    readonly scale: Operand;
    readonly zero: Operand;
  },
  [least, most]: readonly [number, number],
): DeviceNode {
  const { low, high, scale, zero } = all;
  const float = (value: number) => literal("f32", value);
  const rows = new RowProgram(rowShape([1, sizeOf(low.dims)], [1]));
  // Buffers: 0 the scale, 1 the zero point, then the extremes.
  const smallest = rows.reduce("low", float(0), minimum, (at) => load("f32", 2, rows.address(at)));
  const largest = rows.reduce("high", float(0), maximum, (at) => load("f32", 3, rows.address(at)));
  const raw = rows.define("raw", divide(subtract(largest, smallest), float(most - least)));
  const step = rows.define("step", choose(binary("equal", raw, float(0)), float(1), raw));
  const at = subtract(float(least), divide(smallest, step));
  const bounded = minimum(maximum(at, float(least)), float(most));
  rows.once([
    { kind: "store", buffer: 0, index: rows.row, value: step },
    { kind: "store", buffer: 1, index: rows.row, value: convert("i32", unary("round", bounded)) },
  ]);
  const kernel = rows.kernel("quantizeScale", [
    { storage: scale.storage, access: "write" },
    { storage: zero.storage, access: "write" },
    { storage: "f32", access: "read" },
    { storage: "f32", access: "read" },
  ]);
  return { kind: "kernel", kernel, buffers: [scale, zero, low, high].map(({ place }) => place) };
}

/** Emission rules of these operators. */
export const ROW_CHOICES: EmitTable = {
  Hardmax: hardmax,
  LpNormalization: lpNormalization,
  ReverseSequence: reverseSequence,
  DynamicQuantizeLinear: dynamicQuantize,
};
