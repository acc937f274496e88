/**
 * The k largest (or smallest) elements of each row, as a tournament.
 *
 * Where an element belongs in sorted order is the number of elements that beat it. Every thread counts
 * that for one element, and stores it there if the place is below k: no exchange of elements, no
 * dependence on the order of threads. Counting costs the square of the length, so long rows are cut
 * into heats of `HEAT` elements (twice k at least). The k best of every heat go into the next round,
 * which has at most half as many elements, until one heat is left:
 *
 *   k = 2, heats of 4    [5 1 7 3 | 8 2 6 4]  ->  [7 5 | 8 6]  ->  [8 7]
 *
 * Equal elements are ranked by their index, as ONNX Runtime does. Heats stay in order, so equal elements
 * are in the order of their indices in every round. NaN is larger than all numbers: the order must be
 * total, or two elements would count the same place.
 */
import type { DeviceNode } from "../device-node.js";
import {
  add,
  binary,
  choose,
  convert,
  divide,
  type Expression,
  isFloatValue,
  less,
  literal,
  load,
  local,
  multiply,
  remainder,
  STORAGE_BYTES,
  subtract,
  unary,
  VALUE_OF,
} from "../language/expression.js";
import { define, type KernelBuffer, perElementKernel, type Statement } from "../language/kernel.js";
import { sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";

/** Elements of a heat: a thread compares with each of them. */
const HEAT = 1024;

/** Rows of a round: element `at` of row (outer, inner) is at `(outer * length + at) * inner + column`. */
interface Rows {
  readonly operand: Operand;
  readonly length: number;
  readonly inner: number;
}

interface Round {
  readonly source: Rows;
  /** Positions of the elements in the first round; absent there. */
  readonly places: Operand | undefined;
  readonly values: Rows | undefined;
  readonly indices: Rows | undefined;
  readonly heat: number;
}

const topK: EmitRule = (op) => {
  const x = op.input(0);
  const axis = x && op.call.axis(op.call.int("axis") ?? -1, x.dims.length);
  const [values, indices] = [op.output(0), op.output(1)];
  if (x === undefined || axis === undefined || op.call.refusal !== undefined) {
    return undefined;
  }
  const kept = (values ?? indices)?.dims[axis];
  const length = x.dims[axis] ?? 0;
  if (kept === undefined || sizeOf(x.dims) * kept === 0) {
    return [];
  }
  if (x.storage === "bool" || kept > length) {
    return op.refuse(kept > length ? `k ${kept} of ${length} elements` : "bool elements");
  }
  const inner = sizeOf(x.dims.slice(axis + 1));
  const count = sizeOf(x.dims) / length;
  const final = (operand: Operand | undefined) => operand && { operand, length: kept, inner };
  const heat = Math.max(HEAT, 2 * kept);
  const nodes: DeviceNode[] = [];
  let source: Rows = { operand: x, length, inner };
  let places: Operand | undefined;
  while (source.length > heat) {
    const next = keptOf(source.length, heat, kept);
    const values = op.scratch(x.storage, STORAGE_BYTES[x.storage], [count, next]);
    const indices = op.scratch("i32", STORAGE_BYTES.i32, [count, next]);
    const best: Rows = { operand: values, length: next, inner: 1 };
    const round = { source, places, values: best, indices: { ...best, operand: indices }, heat };
    nodes.push(roundNode(op, count, kept, round));
    [source, places] = [best, indices];
  }
  const last = { source, places, values: final(values), indices: final(indices), heat };
  return [...nodes, roundNode(op, count, kept, last)];
};

/** Elements of a row after a round. */
function keptOf(length: number, heat: number, kept: number): number {
  const whole = Math.floor(length / heat);
  return whole * kept + Math.min(kept, length - whole * heat);
}

/** A thread for each element of each row. */
function roundNode(op: OperatorCall, count: number, kept: number, round: Round): DeviceNode {
  const { source, places, values, indices } = round;
  const written = [values, indices].filter((rows) => rows !== undefined);
  const read = [source.operand, ...(places === undefined ? [] : [places])];
  const buffers = [
    ...written.map(({ operand }): KernelBuffer => ({ storage: operand.storage, access: "write" })),
    ...read.map(({ storage }): KernelBuffer => ({ storage, access: "read" })),
  ];
  const kernel = perElementKernel("topK", buffers, count * source.length, (position) =>
    roundStatements(op, position, kept, round),
  );
  const all = [...written.map(({ operand }) => operand), ...read];
  return { kind: "kernel", kernel, buffers: all.map(({ place }) => place) };
}

function roundStatements(
  op: OperatorCall,
  position: Expression,
  kept: number,
  { source, places, values, indices, heat }: Round,
): readonly Statement[] {
  const { type } = position;
  const number = (value: number) => literal(type, value);
  const name = (text: string) => local(type, text);
  const { operand, length } = source;
  const isLargest = op.call.int("largest") !== 0;
  const reads = (values === undefined ? 0 : 1) + (indices === undefined ? 0 : 1);
  const element = (at: Expression) =>
    load(operand.storage, reads, placeIn(source, name("row"), at));
  const own = local(VALUE_OF[operand.storage], "own");
  const rank = name("rank");
  const other = local(own.type, "other");
  const isBefore = isLargest ? isAbove(other, own) : isAbove(own, other);
  const isEqual = unary("not", binary("or", isAbove(other, own), isAbove(own, other)));
  const beats = binary("or", isBefore, binary("and", isEqual, less(name("k"), name("at"))));
  const target = add(multiply(name("heat"), number(kept)), rank);
  const index =
    places === undefined
      ? name("at")
      : load(places.storage, reads + 1, placeIn({ ...source, inner: 1 }, name("row"), name("at")));
  const stores = [
    ...(values === undefined ? [] : [{ rows: values, value: own }]),
    ...(indices === undefined ? [] : [{ rows: indices, value: index }]),
  ].map(
    ({ rows, value }, buffer): Statement => ({
      kind: "store",
      buffer,
      index: placeIn(rows, name("row"), target),
      value: convert(VALUE_OF[rows.operand.storage], value),
    }),
  );
  const end = add(name("start"), number(heat));
  return [
    // Neighbors in memory for neighboring threads: the row is the outer and inner part together.
    ...rowAndPlace(source, position),
    define("heat", divide(name("at"), number(heat))),
    define("start", multiply(name("heat"), number(heat))),
    define("own", element(name("at"))),
    define("rank", number(0)),
    {
      kind: "loop",
      name: "k",
      from: name("start"),
      to: length <= heat ? number(length) : binary("minimum", end, number(length)),
      step: number(1),
      body: [
        define("other", element(name("k"))),
        {
          kind: "assign",
          name: "rank",
          value: add(rank, choose(beats, number(1), number(0))),
        },
      ],
    },
    { kind: "if", condition: less(rank, number(kept)), body: stores },
  ];
}

/** Position `(outer * length + at) * inner + column` as `row = outer * inner + column` and `at`. */
function rowAndPlace({ length, inner }: Rows, position: Expression): readonly Statement[] {
  const number = (value: number) => literal(position.type, value);
  const outer = divide(position, number(length * inner));
  const column = remainder(position, number(inner));
  return [
    define("row", add(multiply(outer, number(inner)), column)),
    define("at", remainder(divide(position, number(inner)), number(length))),
  ];
}

function placeIn({ length, inner }: Rows, row: Expression, at: Expression): Expression {
  const number = (value: number) => literal(row.type, value);
  const outer = divide(row, number(inner));
  const column = subtract(row, multiply(outer, number(inner)));
  const start = multiply(add(multiply(outer, number(length)), at), number(inner));
  return inner === 1 ? add(multiply(row, number(length)), at) : add(start, column);
}

/** `a > b` in a total order: NaN is above all numbers. */
function isAbove(a: Expression, b: Expression): Expression {
  const above = less(b, a);
  return isFloatValue(a.type)
    ? binary("or", above, binary("and", unary("isNan", a), unary("not", unary("isNan", b))))
    : above;
}

/** Emission rules of the operators that select by size. */
export const TOP_K_RULES: EmitTable = { TopK: topK };
