/**
 * Element-wise operators, alone or several in one kernel.
 *
 * One thread makes four elements of the output that are neighbors, or one where their number is no multiple of four. Each
 * operand has its own layout over the shape of the output (stride 0 where it is broadcast); operands of a single
 * known element are written into the code.
 *
 * A kernel of several computes them one after the other: `Relu(Add(x, bias))` loads x and bias, adds,
 * rounds to the memory type of the sum that is never stored, and stores the result. With the
 * rounding it computes the same bits as its operators one by one.
 */
import type { DeviceNode } from "../device-node.js";
import { type Expression, literal, multiply } from "../language/expression.js";
import { define, indexType, perElementKernel } from "../language/kernel.js";
import { sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { CHANNEL_FORMULAS } from "./channel-formulas.js";
import {
  ElementValues,
  FOUR,
  type KernelStep,
  type Site,
  singleSite,
  storedAt,
} from "./element-values.js";
import { FORMULAS, type Formula, type FormulaRule } from "./formulas.js";
import { FUSED_FORMULAS } from "./fused-formulas.js";
import { KernelBuffers } from "./kernel-buffers.js";

/** An element-wise operator: its formula, and where the result belongs. */
export interface ElementStep {
  readonly formula: Formula;
  readonly result: Operand;
}

const ALL_FORMULAS: Readonly<Record<string, FormulaRule>> = {
  ...FORMULAS,
  ...CHANNEL_FORMULAS,
  ...FUSED_FORMULAS,
};

/** The operator as a step; `undefined` when it is not element-wise, or is refused. */
export function elementwiseStep(op: OperatorCall): ElementStep | undefined {
  const formula = ALL_FORMULAS[op.operator.type]?.(op);
  const result = formula && op.result();
  return formula && result && op.call.refusal === undefined ? { formula, result } : undefined;
}

const elementwise: EmitRule = (op) => {
  const step = elementwiseStep(op);
  return step && elementNodes(step);
};

/** Emission rules of the operators that are only a formula. */
export const ELEMENTWISE: EmitTable = Object.fromEntries(
  Object.keys(ALL_FORMULAS).map((type) => [type, elementwise]),
);

/** The kernel of one element-wise operator. */
export function elementNodes({ formula, result }: ElementStep): readonly DeviceNode[] {
  const from = formula.operands.map(() => undefined);
  return elementKernel("elementwise", [{ kind: "formula", formula, from, result }], result);
}

/**
 * The kernel that computes steps and stores the result of the last one; none where it has no elements.
 *
 * Requires: every result that a later step reads has as many elements as the last one; the same dims where the channels of
 * the last one are last in memory.
 */
export function elementKernel(
  label: string,
  steps: readonly KernelStep[],
  result: Operand,
): readonly DeviceNode[] {
  const count = sizeOf(result.dims);
  if (count === 0) {
    return [];
  }
  const width = count % FOUR === 0 ? FOUR : 1;
  const buffers = new KernelBuffers();
  const target = buffers.write(result);
  const values = new ElementValues(steps, buffers);
  const body = (position: Expression) => {
    const isChannelsLast = result.strides !== undefined;
    const site = { ...siteAt(position, width), ...(isChannelsLast ? { isChannelsLast } : {}) };
    const last = values.of(steps.length - 1, site);
    const stores = storedAt(site, target, last, result);
    return [...site.body, ...stores];
  };
  const threads = count / width;
  const kernel = perElementKernel(label, buffers.buffers, threads, body, indexType(count));
  return [{ kind: "kernel", kernel, buffers: buffers.places }];
}

/** The elements of the thread at `position`. */
function siteAt(position: Expression, width: number): Site {
  if (width === 1) {
    return singleSite("e", position, []);
  }
  const name = "first";
  const first = multiply(position, literal(position.type, width));
  const flat: Expression = { kind: "local", type: position.type, name };
  return { ...singleSite("e", flat, [define(name, first)]), width };
}
