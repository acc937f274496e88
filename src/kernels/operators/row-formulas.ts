/** Operators along rows in a form of which a kernel may have several: reductions, softmax, normalizations. */
import type { DeviceNode } from "../device-node.js";
import {
  convert,
  type Expression,
  literal,
  VALUE_OF,
  type ValueType,
} from "../language/expression.js";
import { channelsLastOrder, inOrder } from "../language/layout.js";
import type { EmitRule, Operand, OperatorCall } from "../operator-call.js";
import {
  defined,
  loaded,
  remembered,
  type SiteValues,
  stored,
  storedAt,
} from "./element-values.js";
import { KernelBuffers } from "./kernel-buffers.js";
import { RowProgram, rowShape } from "./row-kernel.js";

/** What an operator makes of rows: one value for each, or one for each element. */
export type RowResult =
  | { readonly kind: "row"; readonly value: Expression }
  | { readonly kind: "elements"; readonly values: SiteValues };

/** The program that an operator is added to. */
export interface RowSetting {
  readonly rows: RowProgram;
  readonly buffers: KernelBuffers;
  /** The elements of the rows. */
  readonly x: SiteValues;
  /** Begins the names of the operator's locals. */
  readonly prefix: string;
}

/** An operator along rows. */
export interface RowFormula {
  readonly x: Operand;
  readonly axes: readonly number[];
  readonly result: Operand;
  /** Words for the name of its own kernel. */
  readonly label: string;
  /** Adds its passes. */
  readonly build: (setting: RowSetting) => RowResult;
}

/** The formula of an operator, or a refusal. */
export type RowFormulaRule = (op: OperatorCall) => RowFormula | undefined;

/** The type of the values of rows. */
export function typeOf({ storage }: Operand): ValueType {
  return VALUE_OF[storage];
}

/** The rule of an operator that is a kernel of its own. */
export function rowRule(formulaOf: RowFormulaRule): EmitRule {
  return (op) => {
    const formula = formulaOf(op);
    return formula && rowNodes(formula);
  };
}

/** The kernel of one operator; none without rows. */
export function rowNodes(formula: RowFormula): readonly DeviceNode[] {
  const { result, label, build } = formula;
  const { x, axes } = asStored(formula);
  const shape = rowShape(x.dims, axes);
  if (shape.rows === 0) {
    return [];
  }
  const rows = new RowProgram(shape);
  const buffers = new KernelBuffers();
  const target = buffers.write(result);
  const elements: SiteValues = (site) => loaded(x, x.dims, site, buffers);
  storeResult(rows, target, result, build({ rows, buffers, x: elements, prefix: "" }));
  const kernel = rows.kernel(label, buffers.buffers);
  return [{ kind: "kernel", kernel, buffers: buffers.places }];
}

/** The rows of a tensor as memory has it. */
function asStored({ x, axes }: RowFormula): Pick<RowFormula, "x" | "axes"> {
  if (x.strides === undefined) {
    return { x, axes };
  }
  const order = channelsLastOrder(x.dims.length);
  const { strides: _, ...rest } = x;
  return {
    x: { ...rest, dims: inOrder(x.dims, order) },
    axes: axes.map((axis) => order.indexOf(axis)),
  };
}

/** Adds the pass that stores what an operator makes. */
export function storeResult(
  rows: RowProgram,
  target: number,
  result: Operand,
  made: RowResult,
): void {
  const type = VALUE_OF[result.storage];
  if (made.kind === "row") {
    const value = convert(type, made.value);
    rows.once([{ kind: "store", buffer: target, index: rows.row, value }]);
    return;
  }
  rows.pass((site) => {
    const values = made.values(site).map((value) => convert(type, value));
    return storedAt(site, target, values, result);
  });
}

/** What an operator makes, for operators behind it: as it would be in memory. */
export function asRead(
  { rows, prefix }: RowSetting,
  { storage }: Operand,
  made: RowResult,
): SiteValues {
  const type = VALUE_OF[storage];
  const inMemory = (value: Expression) => stored(storage, convert(type, value));
  if (made.kind === "row") {
    const value = rows.define(`${prefix}v`, inMemory(made.value));
    return ({ width }) => new Array<Expression>(width).fill(value);
  }
  return kept(`${prefix}v`, (site) => made.values(site).map(inMemory));
}

/** Values as locals, which later passes know too where rows stay in registers. */
export function kept(name: string, values: SiteValues): SiteValues {
  return (site) =>
    remembered(site, name, () =>
      values(site).map((value, i) => defined(site, `${name}_${site.tag}_${i}`, value)),
    );
}

/** A number of the values' type. */
export function numberOf(operand: Operand, value: number): Expression {
  return literal(typeOf(operand), value);
}
