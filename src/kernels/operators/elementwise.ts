/**
 * Element-wise operators, alone or chained in one kernel.
 *
 * One thread makes one element of the output. Each operand has its own layout over the shape of the
 * output (stride 0 where it is broadcast); operands of a single known element are written into the code.
 *
 * A chain computes several operators in one kernel: `Relu(Add(x, bias))` loads x and bias, adds,
 * rounds to the memory type of the sum that is never stored, and stores the result. With the
 * rounding a chain computes the same bits as its operators one by one.
 */
import { present } from "../../core/invariant.js";
import type { DeviceNode, Place } from "../device-node.js";
import {
  convert,
  type Expression,
  literal,
  load,
  local,
  type StorageType,
  VALUE_OF,
} from "../language/expression.js";
import { define, type KernelBuffer, perElementKernel, type Statement } from "../language/kernel.js";
import {
  addressOf,
  broadcastLayout,
  coordinatesOf,
  mergeDims,
  sizeOf,
} from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { CHANNEL_FORMULAS } from "./channel-formulas.js";
import { FORMULAS, type Formula, type FormulaRule } from "./formulas.js";
import { FUSED_FORMULAS } from "./fused-formulas.js";

/** One operator of a chain. */
export interface ChainStep {
  readonly formula: Formula;
  /** For each operand of the formula the earlier step whose result it is; `undefined`: from memory. */
  readonly from: readonly (number | undefined)[];
  readonly result: Operand;
}

const ALL_FORMULAS: Readonly<Record<string, FormulaRule>> = {
  ...FORMULAS,
  ...CHANNEL_FORMULAS,
  ...FUSED_FORMULAS,
};

/** The operator as a step on its own; `undefined` when it is not element-wise, or is refused. */
export function elementwiseStep(op: OperatorCall): ChainStep | undefined {
  const formula = ALL_FORMULAS[op.operator.type]?.(op);
  const result = formula && op.result();
  return formula && result && op.call.refusal === undefined
    ? { formula, from: formula.operands.map(() => undefined), result }
    : undefined;
}

const elementwise: EmitRule = (op) => {
  const step = elementwiseStep(op);
  return step && chainNodes([step]);
};

/** Emission rules of the operators that are only a formula. */
export const ELEMENTWISE: EmitTable = Object.fromEntries(
  Object.keys(ALL_FORMULAS).map((type) => [type, elementwise]),
);

/**
 * The kernel that computes a chain and stores the result of its last step.
 *
 * Requires: every result that a later step reads has the dims of the last one.
 */
export function chainNodes(steps: readonly ChainStep[]): readonly DeviceNode[] {
  const last = present(steps.at(-1), "last step").result;
  if (sizeOf(last.dims) === 0) {
    return [];
  }
  const inMemory = steps.flatMap(({ formula, from }) =>
    formula.operands.filter((operand, i) => from[i] === undefined && !isLiteral(operand)),
  );
  const { dims, layouts } = mergeDims({
    dims: last.dims,
    layouts: [last.dims, ...inMemory.map((operand) => operand.dims)].map((each) =>
      broadcastLayout(each, last.dims),
    ),
  });
  const buffers: KernelBuffer[] = [
    { storage: last.storage, access: "write" },
    ...inMemory.map(({ storage }): KernelBuffer => ({ storage, access: "read" })),
  ];
  const kernel = perElementKernel(labelOf(steps), buffers, sizeOf(last.dims), (position) => {
    const type = position.type;
    const coordinates = coordinatesOf(position, dims);
    const names = coordinates.map((_, axis) => local(type, `c${axis}`));
    const body: Statement[] =
      coordinates.length > 1 ? coordinates.map((each, axis) => define(`c${axis}`, each)) : [];
    const at = coordinates.length > 1 ? names : coordinates;
    let next = 1;
    const loadNext = (operand: Operand): Expression => {
      const layout = present(layouts[next], "layout");
      return load(operand.storage, next++, addressOf(layout, at));
    };
    body.push(...stepStatements(steps, loadNext));
    body.push({
      kind: "store",
      buffer: 0,
      index: position,
      value: resultName(steps.length - 1, last),
    });
    return body;
  });
  return [{ kind: "kernel", kernel, buffers: placesOfChain(last, inMemory) }];
}

function stepStatements(
  steps: readonly ChainStep[],
  loadNext: (operand: Operand) => Expression,
): readonly Statement[] {
  return steps.flatMap(({ formula, from, result }, step) => {
    const body: Statement[] = [];
    const values = formula.operands.map((operand, i) => {
      const earlier = from[i];
      if (earlier !== undefined) {
        return resultName(earlier, operand);
      }
      if (isLiteral(operand)) {
        return literal(VALUE_OF[operand.storage], operand.values?.[0] ?? 0);
      }
      const value = loadNext(operand);
      const name = `x${step}_${i}`;
      body.push(define(name, value));
      return local(value.type, name);
    });
    const value = convert(VALUE_OF[result.storage], formula.value(values));
    const stored = step < steps.length - 1 ? rounded(result.storage, value) : value;
    body.push(define(`y${step}`, stored));
    return body;
  });
}

/** The value after being stored and loaded again. */
function rounded(storage: StorageType, value: Expression): Expression {
  return storage === "f32" ||
    storage === "f64" ||
    storage === "i32" ||
    storage === "i64" ||
    storage === "bool"
    ? value
    : { kind: "narrow", type: value.type, storage, value };
}

function resultName(step: number, operand: Operand): Expression {
  return local(VALUE_OF[operand.storage], `y${step}`);
}

function placesOfChain(last: Operand, inMemory: readonly Operand[]): readonly Place[] {
  return [last.place, ...inMemory.map((operand) => operand.place)];
}

/** Single known elements are part of the code. 64-bit integers that a double cannot hold are not known. */
function isLiteral(operand: Operand): boolean {
  return operand.values?.length === 1 && operand.place.kind === "constant";
}

function labelOf(steps: readonly ChainStep[]): string {
  return steps.length === 1 ? "elementwise" : `chain${steps.length}`;
}
