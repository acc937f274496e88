/** Pools: one thread slides over the window of one output element. */
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
import { storedCoordinates, storedPlace } from "./element-values.js";
import { lowest, rowBuffers } from "./reductions.js";

interface Pool {
  readonly x: Operand;
  readonly y: Operand;
  readonly window: WindowGeometry;
}

function poolOf(op: OperatorCall): Pool | undefined {
  const [x, y] = [op.input(0), op.result()];
  const kernel = op.call.ints("kernel_shape");
  if (x === undefined || y === undefined || kernel === undefined) {
    return undefined;
  }
  const window = windowGeometry(op.call, x.dims.slice(2), y.dims.slice(2), kernel);
  return window && { x, y, window };
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

/** The kernel of a pool: `start` before the window, `visit` inside it, `finish` after it. */
function poolKernel(
  pool: Pool,
  label: string,
  outputs: readonly Operand[],
  parts: {
    readonly start: readonly Statement[];
    readonly visit: (
      address: Expression,
      place: readonly Expression[],
      isInside: Expression,
    ) => readonly Statement[];
    readonly finish: (place: Expression, corner: readonly Expression[]) => readonly Statement[];
  },
): readonly DeviceNode[] {
  const { x, y, window } = pool;
  const count = sizeOf(y.dims);
  if (count === 0) {
    return [];
  }
  const own = x.strides ?? rowMajor(x.dims);
  const kernel = perElementKernel(
    label,
    [...rowBuffers(y, x), ...outputs.map(({ storage }) => ({ storage, access: "write" }) as const)],
    count,
    (position) => {
      const { type } = position;
      const coordinates = storedCoordinates(position, y);
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
      return [
        define("base", base),
        ...corner.map((each, i) => define(`o${i}`, each)),
        ...parts.start,
        ...body,
        ...parts.finish(storedPlace(position, y), corners),
      ];
    },
  );
  return [{ kind: "kernel", kernel, buffers: [y.place, x.place, ...outputs.map((o) => o.place)] }];
}

const maxPool: EmitRule = (op) => {
  const pool = poolOf(op);
  if (pool === undefined) {
    return undefined;
  }
  if (op.call.int("storage_order") === 1 && op.output(1) !== undefined) {
    return op.refuse("column-major indices");
  }
  const { x } = pool;
  const indices = op.output(1);
  const type = VALUE_OF[x.storage];
  const [most, where] = [local(type, "most"), local("i64", "where")];
  return poolKernel(pool, "maxPool", indices === undefined ? [] : [indices], {
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
    finish: (position) => [
      { kind: "store", buffer: 0, index: position, value: most },
      ...(indices === undefined
        ? []
        : [{ kind: "store", buffer: 2, index: position, value: where } as const]),
    ],
  });
};

/** Places of the window in one dim that lie within the input and, if it counts, the pad. */
function coveredCount(pool: Pool, axis: number, corner: Expression, withPads: boolean): Expression {
  const { window, x } = pool;
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

const averagePool: EmitRule = (op) => {
  const pool = poolOf(op);
  if (pool === undefined) {
    return undefined;
  }
  const { x } = pool;
  const withPads = op.call.int("count_include_pad") === 1;
  const type = VALUE_OF[x.storage];
  const total = local(type, "total");
  return poolKernel(pool, "averagePool", [], {
    start: [define("total", literal(type, 0))],
    visit: (address, _place, isInside) => [
      {
        kind: "if",
        condition: isInside,
        body: [{ kind: "assign", name: "total", value: add(total, load(x.storage, 1, address)) }],
      },
    ],
    finish: (position, corners) => {
      const counts = corners.map((corner, axis) => coveredCount(pool, axis, corner, withPads));
      const count = counts.reduce(multiply, int(1));
      return [
        { kind: "store", buffer: 0, index: position, value: divide(total, convert(type, count)) },
      ];
    },
  });
};

const lpPool: EmitRule = (op) => {
  const pool = poolOf(op);
  if (pool === undefined) {
    return undefined;
  }
  const power = op.call.int("p") ?? 2;
  if (power !== 1 && power !== 2) {
    return op.refuse(`the norm p = ${power}`);
  }
  const { x } = pool;
  const type = VALUE_OF[x.storage];
  const total = local(type, "total");
  return poolKernel(pool, "lpPool", [], {
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
    finish: (position) => [
      {
        kind: "store",
        buffer: 0,
        index: position,
        value: power === 1 ? total : unary("sqrt", total),
      },
    ],
  });
};

/** Emission rules of the pools. */
export const POOLING_RULES: EmitTable = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
};
