/**
 * What a library's call does to a result before it stores it: scales and shifts of channels, one addition of a tensor, an
 * activation. Operators behind a convolution or product are taken up in this order, as far as the call has them.
 */
import { present } from "../../core/invariant.js";
import type { OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { ChannelStep } from "../folded-constant.js";
import { sizeOf } from "../language/layout.js";
import type { ModelIndex, Operand } from "../operator-call.js";
import type { KernelStep } from "../operators/element-values.js";
import { type IsInput, type KnownFunction, knownFunction } from "./known-functions.js";
import { callAt, elementSteps, resultAt } from "./member-steps.js";

/** What a call can do. */
export interface CallAbilities {
  /** The dim of the result that has the channels. */
  readonly axis: number;
  readonly canScale: boolean;
  readonly canShift: boolean;
  readonly functions: ReadonlySet<KnownFunction>;
}

/** What a call does besides the convolution or product. */
export interface CallEpilogue {
  /** The operators that it computes; the others are left. */
  readonly members: readonly OperatorId[];
  readonly steps: readonly ChannelStep[];
  readonly residual: Operand | undefined;
  readonly function: KnownFunction | undefined;
  readonly result: Operand;
}

const STEP_KINDS: Readonly<Record<string, "add" | "subtract" | "multiply" | "divide">> = {
  Add: "add",
  "com.microsoft:BiasAdd": "add",
  Sub: "subtract",
  Mul: "multiply",
  Div: "divide",
};

/**
 * The longest row of operators behind `main` that one call computes; `undefined` if it has several results.
 *
 * `behind` are the operators of its group that follow it. Order: of the operators. Cost: O(operators^2).
 */
export function callEpilogue(
  index: ModelIndex,
  main: OperatorId,
  behind: readonly OperatorId[],
  can: CallAbilities,
): CallEpilogue | undefined {
  const first = resultAt(index, main);
  if (first === undefined) {
    return undefined;
  }
  const ofCall = (all: readonly KernelStep[], isInput: IsInput) => {
    const name = knownFunction(all, isInput);
    return name !== undefined && can.functions.has(name) ? name : undefined;
  };
  const steps: ChannelStep[] = [];
  let value = first;
  let residual: Operand | undefined;
  let known: KnownFunction | undefined;
  let taken = 0;
  while (known === undefined && taken < behind.length) {
    const id = present(behind[taken], "member");
    const isAlone = isReadInside(index, value, [id]);
    const step = isAlone && residual === undefined ? channelStep(index, id, value, can) : undefined;
    const added = isAlone && residual === undefined ? addedTensor(index, id, value) : undefined;
    const count = step !== undefined || added !== undefined ? 1 : 0;
    const found =
      count === 0 ? functionBehind(index, behind.slice(taken), value, ofCall) : undefined;
    if (count === 0 && found === undefined) {
      break;
    }
    if (step !== undefined) {
      steps.push(step);
    }
    residual ??= added;
    known = found?.function;
    taken += found?.count ?? count;
    value = present(resultAt(index, present(behind[taken - 1], "member")), "result");
  }
  const result = index.operandOf(value);
  return result && { members: behind.slice(0, taken), steps, residual, function: known, result };
}

/** Whether all that reads a tensor is among some operators. */
export function isReadInside(
  { lowered }: ModelIndex,
  tensor: TensorId,
  members: readonly OperatorId[],
): boolean {
  const { consumers } = present(lowered.graph.tensors[tensor], "tensor");
  return consumers.every((id) => members.includes(id));
}

/** The operator as a step by constants, of one element or of one for each channel. */
function channelStep(
  index: ModelIndex,
  id: OperatorId,
  value: TensorId,
  can: CallAbilities,
): ChannelStep | undefined {
  const op = callAt(index, id);
  const operands = op.inputs() ?? [];
  const [x, ...others] = operands;
  const result = op.result();
  if (x === undefined || result === undefined || !can.canShift) {
    return undefined;
  }
  if (op.operator.type === "BatchNormalization") {
    const [scale, bias, mean, variance] = others.map(constantName);
    const isGiven = scale && bias && mean && variance && op.call.int("training_mode") !== 1;
    const epsilon = op.call.float("epsilon") ?? 1e-5;
    return isGiven && can.canScale && can.axis === 1 && isAt(x, value)
      ? { kind: "normalize", scale, bias, mean, variance, epsilon }
      : undefined;
  }
  const kind = STEP_KINDS[op.operator.type];
  const isFirst = isAt(x, value);
  const by = isFirst ? others[0] : x;
  const isTurned = !isFirst && (kind === "subtract" || kind === "divide");
  const constant = by && constantName(by);
  const isScaling = kind === "multiply" || kind === "divide";
  if (kind === undefined || by === undefined || constant === undefined || operands.length !== 2) {
    return undefined;
  }
  return isTurned || (isScaling && !can.canScale) || !isOfChannels(by, result, can.axis)
    ? undefined
    : { kind, constant };
}

function isAt({ place }: Operand, tensor: TensorId): boolean {
  return place.kind === "tensor" && place.id === tensor;
}

/** The name of a constant whose elements can be computed with. */
function constantName({ place, elementType }: Operand): string | undefined {
  const isFloat = elementType === "float32" || elementType === "float16";
  return place.kind === "constant" && isFloat ? place.name : undefined;
}

/** Whether a constant has one element, or one for each channel of a result. */
function isOfChannels({ dims }: Operand, result: Operand, axis: number): boolean {
  const at = axis < 0 ? axis + result.dims.length : axis;
  const own = at - (result.dims.length - dims.length);
  return sizeOf(dims) === 1 || (dims[own] === result.dims[at] && dims[own] === sizeOf(dims));
}

/** The other tensor of an addition to a value of its size. */
export function addedTensor(
  index: ModelIndex,
  id: OperatorId,
  value: TensorId,
): Operand | undefined {
  const op = callAt(index, id);
  const operands = op.inputs() ?? [];
  const result = op.result();
  const isSum = op.operator.type === "Add" || op.operator.type === "Sum";
  const [other] = operands.filter((operand) => !isAt(operand, value));
  const isWhole =
    result !== undefined &&
    operands.every(({ dims, storage }) => {
      return sizeOf(dims) === sizeOf(result.dims) && storage === result.storage;
    });
  return isSum && operands.length === 2 && isWhole ? other : undefined;
}

/** The fewest operators in front that are one function of a value, and the function. */
export function functionBehind<T>(
  index: ModelIndex,
  members: readonly OperatorId[],
  value: TensorId,
  known: (steps: readonly KernelStep[], isInput: IsInput) => T | undefined,
): { readonly function: T; readonly count: number } | undefined {
  for (let count = 1; count <= members.length; count++) {
    const part = members.slice(0, count);
    const made = [value, ...part.slice(0, -1).flatMap((id) => resultAt(index, id) ?? [])];
    if (made.length !== count || !made.every((tensor) => isReadInside(index, tensor, part))) {
      continue;
    }
    const all = elementSteps(index, part);
    const found =
      all &&
      known(all.steps, (at, i) => {
        const step = present(all.steps[at], "step");
        const operand = step.kind === "formula" ? step.formula.operands[i] : undefined;
        return operand !== undefined && isAt(operand, value);
      });
    if (found !== undefined) {
      return { function: found, count };
    }
  }
  return undefined;
}
