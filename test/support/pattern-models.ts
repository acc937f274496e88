/** Random models full of the kernel list's patterns, in every variation that may spoil one. */
import fc from "fast-check";
import type { GraphBuilder } from "../../fixtures/generator/graph-builder.js";
import { ELEMENT, int, ints } from "../../fixtures/generator/model-spec.js";
import { present } from "../../src/core/invariant.js";
import { productOf } from "../../src/core/product.js";

/** A tensor under construction. */
interface Value {
  readonly name: string;
  readonly dims: readonly number[];
}

/** What a step is told: two values, two numbers to choose by, the model. */
interface Choice {
  readonly g: GraphBuilder;
  readonly a: Value;
  readonly b: Value;
  readonly roll: number;
  readonly turn: number;
}

/** Adds nodes; `undefined` where they do not fit the value. */
type Make = (choice: Choice) => Value | undefined;

/** One size for nearly all dims: values of different meaning often have the same size. */
const SIDE = 4;

/** Largest tensor: elements. */
const MOST = 256;

const INPUTS: readonly (readonly number[])[] = [
  [1, SIDE, SIDE, SIDE],
  [SIDE, SIDE],
  [2, SIDE, SIDE],
];

const UNARY = ["Relu", "Sigmoid", "Tanh", "Neg", "Exp", "Identity", "Dropout"] as const;
const BINARY = ["Add", "Mul", "Sub", "Div", "Max", "PRelu"] as const;
const REDUCING = ["ReduceMean", "ReduceMax", "ReduceL2", "ReduceMin"] as const;

function pick<T>(items: readonly T[], roll: number): T {
  return present(items[roll % items.length], "item");
}

/** Dims of an element-wise result; `undefined` if the two do not go together. */
function broadcast(a: readonly number[], b: readonly number[]): readonly number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const padded = (dims: readonly number[]) => [
    ...new Array<number>(rank - dims.length).fill(1),
    ...dims,
  ];
  const [left, right] = [padded(a), padded(b)];
  const fits = left.every((size, i) => size === right[i] || size === 1 || right[i] === 1);
  const dims = left.map((size, i) => Math.max(size, right[i] ?? 1));
  return fits && productOf(dims) <= MOST ? dims : undefined;
}

function like(a: Value, name: string): Value {
  return { name, dims: a.dims };
}

const binary: Make = ({ g, a, b, roll }) => {
  const type = pick(BINARY, roll);
  const dims = broadcast(a.dims, b.dims);
  const isTwoWay = type !== "PRelu" || dims?.join() === a.dims.join();
  return dims === undefined || !isTwoWay
    ? undefined
    : { name: g.node(type, [a.name, b.name]), dims };
};

/** By constants: of one number, of each last element, of each channel. */
const scaled: Make = ({ g, a, roll, turn }) => {
  const channels = a.dims[1] ?? 1;
  const shapes = [[1], a.dims.slice(-1), a.dims.length === 4 ? [channels, 1, 1] : [1], a.dims];
  const by = g.sharedFill(pick(shapes, turn), 0.5);
  return like(a, g.node(pick(["Mul", "Add", "Div", "Sub"], roll), [a.name, by]));
};

/** Constants or values of the model for scales, and the statistics of the batch or given ones. */
const batchNorm: Make = ({ g, a, b, roll, turn }) => {
  const channels = a.dims[1];
  if (channels === undefined) {
    return undefined;
  }
  const isGiven = b.dims.length === 1 && b.dims[0] === channels && turn % 2 === 0;
  const scale = isGiven ? b.name : g.sharedFill([channels], 0.5);
  const mean = g.sharedFill([channels], 0.25);
  const ins = [a.name, scale, g.sharedFill([channels], 0.125), mean, g.sharedFill([channels], 1)];
  if (roll % 3 === 0 && a.dims.length === 4) {
    const [own = ""] = g.nodes("BatchNormalization", ins, 3, { training_mode: int(1) });
    return like(a, own);
  }
  return like(a, g.node("BatchNormalization", ins));
};

const reduction: Make = ({ g, a, roll, turn }) => {
  const rank = a.dims.length;
  const sets = [[rank - 1], [0], [rank - 2, rank - 1], [0, rank - 1], [1]];
  const axes = [...new Set(pick(sets, roll))].filter((axis) => axis >= 0 && axis < rank);
  if (axes.length === 0) {
    return undefined;
  }
  const keeps = turn % 3 > 0;
  const dims = a.dims.flatMap((size, axis) => (axes.includes(axis) ? (keeps ? [1] : []) : [size]));
  const attributes = { axes: ints(...axes), keepdims: int(keeps ? 1 : 0) };
  return { name: g.node(pick(REDUCING, turn), [a.name], attributes), dims };
};

/** With scales that are constants, or values of the model. */
const layerNorm: Make = ({ g, a, b, turn }) => {
  const last = a.dims.slice(-1);
  if (last.length === 0) {
    return undefined;
  }
  const scale = b.dims.join() === last.join() ? b.name : g.sharedFill(last, 0.5);
  const ins = turn % 2 === 0 ? [a.name, scale] : [a.name, scale, g.sharedFill(last, 0.25)];
  return like(a, g.node("LayerNormalization", ins, { axis: int(-1) }));
};

const softmax: Make = ({ g, a, roll }) =>
  a.dims.length === 0
    ? undefined
    : like(
        a,
        g.node(pick(["Softmax", "LogSoftmax"], roll), [a.name], {
          axis: int((roll % a.dims.length) - a.dims.length),
        }),
      );

const reshaped: Make = ({ g, a, roll }) => {
  const count = productOf(a.dims);
  const shapes = [
    [count],
    [...a.dims].reverse(),
    [...a.dims, 1],
    [1, ...a.dims],
    [SIDE, count / SIDE],
  ];
  const dims = pick(shapes, roll);
  return dims.length > 4 || dims.some((size) => !Number.isInteger(size))
    ? undefined
    : { name: g.node("Reshape", [a.name, g.integers([dims.length], dims)]), dims };
};

const transposed: Make = ({ g, a, roll }) => {
  const rank = a.dims.length;
  const last = [...a.dims.keys()];
  const perm = roll % 2 === 0 ? [...last].reverse() : [...last.slice(0, -2), rank - 1, rank - 2];
  return rank < 2
    ? undefined
    : {
        name: g.node("Transpose", [a.name], { perm: ints(...perm) }),
        dims: perm.map((axis) => present(a.dims[axis], "dim")),
      };
};

const product: Make = ({ g, a, b, turn }) => {
  const [m, k] = a.dims.slice(-2);
  if (m === undefined || k === undefined) {
    return undefined;
  }
  const isOwn = a.dims.length === b.dims.length && b.dims.at(-2) === k && turn % 2 === 0;
  const sameBatch = a.dims.slice(0, -2).join() === b.dims.slice(0, -2).join();
  const right = isOwn && sameBatch ? b : { name: g.sharedFill([k, k], 0.5), dims: [k, k] };
  const dims = [...a.dims.slice(0, -1), present(right.dims.at(-1), "columns")];
  return { name: g.node("MatMul", [a.name, right.name]), dims };
};

const windowed: Make = ({ g, a, roll, turn }) => {
  const [, channels = 1, rows = 0, columns = 0] = a.dims;
  if (a.dims.length !== 4 || rows < 3 || columns < 3) {
    return undefined;
  }
  const window = { kernel_shape: ints(3, 3), pads: ints(1, 1, 1, 1) };
  const weights = () => g.sharedFill([channels, channels, 3, 3], 0.5);
  const read = (amount: number): string => {
    const pads = [0, 0, amount, amount, 0, 0, amount, amount];
    return g.node("Pad", [a.name, g.integers([8], pads), g.scalar(turn % 2)]);
  };
  const nodes = [
    () => g.node("Conv", [a.name, weights()], window),
    () => g.node("Conv", [read(1), weights()], { kernel_shape: ints(3, 3) }),
    () => g.node("MaxPool", [a.name], window),
    () => g.node("AveragePool", [read(1)], { kernel_shape: ints(3, 3) }),
  ];
  return like(a, pick(nodes, roll)());
};

/** Attention, whose softmax goes over keys, or over something else. */
const attention: Make = ({ g, a, b, roll, turn }) => {
  const rank = a.dims.length;
  if (rank < 2 || a.dims.join() !== b.dims.join() || a.dims.at(-1) !== a.dims.at(-2)) {
    return undefined;
  }
  const scores = g.node("MatMul", [a.name, b.name]);
  const added = roll % 2 === 0 ? scores : g.node("Mul", [scores, g.scalar(0.5)]);
  const flat = g.integers([2], [productOf(a.dims.slice(0, -2)), productOf(a.dims.slice(-2))]);
  const read = turn % 4 === 0 ? g.node("Reshape", [added, flat]) : added;
  const axis = turn % 4 === 1 ? -2 : -1;
  const shares = g.node("Softmax", [read], { axis: int(axis) });
  const back = turn % 4 === 0 ? g.node("Reshape", [shares, g.integers([rank], a.dims)]) : shares;
  return like(a, g.node("MatMul", [back, roll % 3 === 0 ? a.name : b.name]));
};

const other: Make = ({ g, a, b, roll, turn }) => {
  const low = b.dims.length === 0 ? b.name : g.scalar(-0.5);
  const zero = g.sharedFill(a.dims, 0);
  const nodes = [
    () => g.node("Clip", [a.name, low]),
    () => g.node("Where", [g.node("Greater", [a.name, zero]), a.name, zero]),
    () => g.node("Cast", [g.node("Cast", [a.name], { to: int(ELEMENT.int32) })], { to: int(1) }),
    () => g.node("Mul", [a.name, g.node("Sigmoid", [a.name])]),
    () => g.node("Mul", [a.name, a.name]),
  ];
  return like(a, pick(nodes, roll + turn)());
};

const unary: Make = ({ g, a, roll }) => like(a, g.node(pick(UNARY, roll), [a.name]));

const joined: Make = ({ g, a, b, roll }) => {
  const axis = roll % Math.max(1, a.dims.length);
  const dims = a.dims.map((size, i) => (i === axis ? size + (b.dims[i] ?? 0) : size));
  const fits = a.dims.length > 0 && a.dims.join() === b.dims.join() && productOf(dims) <= MOST;
  return fits ? { name: g.node("Concat", [a.name, b.name], { axis: int(axis) }), dims } : undefined;
};

// What makes groups comes more than once.
const MAKES: readonly Make[] = [
  unary,
  unary,
  binary,
  binary,
  binary,
  scaled,
  scaled,
  batchNorm,
  reduction,
  reduction,
  layerNorm,
  softmax,
  reshaped,
  reshaped,
  transposed,
  product,
  windowed,
  windowed,
  attention,
  other,
  joined,
];

/** One step of a model: what it adds, the values that it reads, counted back from the last, and two choices. */
interface Step {
  readonly make: number;
  readonly reads: readonly [number, number];
  readonly roll: number;
  readonly turn: number;
  readonly isOutput: boolean;
}

/** Steps of models, of which here and there one is an output. */
export const patternSteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    make: fc.nat({ max: MAKES.length - 1 }),
    // Mostly the latest value, so that chains come about.
    reads: fc.tuple(fc.constantFrom(0, 0, 0, 1, 2), fc.nat({ max: 3 })),
    roll: fc.nat({ max: 11 }),
    turn: fc.nat({ max: 11 }),
    isOutput: fc.nat({ max: 11 }).map((number) => number === 0),
  }),
  { minLength: 3, maxLength: 16 },
);

/** The model of the steps, in float32; its last value is an output. */
export function patternModel(draft: readonly Step[]): (g: GraphBuilder) => void {
  return (g) => {
    const values: Value[] = INPUTS.map((dims, at) => ({
      name: g.input(`x${at}`, ELEMENT.float, dims),
      dims,
    }));
    for (const [at, { make, reads, roll, turn, isOutput }] of draft.entries()) {
      const [a, b] = reads.map((back) => present(values.at(-1 - (back % values.length)), "value"));
      const choice = { g, a: present(a, "value"), b: present(b, "value"), roll, turn };
      const made = present(MAKES[make], "make")(choice) ?? unary(choice);
      const value = present(made, "value");
      values.push(value);
      if (isOutput || at === draft.length - 1) {
        values[values.length - 1] = { ...value, name: `out${at}` };
        g.output(`out${at}`, value.name, ELEMENT.float, value.dims);
      }
    }
  };
}
