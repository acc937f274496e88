/** Normalizations of what is not one tensor along its last dims: with a skip, of channels, of neighbors. */
import type { DeviceNode } from "../device-node.js";
import {
  add,
  atLeast,
  binary,
  choose,
  convert,
  divide,
  type Expression,
  every,
  less,
  literal,
  load,
  local,
  multiply,
  remainder,
  type StorageType,
  subtract,
  unary,
  VALUE_OF,
} from "../language/expression.js";
import { define, type KernelBuffer, loop, perElementKernel } from "../language/kernel.js";
import { addressOf, coordinatesOf, rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand } from "../operator-call.js";
import { rowBuffers } from "./reductions.js";
import { RowProgram, rowShape } from "./row-kernel.js";

const isFloatStorage = (storage: StorageType): boolean =>
  VALUE_OF[storage] === "f32" || VALUE_OF[storage] === "f64";

/** Description of a normalization of rows. */
export interface Normalization {
  readonly axes: readonly number[];
  readonly epsilon: number;
  /** Subtract the mean. */
  readonly isCentered: boolean;
  /** The value to normalize at an address; buffers count from 1 in the order of `inputs`. */
  readonly element: (address: Expression) => Expression;
  readonly inputs: readonly Operand[];
  /** Normalized value to output, by the row and the place in it. */
  readonly finish: (value: Expression, row: Expression, at: Expression) => Expression;
  readonly label: string;
}

/** Further outputs: of every row, or of every element. */
export interface SideOutputs {
  readonly mean?: Operand | undefined;
  readonly inverse?: Operand | undefined;
  readonly element?: Operand | undefined;
}

/**
 * Mean, then the mean square of the differences (in two passes, for accuracy), then the quotients.
 */
export function normalizationNodes(
  dims: readonly number[],
  y: Operand,
  how: Normalization,
  sides: SideOutputs = {},
): readonly DeviceNode[] {
  const shape = rowShape(dims, how.axes);
  if (shape.rows * shape.length === 0) {
    return [];
  }
  const rows = new RowProgram(shape);
  const element = (at: Expression) => how.element(rows.address(at));
  const { type } = element(literal("i32", 0));
  const count = literal(type, shape.length);
  const mean = how.isCentered
    ? rows.define("mean", divide(rows.reduce("total", literal(type, 0), add, element), count))
    : undefined;
  const centered = (at: Expression) =>
    mean === undefined ? element(at) : subtract(element(at), mean);
  const squares = rows.reduce("squares", literal(type, 0), add, (at) =>
    multiply(centered(at), centered(at)),
  );
  const variance = add(divide(squares, count), literal(type, how.epsilon));
  const inverse = rows.define("inverse", divide(literal(type, 1), unary("sqrt", variance)));
  const extra: Operand[] = [];
  const buffer = (operand: Operand): number => how.inputs.length + extra.push(operand);
  const elementSide = sides.element === undefined ? undefined : buffer(sides.element);
  rows.each((at) => [
    {
      kind: "store",
      buffer: 0,
      index: rows.address(at),
      value: how.finish(multiply(centered(at), inverse), rows.row, at),
    },
    ...(elementSide === undefined
      ? []
      : [
          {
            kind: "store",
            buffer: elementSide,
            index: rows.address(at),
            value: element(at),
          } as const,
        ]),
  ]);
  for (const [operand, value] of [
    [sides.mean, mean],
    [sides.inverse, inverse],
  ] as const) {
    if (operand !== undefined && value !== undefined) {
      rows.once([{ kind: "store", buffer: buffer(operand), index: rows.row, value }]);
    }
  }
  const buffers: KernelBuffer[] = [
    ...rowBuffers(y, ...how.inputs),
    ...extra.map(({ storage }): KernelBuffer => ({ storage, access: "write" })),
  ];
  const places = [y, ...how.inputs, ...extra].map(({ place }) => place);
  return [{ kind: "kernel", kernel: rows.kernel(how.label, buffers), buffers: places }];
}

/** A value per element of the row (`at`), if present: scale or bias. */
export function scaled(
  type: Expression["type"],
  place: (row: Expression, at: Expression) => Expression,
  scale: { readonly operand: Operand | undefined; readonly buffer: number },
  bias: { readonly operand: Operand | undefined; readonly buffer: number },
): Normalization["finish"] {
  return (value, row, at) => {
    const index = place(row, at);
    const element = ({ operand, buffer }: typeof scale) =>
      operand && convert(type, load(operand.storage, buffer, index));
    const [factor, shift] = [element(scale), element(bias)];
    const product = factor === undefined ? value : multiply(value, factor);
    return shift === undefined ? product : add(product, shift);
  };
}

/** The sum of input, skip and bias is normalized; it may be an output of its own. */
function skipRule(isCentered: boolean): EmitRule {
  return (op) => {
    const [x, skip, scale, y] = [op.input(0), op.input(1), op.input(2), op.result()];
    const [beta, bias] = isCentered
      ? [op.optional(3), op.optional(4)]
      : [undefined, op.optional(3)];
    if (x === undefined || skip === undefined || scale === undefined || y === undefined) {
      return undefined;
    }
    if (sizeOf(skip.dims) !== sizeOf(x.dims)) {
      return op.refuse("a skip input that is broadcast");
    }
    const width = x.dims.at(-1) ?? 1;
    const inputs = [x, skip, scale, ...[beta, bias].filter((each) => each !== undefined)];
    const biasBuffer = beta === undefined ? 4 : 5;
    return normalizationNodes(
      x.dims,
      y,
      {
        axes: [x.dims.length - 1],
        epsilon: op.call.float("epsilon") ?? 1e-12,
        isCentered,
        element: (address) => {
          const sum = add(load(x.storage, 1, address), load(skip.storage, 2, address));
          const place = remainder(address, literal(address.type, width));
          return bias === undefined ? sum : add(sum, load(bias.storage, biasBuffer, place));
        },
        inputs,
        finish: scaled(
          VALUE_OF[x.storage],
          (_row, at) => at,
          { operand: scale, buffer: 3 },
          { operand: beta, buffer: 4 },
        ),
        label: "skipNormalization",
      },
      { mean: op.output(1), inverse: op.output(2), element: op.output(3) },
    );
  };
}

/** Rows are the spatial dims of one channel. */
const instanceNormalization: EmitRule = (op) => {
  const [x, scale, bias, y] = [op.input(0), op.input(1), op.input(2), op.result()];
  if (x === undefined || scale === undefined || bias === undefined || y === undefined) {
    return undefined;
  }
  const channels = x.dims[1] ?? 1;
  return normalizationNodes(x.dims, y, {
    axes: x.dims.map((_, i) => i).slice(2),
    epsilon: op.call.float("epsilon") ?? 1e-5,
    isCentered: true,
    element: (address) => load(x.storage, 1, address),
    inputs: [x, scale, bias],
    finish: scaled(
      VALUE_OF[x.storage],
      (row) => remainder(row, literal(row.type, channels)),
      { operand: scale, buffer: 2 },
      { operand: bias, buffer: 3 },
    ),
    label: "instanceNormalization",
  });
};

const meanVariance: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  const axes = x && op.call.axes(op.call.ints("axes") ?? [0, 2, 3], x.dims.length);
  if (x === undefined || y === undefined || axes === undefined) {
    return undefined;
  }
  return normalizationNodes(x.dims, y, {
    axes,
    epsilon: 1e-9,
    isCentered: true,
    element: (address) => load(x.storage, 1, address),
    inputs: [x],
    finish: (value) => value,
    label: "meanVariance",
  });
};

/** Each element by the squares of its neighbors in the channel dim. */
const lrn: EmitRule = (op) => {
  const [x, y] = [op.input(0), op.result()];
  const size = op.call.int("size");
  if (x === undefined || y === undefined || size === undefined) {
    return op.refuse("it has no size");
  }
  if (!isFloatStorage(x.storage)) {
    return op.refuse(`${x.elementType} elements`);
  }
  if (sizeOf(x.dims) === 0) {
    return [];
  }
  const [alpha, beta] = [op.call.float("alpha") ?? 1e-4, op.call.float("beta") ?? 0.75];
  const channels = x.dims[1] ?? 1;
  const dims = [x.dims[0] ?? 1, channels, sizeOf(x.dims.slice(2))];
  const kernel = perElementKernel("lrn", rowBuffers(y, x), sizeOf(dims), (position) => {
    const { type } = position;
    const coordinates = coordinatesOf(position, dims);
    const names = coordinates.map((_, axis) => local(type, `c${axis}`));
    const [batch = position, channel = position, column = position] = names;
    const sum = local(VALUE_OF[x.storage], "squares");
    const float = (value: number) => literal(sum.type, value);
    const layout = { offset: 0, strides: rowMajor(dims) };
    const scale = add(float(op.call.float("bias") ?? 1), multiply(float(alpha / size), sum));
    return [
      ...coordinates.map((each, axis) => define(`c${axis}`, each)),
      define("squares", float(0)),
      loop("k", size, (k) => {
        const first = literal(type, -Math.floor((size - 1) / 2));
        const neighbor = local(type, "at");
        const isInside = every([
          atLeast(neighbor, literal(type, 0)),
          less(neighbor, literal(type, channels)),
        ]);
        const value = local(sum.type, "value");
        const element = load(x.storage, 1, addressOf(layout, [batch, neighbor, column]));
        return [
          define("at", add(add(channel, first), convert(type, k))),
          define("value", choose(isInside, element, float(0))),
          { kind: "assign", name: "squares", value: add(sum, multiply(value, value)) },
        ];
      }),
      {
        kind: "store",
        buffer: 0,
        index: position,
        value: divide(load(x.storage, 1, position), binary("power", scale, float(beta))),
      },
    ];
  });
  return [{ kind: "kernel", kernel, buffers: [y.place, x.place] }];
};

/** Emission rules of the normalizations. */
export const NORMALIZATION_RULES: EmitTable = {
  "com.microsoft:SkipLayerNormalization": skipRule(true),
  "com.microsoft:SkipSimplifiedLayerNormalization": skipRule(false),
  InstanceNormalization: instanceNormalization,
  MeanVarianceNormalization: meanVariance,
  LRN: lrn,
};
