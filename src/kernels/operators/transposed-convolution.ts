/**
 * Transposed convolution: one thread gathers the terms of each output element.
 *
 * Output place o gets x[i] w[k] wherever i * stride + k * dilation = o + pad. So for every k there is at
 * most one i: `(o + pad - k * dilation) / stride`, if it divides and lies inside.
 */
import { readWindow } from "../../onnx/infer/window.js";
import {
  add,
  atLeast,
  binary,
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
  remainder,
  subtract,
  VALUE_OF,
} from "../language/expression.js";
import { define, loop, perElementKernel, type Statement } from "../language/kernel.js";
import { addressOf, coordinatesOf, rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { rowBuffers } from "./reductions.js";

interface Geometry {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begins: readonly number[];
}

/** `SAME` pads are the excess of the output size, the smaller half first for `SAME_UPPER`. */
function geometryOf(op: OperatorCall, x: Operand, w: Operand): Geometry | undefined {
  const kernel = w.dims.slice(2);
  const window = readWindow(op.call, kernel.length, kernel);
  if (window === undefined) {
    return undefined;
  }
  if (op.call.ints("output_shape") !== undefined) {
    return op.refuse("a given output shape");
  }
  const { strides, dilations, pads, autoPad } = window;
  const isUpper = op.call.text("auto_pad") === "SAME_UPPER";
  const begins = kernel.map((size, i) => {
    if (autoPad !== "SAME") {
      return autoPad === "VALID" ? 0 : (pads[i] ?? 0);
    }
    const [stride, input] = [strides[i] ?? 1, x.dims[i + 2] ?? 1];
    const extent = (size - 1) * (dilations[i] ?? 1) + 1;
    const total = Math.max(0, stride * (input - 1) + extent - input * stride);
    return isUpper ? Math.floor(total / 2) : total - Math.floor(total / 2);
  });
  return { strides, dilations, begins };
}

const convTranspose: EmitRule = (op) => {
  const [x, w, y] = [op.input(0), op.input(1), op.result()];
  const bias = op.optional(2);
  if (x === undefined || w === undefined || y === undefined || op.call.refusal !== undefined) {
    return undefined;
  }
  const geometry = geometryOf(op, x, w);
  if (geometry === undefined || sizeOf(y.dims) === 0) {
    return geometry && [];
  }
  const reads = [x, w, ...(bias === undefined ? [] : [bias])];
  const kernel = perElementKernel(
    "convTranspose",
    rowBuffers(y, ...reads),
    sizeOf(y.dims),
    (at) => {
      const type = VALUE_OF[x.storage];
      const coordinates = coordinatesOf(at, y.dims);
      const names = coordinates.map((_, axis) => local(at.type, `c${axis}`));
      const start = bias === undefined ? literal(type, 0) : load(bias.storage, 3, names[1] ?? at);
      return [
        ...coordinates.map((each, axis) => define(`c${axis}`, each)),
        define("total", start),
        ...sums(op, { x, w }, geometry, names),
        { kind: "store", buffer: 0, index: at, value: local(type, "total") },
      ];
    },
  );
  return [{ kind: "kernel", kernel, buffers: [y, ...reads].map(({ place }) => place) }];
};

/** Loops over the input channels of the group and over the window. */
function sums(
  op: OperatorCall,
  { x, w }: { readonly x: Operand; readonly w: Operand },
  { strides, dilations, begins }: Geometry,
  [batch = int(0), filter = int(0), ...output]: readonly Expression[],
): readonly Statement[] {
  const { type } = filter;
  const groups = op.call.int("group") ?? 1;
  const filters = w.dims[1] ?? 1;
  const channels = (x.dims[1] ?? 1) / groups;
  const number = (value: number) => literal(type, value);
  const group = divide(filter, number(filters));
  const channel = local(type, "channel");
  const inner = (
    axis: number,
    places: readonly Expression[],
    steps: readonly Expression[],
  ): readonly Statement[] => {
    const at = output[axis];
    if (at === undefined) {
      const from = load(
        x.storage,
        1,
        addressOf({ offset: 0, strides: rowMajor(x.dims) }, [batch, channel, ...places]),
      );
      const weight = load(
        w.storage,
        2,
        addressOf({ offset: 0, strides: rowMajor(w.dims) }, [
          channel,
          remainder(filter, number(filters)),
          ...steps,
        ]),
      );
      const total = local(from.type, "total");
      return [{ kind: "assign", name: "total", value: add(total, multiply(from, weight)) }];
    }
    const stride = number(strides[axis] ?? 1);
    return [
      loop(`k${axis}`, w.dims[axis + 2] ?? 1, (k) => {
        const step = convert(type, k);
        const moved = local(type, `m${axis}`);
        const place = local(type, `p${axis}`);
        const shift = multiply(step, number(dilations[axis] ?? 1));
        const condition = every([
          atLeast(moved, number(0)),
          binary("equal", remainder(moved, stride), number(0)),
          less(place, number(x.dims[axis + 2] ?? 0)),
        ]);
        return [
          define(`m${axis}`, subtract(add(at, number(begins[axis] ?? 0)), shift)),
          define(`p${axis}`, divide(moved, stride)),
          { kind: "if", condition, body: inner(axis + 1, [...places, place], [...steps, step]) },
        ];
      }),
    ];
  };
  return [
    loop("c", channels, (c) => [
      define("channel", add(multiply(group, number(channels)), convert(type, c))),
      ...inner(0, [], []),
    ]),
  ];
}

/** Emission rules of the transposed convolutions. */
export const TRANSPOSED_RULES: EmitTable = { ConvTranspose: convTranspose };
