/** Softmax and the normalizations along dims of one tensor, as kernels of their own and as parts of others. */
import { present } from "../../core/invariant.js";
import type { DeviceNode } from "../device-node.js";
import {
  add,
  binary,
  convert,
  divide,
  type Expression,
  literal,
  load,
  multiply,
  subtract,
  unary,
  VALUE_OF,
  type ValueType,
} from "../language/expression.js";
import { sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { loaded, type Site, type SiteValues } from "./element-values.js";
import { normalizationNodes, type SideOutputs, scaled } from "./normalizations.js";
import { lowest } from "./reductions.js";
import {
  kept,
  type RowFormulaRule,
  type RowResult,
  type RowSetting,
  rowRule,
  typeOf,
} from "./row-formulas.js";

/**
 * Before version 13 the tensor is flattened to two dims at the axis; since then the operator works
 * along one axis.
 */
function softmaxAxes(op: OperatorCall, rank: number): readonly number[] | undefined {
  const isFlat = op.call.opset < 13;
  const axis = op.call.axis(op.call.int("axis") ?? (isFlat ? 1 : -1), rank);
  if (axis === undefined) {
    return undefined;
  }
  return isFlat ? Array.from({ length: rank - axis }, (_, i) => axis + i) : [axis];
}

/** Maximum, sum of exponentials below it, then the quotients (or their logarithms). */
function softmax(isLogarithm: boolean): RowFormulaRule {
  return (op) => {
    const [x, result] = [op.input(0), op.result()];
    const axes = x && softmaxAxes(op, x.dims.length);
    if (x === undefined || result === undefined || axes === undefined) {
      return undefined;
    }
    const label = isLogarithm ? "logSoftmax" : "softmax";
    return { x, axes, result, label, build: (all) => shares(all, typeOf(x), isLogarithm) };
  };
}

function shares({ rows, x, prefix }: RowSetting, type: ValueType, isLogarithm: boolean): RowResult {
  const maximum = (a: Expression, b: Expression) => binary("maximum", a, b);
  const most = rows.reduceValues(`${prefix}most`, lowest(type), maximum, x);
  const below = kept(`${prefix}below`, (site) => x(site).map((value) => subtract(value, most)));
  const powers = kept(`${prefix}power`, (site) => below(site).map((value) => unary("exp", value)));
  const total = rows.reduceValues(`${prefix}sum`, literal(type, 0), add, powers);
  const scale = rows.define(
    `${prefix}scale`,
    isLogarithm ? unary("log", total) : divide(literal(type, 1), total),
  );
  const values: SiteValues = isLogarithm
    ? (site) => below(site).map((value) => subtract(value, scale))
    : (site) => powers(site).map((value) => multiply(value, scale));
  return { kind: "elements", values };
}

/** Normalizes the dims from `axis` on; scale and bias cover exactly these. */
function layer(isCentered: boolean): RowFormulaRule {
  return (op) => {
    const [x, scale, result] = [op.input(0), op.input(1), op.result()];
    const bias = isCentered ? op.optional(2) : undefined;
    const axis = x && op.call.axis(op.call.int("axis") ?? -1, x.dims.length);
    if (x === undefined || scale === undefined || result === undefined || axis === undefined) {
      return undefined;
    }
    const dims = x.dims.slice(axis);
    const length = sizeOf(dims);
    if (sizeOf(scale.dims) !== length || (bias !== undefined && sizeOf(bias.dims) !== length)) {
      return op.refuse("scale or bias that are broadcast");
    }
    return {
      x,
      axes: x.dims.map((_, i) => i).slice(axis),
      result,
      label: isCentered ? "layerNormalization" : "rmsNormalization",
      build: (all) => {
        const type = typeOf(x);
        const how = { type, length, epsilon: op.call.float("epsilon") ?? 1e-5, isCentered };
        const along = (operand: Operand) => (site: Site) =>
          loaded({ ...operand, dims }, x.dims, site, all.buffers).map((each) =>
            convert(type, each),
          );
        const { values } = normalizedRows(all, how);
        const gain = along(scale);
        const shift = bias && along(bias);
        return {
          kind: "elements",
          values: (site) => {
            const [factors, shifts] = [gain(site), shift?.(site)];
            return values(site).map((value, i) => {
              const product = multiply(value, present(factors[i], "scale"));
              return shifts === undefined ? product : add(product, present(shifts[i], "bias"));
            });
          },
        };
      },
    };
  };
}

/** How rows are normalized. */
interface Normalizing {
  readonly type: ValueType;
  readonly length: number;
  readonly epsilon: number;
  readonly isCentered: boolean;
}

/**
 * Mean, then the mean square of the differences (in two passes, for accuracy), then the quotients.
 */
function normalizedRows({ rows, x, prefix }: RowSetting, how: Normalizing) {
  const { type, length, epsilon, isCentered } = how;
  const zero = literal(type, 0);
  const count = literal(type, length);
  const mean = isCentered
    ? rows.define(`${prefix}mean`, divide(rows.reduceValues(`${prefix}total`, zero, add, x), count))
    : undefined;
  const centered =
    mean === undefined
      ? x
      : kept(`${prefix}centered`, (site) => x(site).map((value) => subtract(value, mean)));
  const squares = rows.reduceValues(`${prefix}squares`, zero, add, (site) =>
    centered(site).map((value) => multiply(value, value)),
  );
  const variance = add(divide(squares, count), literal(type, epsilon));
  const inverse = rows.define(
    `${prefix}inverse`,
    divide(literal(type, 1), unary("sqrt", variance)),
  );
  const values: SiteValues = (site) => centered(site).map((value) => multiply(value, inverse));
  return { values, mean, inverse };
}

/** With the mean and the deviation of each row as further outputs. */
function layerRule(isCentered: boolean): EmitRule {
  const plain = rowRule(layer(isCentered));
  return (op) => {
    const [mean, inverse] = isCentered ? [op.output(1), op.output(2)] : [undefined, op.output(1)];
    return mean === undefined && inverse === undefined
      ? plain(op)
      : layerWithSides(op, isCentered, { mean, inverse });
  };
}

function layerWithSides(
  op: OperatorCall,
  isCentered: boolean,
  sides: SideOutputs,
): readonly DeviceNode[] | undefined {
  const formula = layer(isCentered)(op);
  if (formula === undefined) {
    return undefined;
  }
  const { x, axes, result, label } = formula;
  const [scale, bias] = [op.input(1), isCentered ? op.optional(2) : undefined];
  const inputs = [x, scale, bias].filter((each) => each !== undefined);
  const finish = scaled(
    VALUE_OF[x.storage],
    (_row, at) => at,
    { operand: scale, buffer: 2 },
    { operand: bias, buffer: 3 },
  );
  const epsilon = op.call.float("epsilon") ?? 1e-5;
  const element = (address: Expression) => load(x.storage, 1, address);
  const how = { axes, epsilon, isCentered, element, inputs, finish, label };
  return normalizationNodes(x.dims, result, how, sides);
}

/** Formulas of softmax and the normalizations of rows, by operator type. */
export const NORMALIZATION_FORMULAS: Readonly<Record<string, RowFormulaRule>> = {
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  LayerNormalization: layer(true),
  "com.microsoft:LayerNormalization": layer(true),
  RMSNormalization: layer(false),
  SimplifiedLayerNormalization: layer(false),
  "com.microsoft:SimplifiedLayerNormalization": layer(false),
};

/** Emission rules of these operators. */
export const ROW_NORMALIZATIONS: EmitTable = {
  Softmax: rowRule(softmax(false)),
  LogSoftmax: rowRule(softmax(true)),
  LayerNormalization: layerRule(true),
  "com.microsoft:LayerNormalization": layerRule(true),
  RMSNormalization: layerRule(false),
  SimplifiedLayerNormalization: layerRule(false),
  "com.microsoft:SimplifiedLayerNormalization": layerRule(false),
};
