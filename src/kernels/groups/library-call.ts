/** Convolutions and products with what stands behind them, in one call of cuDNN or cuBLAS. */
import { present } from "../../core/invariant.js";
import type { OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { DeviceNode, DevicePlan, ProductEpilogue } from "../device-node.js";
import type { ChannelStep, FoldedConstant } from "../folded-constant.js";
import { sizeOf } from "../language/layout.js";
import type { ModelIndex, Operand, OperatorCall } from "../operator-call.js";
import type { KnownFunction } from "./known-functions.js";
import { type CallEpilogue, callEpilogue } from "./library-epilogue.js";
import { callAt, resultAt } from "./member-steps.js";

type ConvNode = Extract<DeviceNode, { kind: "conv" }>;
type GemmNode = Extract<DeviceNode, { kind: "gemm" }>;

/** A call that computes operators behind its own, too. */
export interface ExtendedCall {
  readonly plan: DevicePlan;
  /** The operators that are computed. */
  readonly members: readonly OperatorId[];
}

/** Operators whose last launch is a call that can be extended. */
const EXTENDED: ReadonlySet<string> = new Set([
  "Conv",
  "MatMul",
  "Gemm",
  "com.microsoft:FusedMatMul",
  "com.microsoft:TransposeMatMul",
]);

/**
 * The plan of `main`, whose last call also computes as many of the operators behind it as it can.
 *
 * Constants that it reads instead of the model's are added to `index.folded`.
 */
export function extendedCall(
  index: ModelIndex,
  main: OperatorId,
  behind: readonly OperatorId[],
  plan: DevicePlan,
): ExtendedCall {
  const last = plan.nodes.at(-1);
  const isCall = EXTENDED.has(callAt(index, main).operator.type);
  const extended = !isCall
    ? undefined
    : last?.kind === "conv"
      ? extendedConvolution(index, main, behind, last)
      : last?.kind === "gemm"
        ? extendedProduct(index, main, behind, last)
        : undefined;
  if (extended === undefined) {
    return { plan, members: [] };
  }
  const nodes = [...plan.nodes.slice(0, -1), extended.node];
  return { plan: { ...plan, nodes }, members: extended.members };
}

/** A convolution's constants with the scales and shifts of channels that come first behind it. */
export interface FoldedChannels {
  /** The operators that are in the constants. */
  readonly members: readonly OperatorId[];
  readonly w: Operand;
  readonly bias: Operand | undefined;
  /** What the convolution makes then. */
  readonly result: TensorId;
  readonly resultOperand: Operand;
}

/** Puts what it can of the operators behind a convolution into its constants, which are added to `index.folded`. */
export function foldedChannels(
  index: ModelIndex,
  main: OperatorId,
  behind: readonly OperatorId[],
  w: Operand,
  bias: Operand | undefined,
): FoldedChannels {
  const op = callAt(index, main);
  const can = { axis: 1, ...abilitiesOf(w, bias), functions: new Set<KnownFunction>() };
  const found = callEpilogue(index, main, behind, can);
  const steps = found?.steps ?? [];
  const members = behind.slice(0, steps.length);
  const result = present(resultAt(index, members.at(-1) ?? main), "result");
  const constants = foldedConstants(index, op, w, bias, steps);
  const resultOperand = present(index.operandOf(result), "result");
  return { members, ...constants, result, resultOperand };
}

/** Whether scales and shifts can be put into constants. */
function abilitiesOf(w: Operand, bias: Operand | undefined) {
  const canShift = bias === undefined || constantName(bias) !== undefined;
  return { canShift, canScale: canShift && constantName(w) !== undefined };
}

/** Filters and bias with steps in them; both as they are without any. */
function foldedConstants(
  index: ModelIndex,
  op: OperatorCall,
  w: Operand,
  bias: Operand | undefined,
  steps: readonly ChannelStep[],
): { readonly w: Operand; readonly bias: Operand | undefined } {
  if (steps.length === 0) {
    return { w, bias };
  }
  const { name } = op.operator;
  const isScaled = steps.some(({ kind }) => kind !== "add" && kind !== "subtract");
  const filters: FoldedConstant = {
    storage: w.storage,
    dims: w.dims,
    what: "filters",
    of: constantName(w),
    inner: sizeOf(w.dims.slice(1)),
    steps,
  };
  return {
    w: isScaled ? { ...w, place: index.fold(`folded filters of ${name}`, filters) } : w,
    bias: biasWith(index, op, w, bias, steps),
  };
}

/** A bias with steps in it; of zeros, where there is none. */
function biasWith(
  index: ModelIndex,
  op: OperatorCall,
  w: Operand,
  bias: Operand | undefined,
  steps: readonly ChannelStep[],
): Operand {
  const dims = w.dims.slice(0, 1);
  const { storage, elementType } = w;
  const of = bias && constantName(bias);
  const made: FoldedConstant = { storage, dims, what: "bias", of, inner: 1, steps };
  const place = index.fold(`folded bias of ${op.operator.name}`, made);
  return { place, storage, elementType, dims };
}

function extendedConvolution(
  index: ModelIndex,
  main: OperatorId,
  behind: readonly OperatorId[],
  node: ConvNode,
) {
  const op = callAt(index, main);
  const [w, bias] = [op.input(1), op.optional(2)];
  if (w === undefined) {
    return undefined;
  }
  const can = { axis: 1, ...abilitiesOf(w, bias), functions: new Set<KnownFunction>(["relu"]) };
  const epilogue = callEpilogue(index, main, behind, can);
  if (epilogue === undefined || epilogue.members.length === 0) {
    return undefined;
  }
  const { steps, residual, result } = epilogue;
  const constants = foldedConstants(index, op, w, bias, steps);
  const added = constants.bias ?? biasWith(index, op, w, bias, steps);
  const extended: ConvNode = {
    ...node,
    w: { ...node.w, place: constants.w.place },
    y: { ...node.y, place: result.place },
    bias: added.place,
    ...(residual === undefined ? {} : { residual: residual.place }),
    ...(epilogue.function === undefined ? {} : { relu: true }),
  };
  return { node: extended, members: epilogue.members };
}

function constantName({ place }: Operand): string | undefined {
  return place.kind === "constant" ? place.name : undefined;
}

function extendedProduct(
  index: ModelIndex,
  main: OperatorId,
  behind: readonly OperatorId[],
  node: GemmNode,
) {
  const own = node.epilogue ?? {};
  if (node.batch !== 1 || node.beta !== 0 || own.activation !== undefined) {
    return undefined;
  }
  const functions = new Set<KnownFunction>(["relu", "gelu-by-tanh"]);
  if (index.approximatesGelu) {
    functions.add("gelu");
  }
  const canShift = own.bias === undefined && own.residual === undefined;
  const can = { axis: -1, canScale: false, canShift, functions };
  const found = callEpilogue(index, main, behind, can);
  const epilogue = found && withOneBias(index, main, behind, found);
  const isFull = own.residual !== undefined && epilogue?.residual !== undefined;
  if (epilogue === undefined || epilogue.members.length === 0 || isFull) {
    return undefined;
  }
  const { steps, residual, result } = epilogue;
  const bias = steps[0] && biasOf(index, steps[0], node.n);
  const made: ProductEpilogue = {
    ...own,
    ...(bias === undefined ? {} : { bias }),
    ...(residual === undefined ? {} : { residual: residual.place }),
    ...(epilogue.function === undefined
      ? {}
      : { activation: epilogue.function === "relu" ? "relu" : "gelu" }),
  };
  const extended: GemmNode = { ...node, c: { ...node.c, place: result.place }, epilogue: made };
  return { node: extended, members: epilogue.members };
}

/** As much of an epilogue as has one vector that is added, as it is. */
function withOneBias(
  index: ModelIndex,
  main: OperatorId,
  behind: readonly OperatorId[],
  found: CallEpilogue,
): CallEpilogue | undefined {
  const { n } = present(callAt(index, main).operator.products?.[0], "product");
  const first = found.steps.findIndex(
    (step, at) => at > 0 || step.kind !== "add" || biasOf(index, step, n) === undefined,
  );
  if (first < 0) {
    return found;
  }
  const can = {
    axis: -1,
    canScale: false,
    canShift: first > 0,
    functions: new Set<KnownFunction>(),
  };
  return callEpilogue(index, main, behind.slice(0, first), can);
}

function biasOf(index: ModelIndex, step: ChannelStep, columns: number) {
  const operand = step.kind === "normalize" ? undefined : index.operand(step.constant);
  return operand !== undefined && sizeOf(operand.dims) === columns ? operand.place : undefined;
}
