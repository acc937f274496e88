/**
 * Steps: element-wise operators behind a value, of which nothing but the last result is read further on.
 *
 * A step is one operator, or several that meet again: x * sigmoid(x), or the five operators of a GELU. Walking
 * from reader to reader would stop at the first value with two readers; so readers are taken in the
 * order of the model until one open value is left.
 */
import { productOf } from "../../core/product.js";
import type { OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { FusionIndex, FusionOperand } from "./fusion-index.js";

/** What a step does to the value before it. */
export type StepKind =
  /** Scales, shifts, converts: by constants for each channel, or of any shape. */
  | "affine"
  /** The same by one number. */
  | "scalar"
  /** Adds another tensor of its size. */
  | "residual"
  /** Everything else that depends on the value and constants. */
  | "activation";

/** Operators, ascending, from one value to the next. */
export interface Step {
  readonly kind: StepKind;
  readonly operators: readonly OperatorId[];
  readonly result: TensorId;
}

/** Most operators of one step. GELU by tanh, with a cube by products and casts, has 11. */
const MOST_OPERATORS = 12;

const AFFINE: ReadonlySet<string> = new Set([
  "Add",
  "Sub",
  "Mul",
  "Div",
  "BatchNormalization",
  "Cast",
  "QuantizeLinear",
  "DequantizeLinear",
  "com.microsoft:BiasAdd",
]);

const ADDITIONS: ReadonlySet<string> = new Set(["Add", "Sub", "Sum"]);

/** The step behind a value; `undefined` if there is none. */
export function stepBehind(index: FusionIndex, value: TensorId): Step | undefined {
  if (index.isOutput(value)) {
    return undefined;
  }
  const only = index.onlyReader(value);
  const single = only === undefined ? undefined : singleStep(index, value, only);
  return single ?? closedStep(index, value);
}

function singleStep(index: FusionIndex, value: TensorId, id: OperatorId): Step | undefined {
  const result = index.result(id);
  if (!isStepOperator(index, id, value) || result === undefined) {
    return undefined;
  }
  const operands = index.operands(id);
  const others = operands.filter(({ tensor }) => tensor !== value);
  const made = (kind: StepKind): Step => ({ kind, operators: [id], result });
  const size = index.size(value);
  const { type } = index.operator(id);
  if (others.some(({ tensor }) => tensor !== undefined)) {
    const isSum = operands.length === 2 && others.length === 1 && ADDITIONS.has(type);
    return isSum && others.every(({ dims }) => productOf(dims) === size)
      ? made("residual")
      : undefined;
  }
  // x * x is no scaling.
  const isAffine = AFFINE.has(type) && operands.length - others.length === 1;
  return made(isAffine ? (others.every(isScalar) ? "scalar" : "affine") : "activation");
}

function isScalar({ dims }: FusionOperand): boolean {
  return productOf(dims) === 1;
}

/** A free element-wise operator whose result and reading of `value` have the size of `value`. */
function isStepOperator(index: FusionIndex, id: OperatorId, value: TensorId): boolean {
  const result = index.result(id);
  return (
    index.isFree(id) &&
    index.isElementwise(id) &&
    result !== undefined &&
    index.size(result) === index.size(value)
  );
}

/** A free element-wise operator of one tensor and constants, all of which has one size. */
export function isSingleInput(index: FusionIndex, id: OperatorId): boolean {
  const tensors = index.operands(id).flatMap(({ tensor }) => tensor ?? []);
  const [value] = tensors;
  return value !== undefined && tensors.length === 1 && isStepOperator(index, id, value);
}

/** Operators that depend on one value and constants, up to where one value is left. */
function closedStep(index: FusionIndex, value: TensorId): Step | undefined {
  const size = index.size(value);
  const made = new Set<TensorId>([value]);
  const open = new Set<TensorId>([value]);
  const operators = new Set<OperatorId>();
  while (operators.size < MOST_OPERATORS) {
    const id = nextReader(index, open, operators);
    const result = id === undefined ? undefined : index.result(id);
    if (id === undefined || result === undefined || !isInside(index, id, made, size)) {
      return undefined;
    }
    operators.add(id);
    made.add(result);
    open.add(result);
    for (const tensor of open) {
      const isRead = index.readers(tensor).every((reader) => operators.has(reader));
      if (tensor !== result && isRead && !index.isOutput(tensor)) {
        open.delete(tensor);
      }
    }
    if (open.size === 1 && open.has(result)) {
      return { kind: "activation", operators: [...operators], result };
    }
  }
  return undefined;
}

/** The first operator in the model's order that reads an open value and is not in the step. */
function nextReader(
  index: FusionIndex,
  open: ReadonlySet<TensorId>,
  operators: ReadonlySet<OperatorId>,
): OperatorId | undefined {
  let first: OperatorId | undefined;
  for (const tensor of open) {
    for (const reader of index.readers(tensor)) {
      if (!operators.has(reader) && (first === undefined || reader < first)) {
        first = reader;
      }
    }
  }
  return first;
}

function isInside(
  index: FusionIndex,
  id: OperatorId,
  made: ReadonlySet<TensorId>,
  size: number,
): boolean {
  const result = index.result(id);
  return (
    index.isFree(id) &&
    index.isElementwise(id) &&
    result !== undefined &&
    index.size(result) === size &&
    index.operands(id).every(({ tensor }) => tensor === undefined || made.has(tensor))
  );
}
