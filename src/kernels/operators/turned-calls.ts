/** Calls of convolutions with channels last in memory, and the copies at the border to tensors that are rows. */
import { present } from "../../core/invariant.js";
import type { Operator } from "../../ir/operator-graph.js";
import type { DeviceNode, DevicePlan, Place } from "../device-node.js";
import { STORAGE_BYTES } from "../language/expression.js";
import { channelsLast, channelsLastOrder, isFlat, rowMajor, sizeOf } from "../language/layout.js";
import type { ModelIndex, Operand } from "../operator-call.js";
import { layoutCopy } from "./affine-copy.js";

type ConvNode = Extract<DeviceNode, { kind: "conv" }>;

/**
 * The plan of a convolution, whose call has channels last where the model's layout is so.
 *
 * Copies of what is stored in rows stand before and behind the call, and of channels of a larger tensor before it. Filters that are constants are turned when they are
 * brought to the device.
 */
export function turnedCalls(index: ModelIndex, operator: Operator, plan: DevicePlan): DevicePlan {
  const [result = -1] = operator.outputs;
  const rank = present(index.lowered.graph.tensors[result], "result").dims.length;
  const isPlain = operator.type === "Conv" && index.lowered.merged?.has(operator.id) !== true;
  if (index.layout === "rows" || !isPlain || rank !== 4) {
    return plan;
  }
  const scratchBytes = [...plan.scratchBytes];
  const nodes = plan.nodes.flatMap((node) =>
    node.kind === "conv" ? turnedCall(index, node, scratchBytes) : [node],
  );
  return { nodes, scratchBytes };
}

function turnedCall(
  index: ModelIndex,
  node: ConvNode,
  scratchBytes: number[],
): readonly DeviceNode[] {
  const { type, x, w, y, residual } = node;
  const before: DeviceNode[] = [];
  const behind: DeviceNode[] = [];
  const scratch = (dims: readonly number[]): Place => {
    const bytes = sizeOf(dims) * STORAGE_BYTES[type];
    return { kind: "scratch", index: scratchBytes.push(bytes) - 1 };
  };
  const isTurned = (place: Place, dims: readonly number[]) =>
    index.channelsAt(place) === dims[1] || isFlat(dims);
  const turned = (place: Place, dims: readonly number[]): Place => {
    if (isTurned(place, dims)) {
      return place;
    }
    const to = scratch(dims);
    const channels = index.channelsAt(place);
    const own =
      channels === undefined ? rowMajor(dims) : channelsLast(withChannels(dims, channels));
    before.push(...copied({ place, dims, type }, own, to, channelsLast(dims)));
    return to;
  };
  const filters = index.reordered(operandAt(w.place, w.dims, type), channelsLastOrder(4));
  const isDirect = index.channelsAt(y.place) !== undefined || isFlat(y.dims);
  const to = isDirect ? y.place : scratch(y.dims);
  if (!isDirect) {
    const made = { place: to, dims: y.dims, type };
    behind.push(...copied(made, channelsLast(y.dims), y.place, rowMajor(y.dims)));
  }
  const channels = index.channelsAt(to);
  const isPart = channels !== undefined && channels !== y.dims[1];
  const call: ConvNode = {
    ...node,
    x: { place: x.isChannelsLast === true ? x.place : turned(x.place, x.dims), dims: x.dims },
    w: { place: filters?.place ?? turned(w.place, w.dims), dims: w.dims },
    y: { place: to, dims: y.dims, ...(isPart ? { channels } : {}) },
    ...(residual === undefined ? {} : { residual: turned(residual, y.dims) }),
    isChannelsLast: true,
  };
  return [...before, call, ...behind];
}

/** The dims of the tensor that some channels are part of. */
function withChannels([batch = 1, , ...places]: readonly number[], channels: number) {
  return [batch, channels, ...places];
}

/** Copies all of a tensor into another order. */
function copied(
  from: { readonly place: Place; readonly dims: readonly number[]; readonly type: "f32" | "f16" },
  own: readonly number[],
  to: Place,
  strides: readonly number[],
): readonly DeviceNode[] {
  const { place, dims, type } = from;
  return layoutCopy(
    "layout",
    dims,
    { operand: operandAt(place, dims, type), layout: { offset: 0, strides: own } },
    { operand: operandAt(to, dims, type), layout: { offset: 0, strides } },
  );
}

function operandAt(place: Place, dims: readonly number[], storage: "f32" | "f16"): Operand {
  return { place, dims, storage, elementType: storage === "f32" ? "float32" : "float16" };
}
