/**
 * Cubic resampling: each output element mixes the four neighbors on each axis that changes.
 *
 * A place 2.3 in the input lies 0.3 behind element 2; elements 1, 2, 3 and 4 are weighted by the cubic
 * convolution kernel at the distances 1.3, 0.3, 0.7 and 1.7. Elements beyond the border are those at
 * the border, or (`exclude_outside`) have no weight, and the others are scaled to sum up to one.
 *
 * Source: Keys, Cubic Convolution Interpolation for Digital Image Processing, IEEE Trans. ASSP 1981,
 * equation 4, with the parameter `a` free as ONNX has it ("cubic_coeff_a").
 */

import type { DeviceNode } from "../device-node.js";
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
  subtract,
  unary,
  VALUE_OF,
} from "../language/expression.js";
import { define, perElementKernel, type Statement } from "../language/kernel.js";
import { addressOf, coordinatesOf, rowMajor, sizeOf } from "../language/layout.js";
import type { Operand } from "../operator-call.js";
import { rowBuffers } from "./reductions.js";
import { tapped } from "./taps.js";

/** A resized axis, with its places in the input. */
export interface CubicAxis {
  readonly axis: number;
  /** Elements of the input along the axis. */
  readonly from: number;
  /** The place in the input, as a float, of an output coordinate. */
  readonly place: (at: Expression) => Expression;
}

/** Options of the weights. */
export interface CubicKernel {
  /** The parameter of the kernel; -0.75 by default in ONNX. */
  readonly a: number;
  readonly excludesOutside: boolean;
}

const TAPS = [0, 1, 2, 3];

const float = (value: number): Expression => literal("f32", value);

/** A polynomial by Horner's rule, highest coefficient first. */
function polynomial(x: Expression, [first = 0, ...rest]: readonly number[]): Expression {
  return rest.reduce<Expression>(
    (sum, coefficient) => add(multiply(sum, x), float(coefficient)),
    float(first),
  );
}

/** The weights of the neighbors at distances 1 + t, t, 1 - t and 2 - t. */
export function cubicWeights(t: Expression, a: number): readonly Expression[] {
  const near = (x: Expression) => polynomial(x, [a + 2, -(a + 3), 0, 1]);
  const far = (x: Expression) => polynomial(x, [a, -5 * a, 8 * a, -4 * a]);
  const rest = subtract(float(1), t);
  return [far(add(t, float(1))), near(t), near(rest), far(add(rest, float(1)))];
}

/** Names: `p` places (clamped) and `w` weights of the neighbors of an axis. */
function axisStatements(
  { axis, from, place }: CubicAxis,
  at: Expression,
  { a, excludesOutside }: CubicKernel,
): readonly Statement[] {
  const { type } = at;
  const number = (value: number) => literal(type, value);
  const source = local("f32", `s${axis}`);
  const base = local("f32", `b${axis}f`);
  const neighbor = (tap: number) => add(convert(type, base), subtract(number(tap), number(1)));
  const isInside = (tap: number) =>
    both(atLeast(neighbor(tap), number(0)), less(neighbor(tap), number(from)));
  const weights = cubicWeights(subtract(source, base), a);
  const raw = weights.map((weight, tap) =>
    excludesOutside ? choose(isInside(tap), weight, float(0)) : weight,
  );
  const names = TAPS.map((tap) => local("f32", `w${axis}_${tap}`));
  const total = names.reduce(add);
  return [
    define(`s${axis}`, place(convert("f32", at))),
    define(`b${axis}f`, unary("floor", source)),
    ...TAPS.map((tap) => {
      const low = binary("maximum", neighbor(tap), number(0));
      return define(`p${axis}_${tap}`, binary("minimum", low, number(from - 1)));
    }),
    ...raw.map((weight, tap) => define(`w${axis}_${tap}`, weight)),
    ...(excludesOutside
      ? [
          define(`t${axis}`, total),
          ...names.map(
            (name, tap): Statement => ({
              kind: "assign",
              name: `w${axis}_${tap}`,
              value: divide(name, local("f32", `t${axis}`)),
            }),
          ),
        ]
      : []),
  ];
}

/** The kernel of a cubic resize. Cost: 4 loads for each axis that changes, multiplied. */
export function cubicNodes(
  x: Operand,
  y: Operand,
  axes: readonly CubicAxis[],
  how: CubicKernel,
): readonly DeviceNode[] {
  const kernel = perElementKernel("resizeCubic", rowBuffers(y, x), sizeOf(y.dims), (position) => {
    const coordinates = coordinatesOf(position, y.dims);
    const before = axes.flatMap((axis) =>
      axisStatements(axis, coordinates[axis.axis] ?? position, how),
    );
    const value = mixed(x, axes, coordinates);
    const stored = convert(VALUE_OF[y.storage], value);
    return [...before, { kind: "store", buffer: 0, index: position, value: stored }];
  });
  return [{ kind: "kernel", kernel, buffers: [y.place, x.place] }];
}

function mixed(
  x: Operand,
  axes: readonly CubicAxis[],
  coordinates: readonly Expression[],
): Expression {
  const taps = axes.map(({ axis }) =>
    TAPS.map((tap) => ({
      at: local(coordinates[axis]?.type ?? "i32", `p${axis}_${tap}`),
      weight: local("f32", `w${axis}_${tap}`),
    })),
  );
  return tapped(taps, (places) => {
    const there = [...coordinates];
    for (const [i, { axis }] of axes.entries()) {
      there[axis] = places[i] ?? there[axis] ?? literal("i32", 0);
    }
    const layout = { offset: 0, strides: rowMajor(x.dims) };
    return load(x.storage, 1, addressOf(layout, there));
  });
}
