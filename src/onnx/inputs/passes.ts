/**
 * How a demand on an operator's output becomes demands on its inputs: as far as it is certain that valid
 * inputs give valid outputs, and no further.
 *
 * Example: a table of 512 rows is read at `positions + 2`: the positions are at most 509.
 */
import {
  boundsOf,
  type Demand,
  divided,
  meet,
  mirrored,
  reordered,
  shifted,
  within,
} from "./demand.js";
import type { UseCall } from "./use-call.js";

/** Demands on inputs, each with the input's position. */
export type InputDemands = readonly (readonly [number, Demand])[];

type Pass = (call: UseCall, demand: Demand, output: number) => InputDemands;

/** The elements of input 0, the same in number and order. */
const same: Pass = (_, demand, output) => (output === 0 ? [[0, demand]] : []);

/** Some of the elements of input 0, in some order. */
const some: Pass = (_, demand, output) => (output === 0 ? [[0, reordered(demand)]] : []);

/** Elements of any output are elements of input 0. */
const parts: Pass = (_, demand) => [[0, reordered(demand)]];

/** Elements are elements of the named inputs. */
function from(...inputs: readonly number[]): Pass {
  return (call, demand, output) =>
    output === 0
      ? inputs.flatMap((i) => (call.has(i) ? [[i, reordered(demand)] as const] : []))
      : [];
}

const everyInput: Pass = (call, demand) =>
  call.node.inputs.map((_, i) => [i, reordered(demand)] as const);

/** The other of two operands, if it is a constant: its least and its largest element. */
function constantBeside(call: UseCall, i: number): readonly [number, number] | undefined {
  const values = call.values(1 - i);
  return values === undefined || values.length === 0
    ? undefined
    : [Math.min(...values), Math.max(...values)];
}

const addition: Pass = (call, demand) => {
  for (const i of [0, 1]) {
    const beside = constantBeside(call, i);
    if (beside !== undefined) {
      return [[i, shifted(demand, ...beside)]];
    }
  }
  // Half for each: the sum is then valid whatever the other is.
  const half = { ...boundsOf(divided(demand, 2)), isIndex: demand.isIndex };
  return demand.low <= 0
    ? [
        [0, half],
        [1, half],
      ]
    : [];
};

const subtraction: Pass = (call, demand) => {
  const right = constantBeside(call, 0);
  if (right !== undefined) {
    return [[0, shifted(demand, -right[1], -right[0])]];
  }
  const left = constantBeside(call, 1);
  return left === undefined || left[0] !== left[1] ? [] : [[1, mirrored(demand, left[0])]];
};

const multiplication: Pass = (call, demand) => {
  for (const i of [0, 1]) {
    const beside = constantBeside(call, i);
    if (beside !== undefined) {
      const [least, most] = beside;
      return least >= 1 && (demand.low <= 0 || least === most) ? [[i, divided(demand, most)]] : [];
    }
  }
  return [];
};

const division: Pass = (call, demand) => {
  const [least = 0] = constantBeside(call, 0) ?? [];
  const { low, high, isIndex } = demand;
  return least < 1 ? [] : [[0, { low: low * least, high: high * least, isIndex }]];
};

/** A remainder is below the divisor; below it, numbers stay as they are. */
const remainder: Pass = (call, demand) => {
  const [, most] = constantBeside(call, 0) ?? [];
  return most === undefined || most - 1 <= demand.high ? [] : [[0, reordered(demand)]];
};

/** Of a sum of `n` elements each may be an n-th. */
const sum: Pass = (call, demand) => {
  const count = call.count(0);
  const out = call.outputDims(0)?.reduce((product, size) => product * size, 1);
  const axis = call.values(1)?.[0];
  const terms =
    call.type === "CumSum" && axis !== undefined
      ? call.size(0, axis)
      : call.type !== "CumSum" && count !== undefined && out
        ? count / out
        : count;
  return terms === undefined || terms < 1 || demand.low > 0
    ? []
    : [[0, boundsOf(divided(demand, terms))]];
};

const clip: Pass = (call, demand) => {
  const least = call.values(1)?.[0] ?? call.float("min") ?? Number.NEGATIVE_INFINITY;
  const most = call.values(2)?.[0] ?? call.float("max") ?? Number.POSITIVE_INFINITY;
  return [[0, meet(demand, within(least, most))]];
};

/** A range whose numbers are all valid ends one step beyond the largest. */
const range: Pass = (_, demand) => [
  [0, boundsOf(demand)],
  [1, { ...boundsOf(demand), high: demand.high + 1 }],
];

/** Each input gets its own of the values. */
const concatenation: Pass = (call, demand) => {
  const { value } = demand;
  let at = 0;
  return call.node.inputs.map((_, i) => {
    const count = call.count(i);
    const isList = typeof value === "object" && call.dims(i)?.length === 1 && count !== undefined;
    const own = isList ? value.slice(at, at + count) : undefined;
    at = count === undefined ? Number.POSITIVE_INFINITY : at + count;
    return [
      i,
      own?.length === count ? { ...demand, value: own ?? [] } : reordered(demand),
    ] as const;
  });
};

/** Operators by what they do with a demand; others end it. */
const PASSES: ReadonlyMap<string, Pass> = new Map([
  ...named(same, ["Identity", "Cast", "CastLike", "Reshape", "Unsqueeze", "Squeeze", "Flatten"]),
  ...named(same, ["Floor", "Round", "Ceil", "Relu", "Optional", "OptionalGetElement"]),
  ...named(some, ["Transpose", "Slice", "Expand", "Tile", "Pad", "Gather", "GatherElements"]),
  ...named(some, ["GatherND", "Dropout", "DepthToSpace", "SpaceToDepth", "Compress", "Trilu"]),
  ...named(some, ["ReverseSequence", "ReduceMax", "ReduceMin", "MaxPool", "TopK", "Unique"]),
  ...named(parts, ["Split", "SplitToSequence"]),
  ...named(from(0, 2), ["Scatter", "ScatterElements", "ScatterND"]),
  ...named(from(1, 2), ["Where"]),
  ...named(from(0, 1), ["SequenceInsert"]),
  ...named(some, ["SequenceAt", "SequenceErase", "ConcatFromSequence"]),
  ...named(everyInput, ["Max", "Min", "SequenceConstruct"]),
  ...named(concatenation, ["Concat"]),
  ...named(addition, ["Add"]),
  ...named(subtraction, ["Sub"]),
  ...named(multiplication, ["Mul"]),
  ...named(division, ["Div"]),
  ...named(remainder, ["Mod"]),
  ...named(sum, ["CumSum", "ReduceSum"]),
  ...named(clip, ["Clip"]),
  ...named(range, ["Range"]),
  ...named((_, demand) => [[0, mirrored(demand, 0)]], ["Neg"]),
]);

function named(pass: Pass, types: readonly string[]): readonly (readonly [string, Pass])[] {
  return types.map((type) => [type, pass]);
}

/** Operator types through which a demand is followed, for documents. */
export const FOLLOWED: readonly string[] = [...PASSES.keys()].sort();

/** The demands on a node's inputs that make a demand on one of its outputs hold. */
export function demandsBehind(call: UseCall, demand: Demand, output: number): InputDemands {
  return PASSES.get(call.type)?.(call, demand, output) ?? [];
}
