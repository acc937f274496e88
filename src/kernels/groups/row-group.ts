import { present } from "../../core/invariant.js";
import type { OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { DeviceNode } from "../device-node.js";
import type { Expression } from "../language/expression.js";
import { sizeOf } from "../language/layout.js";
import type { ModelIndex, Operand, OperatorCall } from "../operator-call.js";
import {
  ElementValues,
  type KernelStep,
  loaded,
  type SiteValues,
} from "../operators/element-values.js";
import { elementwiseStep } from "../operators/elementwise.js";
import { KernelBuffers } from "../operators/kernel-buffers.js";
import { REDUCTION_FORMULAS } from "../operators/reductions.js";
import { asRead, type RowFormula, storeResult } from "../operators/row-formulas.js";
import { RowProgram, type RowShape, rowShape } from "../operators/row-kernel.js";
import { NORMALIZATION_FORMULAS } from "../operators/row-normalizations.js";
import { callAt, kernelStep, resultAt } from "./member-steps.js";

const FORMULAS = { ...REDUCTION_FORMULAS, ...NORMALIZATION_FORMULAS };

/**
 * The one kernel of operators along the same rows, and of element-wise ones between them, that end in one result:
 * LayerNorm, RMSNorm and Softmax however they are written.
 *
 * `undefined` if one of them has no formula, or makes neither whole values nor one value for each row. Cost: O(operators).
 */
export function rowGroup(
  index: ModelIndex,
  members: readonly OperatorId[],
): readonly DeviceNode[] | undefined {
  const calls = members.map((id) => ({ id, op: callAt(index, id), result: resultAt(index, id) }));
  const formulas = new Map<OperatorId, RowFormula>();
  for (const { id, op } of calls) {
    const formula = FORMULAS[op.operator.type]?.(op);
    if (formula !== undefined) {
      formulas.set(id, formula);
    }
  }
  const shape = sharedShape([...formulas.values()]);
  if (shape === undefined) {
    return undefined;
  }
  const last = calls.at(-1)?.op.result();
  const kernel = last && new RowGroupKernel(shape, last);
  for (const { id, op, result } of calls) {
    const formula = formulas.get(id);
    const isAdded =
      result !== undefined &&
      (formula === undefined ? kernel?.addElements(op, result) : kernel?.addRows(formula, result));
    if (isAdded !== true) {
      return undefined;
    }
  }
  return kernel?.nodes(`rows${members.length}`);
}

/** The rows of all formulas, if they are cut alike. */
function sharedShape(formulas: readonly RowFormula[]): RowShape | undefined {
  const [first, ...others] = formulas.map(({ x, axes }) => rowShape(x.dims, axes));
  const isShared =
    first !== undefined &&
    first.rows * first.length > 0 &&
    first.length > 1 &&
    others.every((shape) => JSON.stringify(shape) === JSON.stringify(first));
  return isShared ? first : undefined;
}

/** A kernel to which operators are added in the order of the model. */
class RowGroupKernel {
  readonly #shape: RowShape;
  readonly #rows: RowProgram;
  readonly #buffers = new KernelBuffers();
  readonly #result: Operand;
  readonly #target: number;
  readonly #steps: KernelStep[] = [];
  readonly #stepOf = new Map<TensorId, number>();
  readonly #values: ElementValues;

  constructor(shape: RowShape, result: Operand) {
    this.#shape = shape;
    this.#rows = new RowProgram(shape);
    this.#result = result;
    this.#target = this.#buffers.write(result);
    this.#values = new ElementValues(this.#steps, this.#buffers);
  }

  /** Adds an operator along the rows. */
  addRows(formula: RowFormula, result: TensorId): boolean {
    const { x } = formula;
    const from = x.place.kind === "tensor" ? this.#stepOf.get(x.place.id) : undefined;
    const elements: SiteValues =
      from === undefined
        ? (site) => loaded(x, x.dims, site, this.#buffers)
        : (site) => this.#values.of(from, site);
    const prefix = `s${this.#steps.length}_`;
    const setting = { rows: this.#rows, buffers: this.#buffers, x: elements, prefix };
    const values = asRead(setting, formula.result, formula.build(setting));
    this.#add({ kind: "given", values }, result);
    return true;
  }

  /** Adds an element-wise operator; false if it is none, or its result is neither whole nor of rows. */
  addElements(op: OperatorCall, result: TensorId): boolean {
    const own = elementwiseStep(op);
    if (own === undefined) {
      return false;
    }
    const size = sizeOf(own.result.dims);
    const { rows, length } = this.#shape;
    const step = kernelStep(own, this.#stepOf);
    const at = this.#add(step, result);
    if (size === rows) {
      const [value] = this.#values.of(at, this.#rows.self);
      this.#steps[at] = ofRow(present(value, "value of a row"));
    }
    return size === rows || size === rows * length;
  }

  /** The finished kernel. */
  nodes(label: string): readonly DeviceNode[] {
    const last = this.#steps.length - 1;
    const isOfRows = sizeOf(this.#result.dims) === this.#shape.rows;
    const [value] = isOfRows ? this.#values.of(last, this.#rows.self) : [];
    storeResult(
      this.#rows,
      this.#target,
      this.#result,
      value === undefined
        ? { kind: "elements", values: (site) => this.#values.of(last, site) }
        : { kind: "row", value },
    );
    const kernel = this.#rows.kernel(label, this.#buffers.buffers);
    return [{ kind: "kernel", kernel, buffers: this.#buffers.places }];
  }

  #add(step: KernelStep, result: TensorId): number {
    const at = this.#steps.push(step) - 1;
    this.#stepOf.set(result, at);
    return at;
  }
}

function ofRow(value: Expression): KernelStep {
  return { kind: "given", values: ({ width }) => new Array<Expression>(width).fill(value) };
}
