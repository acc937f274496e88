/** Convolutions with something behind that their own call has not: one graph of cuDNN computes both. */
import { present } from "../../core/invariant.js";
import type { OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { CallBehind, DeviceNode, DevicePlan, Place } from "../device-node.js";
import { isFlat } from "../language/layout.js";
import type { ModelIndex, Operand } from "../operator-call.js";
import { callFunctionOf } from "./call-functions.js";
import { functionOfSteps } from "./known-functions.js";
import { addedTensor, functionBehind, isReadInside } from "./library-epilogue.js";
import { resultAt } from "./member-steps.js";

type ConvNode = Extract<DeviceNode, { kind: "conv" }>;

/** What stands behind a call: the operators, what they are applied to, and their kernel. */
export interface LeftBehind {
  readonly value: TensorId;
  readonly members: readonly OperatorId[];
  readonly plan: DevicePlan;
}

/**
 * The call and what is left behind it as one launch: where the call is a convolution with channels last, and all that is left
 * is a function that cuDNN has, one addition of a tensor of the same size, or both in this order. `undefined` for anything
 * else.
 *
 * cuDNN has no such graphs of rows. Cost: O(members^2).
 */
export function graphCall(
  index: ModelIndex,
  call: DevicePlan,
  { value, members, plan }: LeftBehind,
): DevicePlan | undefined {
  const node = call.nodes.at(-1);
  const [kernel] = plan.nodes;
  if (node?.kind !== "conv" || kernel?.kind !== "kernel" || plan.nodes.length !== 1) {
    return undefined;
  }
  const isTurned = node.isChannelsLast === true;
  const behind = isTurned ? behindOf(index, node, value, members) : undefined;
  if (behind === undefined || !isTensor(node.y.place, value) || plan.scratchBytes.length > 0) {
    return undefined;
  }
  const whole = { ...behind, kernel: kernel.kernel, buffers: kernel.buffers };
  return { ...call, nodes: [...call.nodes.slice(0, -1), { ...node, behind: whole }] };
}

function behindOf(
  index: ModelIndex,
  { y }: ConvNode,
  value: TensorId,
  members: readonly OperatorId[],
): Omit<CallBehind, "kernel" | "buffers"> | undefined {
  const found = functionBehind(index, members, value, (steps, isInput) =>
    callFunctionOf(functionOfSteps(steps, isInput)),
  );
  const count = found?.count ?? 0;
  const last = count === 0 ? value : resultAt(index, present(members[count - 1], "member"));
  const [addition, ...others] = members.slice(count);
  if (last === undefined || members.length === 0 || others.length > 0) {
    return undefined;
  }
  const isAlone = addition !== undefined && isReadInside(index, last, [addition]);
  const added = isAlone ? addedTensor(index, addition, last) : undefined;
  const made = addition === undefined ? last : resultAt(index, addition);
  const result = made === undefined ? undefined : index.operandOf(made);
  const isWhole = addition === undefined || isLike(index, added, y.dims);
  if (!isWhole || result === undefined || !isOfDims(result, y.dims)) {
    return undefined;
  }
  const { place } = result;
  const channels = index.channelsAt(place);
  const isPart = channels !== undefined && channels !== y.dims[1];
  return channels === undefined && !isFlat(y.dims)
    ? undefined
    : {
        ...(found === undefined ? {} : { function: found.function }),
        ...(added === undefined ? {} : { residual: added.place }),
        y: { place, ...(isPart ? { channels } : {}) },
      };
}

function isTensor(place: Place, id: TensorId): boolean {
  return place.kind === "tensor" && (place.part ?? place.id) === id;
}

function isOfDims(operand: Operand, dims: readonly number[]): boolean {
  return operand.dims.join() === dims.join();
}

/** Whether a tensor is stored as the call stores a whole one of these dims. */
function isLike(index: ModelIndex, operand: Operand | undefined, dims: readonly number[]): boolean {
  return (
    operand !== undefined &&
    isOfDims(operand, dims) &&
    (index.channelsAt(operand.place) === dims[1] || isFlat(dims))
  );
}
