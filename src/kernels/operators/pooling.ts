/**
 * Pools: one thread slides over the window of one output element. The border is not stored; the kernel can also compute
 * element-wise operators on what it writes.
 */
import { type WindowGeometry, windowGeometry } from "../../onnx/infer/window-geometry.js";
import type { DeviceNode } from "../device-node.js";
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
  subtract,
  unary,
  VALUE_OF,
} from "../language/expression.js";
import { define, loop, perElementKernel, type Statement } from "../language/kernel.js";
import { addressOf, rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { type Site, singleSite, storedCoordinates, storedPlace } from "./element-values.js";
import { KernelBuffers } from "./kernel-buffers.js";
import { lowest } from "./reductions.js";

/** A pool, with what stands around it in its kernel. */
export interface Pool {
  /** What the windows step over. */
  readonly x: Operand;
  readonly outputDims: readonly number[];
  readonly window: WindowGeometry;
  /** Whether an average counts the border, too. */
  readonly countsBorder: boolean;
  /** What becomes of a value, and where it belongs. */
  readonly finish: (value: Expression, site: Site) => Expression;
  readonly result: Operand;
  /** Of the kernel; nothing is in them yet. */
  readonly buffers: KernelBuffers;
}

/** A pool by itself. */
function poolOf(op: OperatorCall): Pool | undefined {
  const [x, y] = [op.input(0), op.result()];
  const window = poolWindow(op);
  return (
    x &&
    y &&
    window && {
      x,
      outputDims: y.dims,
      window,
      countsBorder: op.call.int("count_include_pad") === 1,
      finish: (value) => value,
      result: y,
      buffers: new KernelBuffers(),
    }
  );
}

/** The windows of a pool. */
export function poolWindow(op: OperatorCall): WindowGeometry | undefined {
  const [x, y] = [op.input(0), op.result()];
  const kernel = op.call.ints("kernel_shape");
  return x && y && kernel && windowGeometry(op.call, x.dims.slice(2), y.dims.slice(2), kernel);
}

/** Loops over the window; `visit` gets the coordinates in the input and whether they are inside. */
function overWindow(
  { x, window }: Pool,
  corner: readonly Expression[],
  visit: (place: readonly Expression[], isInside: Expression) => readonly Statement[],
): readonly Statement[] {
  const { kernel, dilations } = window;
  const inside = (places: readonly Expression[]) =>
    every(
      places.flatMap((place, i) => [
        atLeast(place, literal(place.type, 0)),
        less(place, literal(place.type, x.dims[i + 2] ?? 0)),
      ]),
    );
  const nested = (axis: number, places: readonly Expression[]): readonly Statement[] => {
    const start = corner[axis];
    if (start === undefined) {
      return visit(places, inside(places));
    }
    return [
      loop(`k${axis}`, kernel[axis] ?? 1, (k) => {
        const name = `p${axis}`;
        const step = multiply(convert(start.type, k), literal(start.type, dilations[axis] ?? 1));
        return [
          define(name, add(start, step)),
          ...nested(axis + 1, [...places, local(start.type, name)]),
        ];
      }),
    ];
  };
  return nested(0, []);
}

/** What a pool does with the elements of a window. */
interface PoolParts {
  readonly label: string;
  readonly start: readonly Statement[];
  readonly visit: (
    address: Expression,
    place: readonly Expression[],
    isInside: Expression,
  ) => readonly Statement[];
  /** The value, in the type of the elements. */
  readonly value: (corner: readonly Expression[]) => Expression;
  /** Stored besides, at the places of the values. */
  readonly others: readonly { readonly operand: Operand; readonly value: Expression }[];
}

/** The kernel of a pool: `start` before the window, `visit` inside it, `value` after it. */
function poolKernel(pool: Pool, parts: PoolParts): readonly DeviceNode[] {
  const { x, result, outputDims, window, buffers } = pool;
  const count = sizeOf(outputDims);
  if (count === 0) {
    return [];
  }
  const own = x.strides ?? rowMajor(x.dims);
  const target = buffers.write(result);
  buffers.read(x);
  const others = parts.others.map(({ operand, value }) => ({
    buffer: buffers.write(operand),
    value,
  }));
  const kernel = perElementKernel(parts.label, buffers.buffers, count, (position) => {
    const { type } = position;
    const coordinates = storedCoordinates(position, { ...result, dims: outputDims });
    const corner = coordinates.slice(2).map((at, i) => {
      const scaled = multiply(at, literal(type, window.strides[i] ?? 1));
      return subtract(scaled, literal(type, window.begins[i] ?? 0));
    });
    const corners = corner.map((_, i) => local(type, `o${i}`));
    const base = addressOf({ offset: 0, strides: own.slice(0, 2) }, coordinates.slice(0, 2));
    const body = overWindow(pool, corners, (place, isInside) => {
      const within = addressOf({ offset: 0, strides: own.slice(2) }, place);
      return parts.visit(add(local(type, "base"), within), place, isInside);
    });
    const isChannelsLast = result.strides !== undefined;
    const site = { ...singleSite("y", position, []), ...(isChannelsLast && { isChannelsLast }) };
    const value = pool.finish(parts.value(corners), site);
    return [
      define("base", base),
      ...corner.map((each, i) => define(`o${i}`, each)),
      ...parts.start,
      ...body,
      ...site.body,
      { kind: "store", buffer: target, index: storedPlace(position, result), value },
      ...others.map((each) => ({ kind: "store", index: position, ...each }) as const),
    ];
  });
  return [{ kind: "kernel", kernel, buffers: buffers.places }];
}

const maxPool: EmitRule = (op) => {
  const pool = poolOf(op);
  if (op.call.int("storage_order") === 1 && op.output(1) !== undefined) {
    return op.refuse("column-major indices");
  }
  return pool && maximumNodes(pool, op.output(1));
};

/** The largest of each window, and where it is in the input. */
function maximumNodes(pool: Pool, indices: Operand | undefined): readonly DeviceNode[] {
  const { x } = pool;
  const type = VALUE_OF[x.storage];
  const [most, where] = [local(type, "most"), local("i64", "where")];
  return poolKernel(pool, {
    label: "maxPool",
    start: [
      define("most", lowest(type)),
      ...(indices === undefined ? [] : [define("where", literal("i64", 0))]),
    ],
    visit: (address, _place, isInside) => {
      const value = load(x.storage, 1, address);
      if (indices === undefined) {
        const assign = {
          kind: "assign",
          name: "most",
          value: binary("maximum", most, value),
        } as const;
        return [{ kind: "if", condition: isInside, body: [assign] }];
      }
      // Of equal values the first counts.
      const isMore = less(most, local(type, "value"));
      return [
        {
          kind: "if",
          condition: isInside,
          body: [
            define("value", value),
            {
              kind: "if",
              condition: isMore,
              body: [
                { kind: "assign", name: "most", value: local(type, "value") },
                { kind: "assign", name: "where", value: convert("i64", address) },
              ],
            },
          ],
        },
      ];
    },
    value: () => most,
    others: indices === undefined ? [] : [{ operand: indices, value: where }],
  });
}

/** Places of the window in one dim that lie within the input and, if it counts, the pad. */
function coveredCount(pool: Pool, axis: number, corner: Expression): Expression {
  const { window, x, countsBorder: withPads } = pool;
  const { type } = corner;
  const size = x.dims[axis + 2] ?? 0;
  const dilation = literal(type, window.dilations[axis] ?? 1);
  const low = withPads ? -(window.begins[axis] ?? 0) : 0;
  const high = size + (withPads ? (window.ends[axis] ?? 0) : 0);
  const count = literal(type, window.kernel[axis] ?? 1);
  // Steps k with low <= corner + k * dilation < high.
  const ceilDiv = (value: Expression) =>
    divide(add(value, subtract(dilation, literal(type, 1))), dilation);
  const first = ceilDiv(binary("maximum", subtract(literal(type, low), corner), literal(type, 0)));
  const end = binary(
    "minimum",
    ceilDiv(binary("maximum", subtract(literal(type, high), corner), literal(type, 0))),
    count,
  );
  return subtract(end, first);
}

/** The mean of each window. */
function averageNodes(pool: Pool): readonly DeviceNode[] {
  const { x } = pool;
  const type = VALUE_OF[x.storage];
  const total = local(type, "total");
  return poolKernel(pool, {
    label: "averagePool",
    start: [define("total", literal(type, 0))],
    visit: (address, _place, isInside) => [
      {
        kind: "if",
        condition: isInside,
        body: [{ kind: "assign", name: "total", value: add(total, load(x.storage, 1, address)) }],
      },
    ],
    value: (corners) => {
      const counts = corners.map((corner, axis) => coveredCount(pool, axis, corner));
      return divide(total, convert(type, counts.reduce(multiply, int(1))));
    },
    others: [],
  });
}

/** The norm of each window. */
function normNodes(pool: Pool, power: 1 | 2): readonly DeviceNode[] {
  const { x } = pool;
  const type = VALUE_OF[x.storage];
  const total = local(type, "total");
  return poolKernel(pool, {
    label: "lpPool",
    start: [define("total", literal(type, 0))],
    visit: (address, _place, isInside) => {
      const value = local(type, "value");
      const term = power === 1 ? unary("abs", value) : multiply(value, value);
      return [
        {
          kind: "if",
          condition: isInside,
          body: [
            define("value", load(x.storage, 1, address)),
            { kind: "assign", name: "total", value: add(total, term) },
          ],
        },
      ];
    },
    value: () => (power === 1 ? total : unary("sqrt", total)),
    others: [],
  });
}

function powerOf(op: OperatorCall): 1 | 2 | undefined {
  const power = op.call.int("p") ?? 2;
  return power === 1 || power === 2 ? power : op.refuse(`the norm p = ${power}`);
}

const averagePool: EmitRule = (op) => {
  const pool = poolOf(op);
  return pool && averageNodes(pool);
};

const lpPool: EmitRule = (op) => {
  const pool = poolOf(op);
  const power = powerOf(op);
  return pool && power && normNodes(pool, power);
};

/** The kernel of a pool of this type with what stands around it; `undefined`: another type, or one that has two results. */
export function poolNodes(op: OperatorCall, pool: Pool): readonly DeviceNode[] | undefined {
  switch (op.operator.type) {
    case "MaxPool":
      return op.output(1) === undefined ? maximumNodes(pool, undefined) : undefined;
    case "AveragePool":
      return averageNodes(pool);
    case "LpPool": {
      const power = powerOf(op);
      return power && normNodes(pool, power);
    }
    default:
      return undefined;
  }
}

/** Emission rules of the pools. */
export const POOLING_RULES: EmitTable = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
};
