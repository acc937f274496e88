/**
 * RoiAlign: regions of a feature map, each brought to one size.
 *
 * A region is cut into bins, and a bin into a grid of sample points: `sampling_ratio` each way, or as many as
 * the bin has elements. Each point is read with linear weights; a bin is the mean (or maximum) of its points.
 * A thread makes one bin of one channel.
 *
 * Source: He et al., Mask R-CNN, ICCV 2017, section 3; ONNX operator documentation, RoiAlign. As in ONNX
 * Runtime, the maximum is over the weighted elements of all points, not over the points.
 */
import {
  add,
  binary,
  choose,
  convert,
  divide,
  type Expression,
  int,
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
import { brought } from "./lookup.js";
import { rowBuffers } from "./reductions.js";

const float = (value: number): Expression => literal("f32", value);
const named = (name: string): Expression => local("f32", name);

const roiAlign: EmitRule = (op) => {
  const [x, rois, batches, y] = [op.input(0), op.input(1), op.input(2), op.result()];
  if (x === undefined || rois === undefined || batches === undefined || y === undefined) {
    return undefined;
  }
  const mode = op.call.text("mode") ?? "avg";
  if (mode !== "avg" && mode !== "max") {
    return op.refuse(`mode ${mode}`);
  }
  if (sizeOf(y.dims) * sizeOf(x.dims) === 0) {
    return sizeOf(y.dims) === 0 ? [] : op.refuse("an empty input");
  }
  const isMaximum = mode === "max";
  const count = sizeOf(y.dims);
  const kernel = perElementKernel("roiAlign", rowBuffers(y, x, rois, batches), count, (at) => {
    const [region = at, channel = at, row = at, column = at] = coordinatesOf(at, y.dims);
    const index = brought(load(batches.storage, 3, region), x.dims[0] ?? 1, at.type);
    const image = addressOf({ offset: 0, strides: rowMajor(x.dims.slice(0, 2)) }, [
      local(at.type, "batch"),
      channel,
    ]);
    const area = (x.dims[2] ?? 1) * (x.dims[3] ?? 1);
    const points = multiply(named("ycount"), named("xcount"));
    const mean = divide(named("total"), binary("maximum", points, float(1)));
    return [
      define("batch", index),
      define("image", multiply(image, literal(at.type, area))),
      ...binStatements(op, "y", { rois, region, which: 1, bin: row, bins: y.dims[2] ?? 1 }),
      ...binStatements(op, "x", { rois, region, which: 0, bin: column, bins: y.dims[3] ?? 1 }),
      define("total", float(isMaximum ? -Infinity : 0)),
      sampled(x, at.type, isMaximum),
      {
        kind: "store",
        buffer: 0,
        index: at,
        value: convert(VALUE_OF[y.storage], isMaximum ? found() : mean),
      },
    ];
  });
  return [{ kind: "kernel", kernel, buffers: [y, x, rois, batches].map(({ place }) => place) }];
};

/** The maximum; zero where a bin has no points. */
function found(): Expression {
  return choose(less(float(-Infinity), named("total")), named("total"), float(0));
}

/** Along one axis: `start` of the bin, `size` of the bin, and `count` of sample points in it. */
function binStatements(
  op: OperatorCall,
  name: string,
  at: {
    readonly rois: Operand;
    readonly region: Expression;
    readonly which: number;
    readonly bin: Expression;
    readonly bins: number;
  },
): readonly Statement[] {
  const { rois, region, which, bin, bins } = at;
  const { type } = region;
  const given = op.call.text("coordinate_transformation_mode");
  const isHalfPixel =
    (given ?? (op.call.opset < 16 ? "output_half_pixel" : "half_pixel")) === "half_pixel";
  const ratio = op.call.int("sampling_ratio") ?? 0;
  const scale = op.call.float("spatial_scale") ?? 1;
  const edge = (side: number) => {
    const address = add(multiply(region, literal(type, 4)), literal(type, which + side));
    const scaled = multiply(convert("f32", load(rois.storage, 2, address)), float(scale));
    return isHalfPixel ? subtract(scaled, float(0.5)) : scaled;
  };
  const extent = subtract(edge(2), named(`${name}from`));
  const size = divide(named(`${name}extent`), float(bins));
  return [
    define(`${name}from`, edge(0)),
    define(`${name}extent`, isHalfPixel ? extent : binary("maximum", extent, float(1))),
    define(`${name}size`, size),
    define(`${name}count`, ratio > 0 ? float(ratio) : unary("ceil", named(`${name}size`))),
    define(
      `${name}start`,
      add(named(`${name}from`), multiply(convert("f32", bin), named(`${name}size`))),
    ),
  ];
}

/** Loops over the sample points of the bin. */
function sampled(x: Operand, type: Expression["type"], isMaximum: boolean): Statement {
  const [height, width] = [x.dims[2] ?? 1, x.dims[3] ?? 1];
  const element = (row: string, column: string): Expression => {
    const inRow = multiply(local(type, row), literal(type, width));
    const address = add(local(type, "image"), add(inRow, local(type, column)));
    return convert("f32", load(x.storage, 1, address));
  };
  const total = named("total");
  const corner = (row: "l" | "h", column: "l" | "h"): Expression =>
    multiply(
      multiply(named(`y${row}weight`), named(`x${column}weight`)),
      element(`y${row}`, `x${column}`),
    );
  const corners = [corner("l", "l"), corner("l", "h"), corner("h", "l"), corner("h", "h")];
  const value = isMaximum
    ? corners.reduce((most, each) => binary("maximum", most, each), total)
    : add(total, corners.reduce(add));
  const isInside = binary("and", local("bool", "yinside"), local("bool", "xinside"));
  const nothing: Statement[] = isMaximum
    ? [{ kind: "assign", name: "total", value: binary("maximum", total, float(0)) }]
    : [];
  return pointLoop("y", height, type, [
    pointLoop("x", width, type, [
      { kind: "if", condition: isInside, body: [{ kind: "assign", name: "total", value }] },
      ...(nothing.length === 0
        ? []
        : [{ kind: "if", condition: unary("not", isInside), body: nothing } as const]),
    ]),
  ]);
}

/** Positions and weights of the elements below and above each sample point along an axis. */
function pointLoop(
  name: string,
  size: number,
  type: Expression["type"],
  body: readonly Statement[],
): Statement {
  const number = (value: number) => literal(type, value);
  const step = divide(named(`${name}size`), named(`${name}count`));
  const index = add(convert("f32", local("i32", `${name}i`)), float(0.5));
  const raw = named(`${name}raw`);
  const isOutside = binary("or", less(raw, float(-1)), less(float(size), raw));
  const bounded = binary("maximum", raw, float(0));
  const low = local(type, `${name}l`);
  const below = convert(type, binary("minimum", named(`${name}at`), float(size - 1)));
  const isLast = unary("not", less(low, number(size - 1)));
  return {
    kind: "loop",
    name: `${name}i`,
    from: int(0),
    to: convert("i32", named(`${name}count`)),
    step: int(1),
    body: [
      define(`${name}raw`, add(named(`${name}start`), multiply(index, step))),
      define(`${name}inside`, unary("not", isOutside)),
      define(`${name}at`, bounded),
      define(`${name}l`, below),
      define(`${name}h`, choose(isLast, low, add(low, number(1)))),
      define(
        `${name}hweight`,
        choose(isLast, float(0), subtract(named(`${name}at`), convert("f32", low))),
      ),
      define(`${name}lweight`, subtract(float(1), named(`${name}hweight`))),
      ...body,
    ],
  };
}

/** Emission rules of the region operators. */
export const ROI_RULES: EmitTable = { RoiAlign: roiAlign };
