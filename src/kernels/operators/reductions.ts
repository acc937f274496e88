/**
 * Operators that compute one value per row: sums, means, extremes, norms, positions; and running
 * sums.
 */
import { reducedAxes } from "../../onnx/infer/reduction.js";
import type { DeviceNode } from "../device-node.js";
import {
  add,
  type BinaryOperation,
  binary,
  choose,
  convert,
  divide,
  type Expression,
  isFloatValue,
  literal,
  load,
  local,
  multiply,
  subtract,
  unary,
  VALUE_OF,
  type ValueType,
} from "../language/expression.js";
import { define, type KernelBuffer, loop, perElementKernel } from "../language/kernel.js";
import { sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import type { SiteValues } from "./element-values.js";
import {
  type RowFormula,
  type RowFormulaRule,
  type RowResult,
  type RowSetting,
  rowRule,
  typeOf,
} from "./row-formulas.js";
import { RowProgram, rowShape } from "./row-kernel.js";

/** Buffers: the first operand is written, the others are read. */
export function rowBuffers(y: Operand, ...reads: readonly Operand[]): readonly KernelBuffer[] {
  return [
    { storage: y.storage, access: "write" },
    ...reads.map(({ storage }): KernelBuffer => ({ storage, access: "read" })),
  ];
}

type Combine = (left: Expression, right: Expression) => Expression;

const maximum: Combine = (left, right) => binary("maximum", left, right);
const minimum: Combine = (left, right) => binary("minimum", left, right);

/** The least value of a type, from which a maximum starts. */
export function lowest(type: ValueType): Expression {
  return literal(type, isFloatValue(type) ? -Infinity : type === "i32" ? -(2 ** 31) : -(2 ** 53));
}

function highest(type: ValueType): Expression {
  return literal(type, isFloatValue(type) ? Infinity : type === "i32" ? 2 ** 31 - 1 : 2 ** 53);
}

/** Elements along `axes`, one value for each row, in the order of the kept axes. */
function reduceNodes(
  op: OperatorCall,
  axes: readonly number[],
  program: (
    rows: RowProgram,
    element: (at: Expression) => Expression,
    length: number,
  ) => Expression,
): readonly DeviceNode[] | undefined {
  const [x, y] = [op.input(0), op.result()];
  if (x === undefined || y === undefined) {
    return undefined;
  }
  if (x.storage === "bool") {
    return op.refuse("bool elements");
  }
  const shape = rowShape(x.dims, axes);
  if (shape.rows === 0) {
    return [];
  }
  const rows = new RowProgram(shape);
  const value = program(rows, (at) => load(x.storage, 1, rows.address(at)), shape.length);
  rows.once([
    { kind: "store", buffer: 0, index: rows.row, value: convert(VALUE_OF[y.storage], value) },
  ]);
  const kernel = rows.kernel("reduce", rowBuffers(y, x));
  return [{ kind: "kernel", kernel, buffers: [y.place, x.place] }];
}

/** The combination of elements, and the last step on the result. */
interface Reduction {
  readonly start: (type: ValueType) => Expression;
  readonly combine: Combine;
  readonly element?: (value: Expression) => Expression;
  readonly finish?: (result: Expression, length: number) => Expression;
}

const sum: Reduction = { start: (type) => literal(type, 0), combine: add };
const square = (value: Expression): Expression => multiply(value, value);

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  ReduceSum: sum,
  ReduceMean: {
    ...sum,
    finish: (result, length) => divide(result, literal(result.type, length)),
  },
  ReduceMax: { start: lowest, combine: maximum },
  ReduceMin: { start: highest, combine: minimum },
  ReduceProd: { start: (type) => literal(type, 1), combine: multiply },
  ReduceL1: { ...sum, element: (value) => unary("abs", value) },
  ReduceL2: { ...sum, element: square, finish: (result) => unary("sqrt", result) },
  ReduceSumSquare: { ...sum, element: square },
  ReduceLogSum: { ...sum, finish: (result) => unary("log", result) },
};

/** A reduction along axes, if its elements can be computed with. */
function reducing(
  op: OperatorCall,
  axes: readonly number[] | undefined,
  { start, combine, element, finish }: Reduction,
): RowFormula | undefined {
  const [x, result] = [op.input(0), op.result()];
  if (x === undefined || result === undefined || axes === undefined) {
    return undefined;
  }
  if (x.storage === "bool") {
    return op.refuse("bool elements");
  }
  const { length } = rowShape(x.dims, axes);
  const build = ({ rows, x: elements, prefix }: RowSetting): RowResult => {
    const values: SiteValues =
      element === undefined ? elements : (site) => elements(site).map(element);
    const total = rows.reduceValues(`${prefix}sum`, start(typeOf(x)), combine, values);
    return { kind: "row", value: finish?.(total, length) ?? total };
  };
  return { x, axes, result, label: "reduce", build };
}

function axesOf(op: OperatorCall): readonly number[] | undefined {
  const x = op.input(0);
  const axes = x && reducedAxes(op.call, x.dims.length);
  return axes ?? op.refuse("its axes are computed by the model");
}

/** The maximum is subtracted first, so that no exponential overflows. */
const logSumExp: RowFormulaRule = (op) => {
  const plain = reducing(op, axesOf(op), sum);
  return (
    plain && {
      ...plain,
      build: ({ rows, x, prefix }) => {
        const type = typeOf(plain.x);
        const most = rows.reduceValues(`${prefix}most`, lowest(type), maximum, x);
        const power = (value: Expression) => unary("exp", subtract(value, most));
        const zero = literal(type, 0);
        const total = rows.reduceValues(`${prefix}sum`, zero, add, (site) => x(site).map(power));
        return { kind: "row", value: add(unary("log", total), most) };
      },
    }
  );
};

/** Formulas of the reductions along given axes, by operator type. */
export const REDUCTION_FORMULAS: Readonly<Record<string, RowFormulaRule>> = {
  ...Object.fromEntries(
    Object.entries(REDUCTIONS).map(([type, reduction]) => [
      type,
      (op: OperatorCall) => reducing(op, axesOf(op), reduction),
    ]),
  ),
  ReduceLogSumExp: logSumExp,
};

function globalPool(reduction: Reduction | undefined): EmitRule {
  return rowRule((op) => {
    const axes = op
      .input(0)
      ?.dims.map((_, axis) => axis)
      .slice(2);
    return reduction === undefined ? op.refuse("this norm") : reducing(op, axes, reduction);
  });
}

/** First the extreme, then its least (or greatest) position. */
function argRule(start: (type: ValueType) => Expression, operation: BinaryOperation): EmitRule {
  return (op) => {
    const x = op.input(0);
    const axis = x && op.call.axis(op.call.int("axis") ?? 0, x.dims.length);
    if (axis === undefined) {
      return undefined;
    }
    const isLast = op.call.int("select_last_index") === 1;
    return reduceNodes(op, [axis], (rows, element, length) => {
      const { type } = element(literal("i32", 0));
      const best = rows.reduce(
        "best",
        start(type),
        (left, right) => binary(operation, left, right),
        element,
      );
      const none = literal("i32", isLast ? 0 : length - 1);
      return rows.reduce("place", none, isLast ? maximum : minimum, (at) =>
        choose(binary("equal", element(at), best), at, none),
      );
    });
  };
}

/** One thread walks along the axis: running sums of one row depend on each other. */
function cumulative(neutral: number, combine: Combine): EmitRule {
  return (op) => cumulativeNodes(op, neutral, combine);
}

function cumulativeNodes(
  op: OperatorCall,
  neutral: number,
  combine: Combine,
): readonly DeviceNode[] | undefined {
  const [x, y] = [op.input(0), op.result()];
  const given = op.call.values(1)?.[0];
  const axis = x && given !== undefined ? op.call.axis(given, x.dims.length) : undefined;
  if (x === undefined || y === undefined) {
    return undefined;
  }
  if (axis === undefined) {
    return op.refuse("its axis is computed by the model");
  }
  const length = x.dims[axis] ?? 0;
  const inner = sizeOf(x.dims.slice(axis + 1));
  const rows = sizeOf(x.dims.slice(0, axis)) * inner;
  if (rows * length === 0) {
    return [];
  }
  const isExclusive = op.call.int("exclusive") === 1;
  const isReverse = op.call.int("reverse") === 1;
  const kernel = perElementKernel("cumulative", rowBuffers(y, x), rows, (row) => {
    const { type } = row;
    const number = (value: number) => literal(type, value);
    const outer = divide(row, number(inner));
    const column = subtract(row, multiply(outer, number(inner)));
    const total = local(VALUE_OF[x.storage], "total");
    return [
      define("base", add(multiply(outer, number(length * inner)), column)),
      define("total", literal(total.type, neutral)),
      loop("k", length, (k) => {
        const along = isReverse ? subtract(literal("i32", length - 1), k) : k;
        const at = local(type, "at");
        const sum = combine(total, load(x.storage, 1, at));
        const store = { kind: "store", buffer: 0, index: at, value: total } as const;
        const assign = { kind: "assign", name: "total", value: sum } as const;
        return [
          define("at", add(local(type, "base"), multiply(convert(type, along), number(inner)))),
          ...(isExclusive ? [store, assign] : [assign, store]),
        ];
      }),
    ];
  });
  return [{ kind: "kernel", kernel, buffers: [y.place, x.place] }];
}

/** The norm of a whole plane: models only use `p` 1 and 2. */
const globalNorm: EmitRule = (op) => {
  const norms: Readonly<Record<number, string>> = { 1: "ReduceL1", 2: "ReduceL2" };
  return globalPool(REDUCTIONS[norms[op.call.int("p") ?? 2] ?? ""])(op);
};

/** Emission rules of the reductions. */
export const REDUCTION_RULES: EmitTable = {
  ...Object.fromEntries(
    Object.entries(REDUCTION_FORMULAS).map(([type, formula]) => [type, rowRule(formula)]),
  ),
  GlobalAveragePool: globalPool(REDUCTIONS["ReduceMean"]),
  GlobalMaxPool: globalPool(REDUCTIONS["ReduceMax"]),
  ArgMax: argRule(lowest, "maximum"),
  ArgMin: argRule(highest, "minimum"),
  GlobalLpPool: globalNorm,
  CumSum: cumulative(0, add),
  CumProd: cumulative(1, multiply),
};
