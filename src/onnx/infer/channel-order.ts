/** Operators of ONNX Runtime whose type, or `channels_last`, says that tensors are stored as [N, spatial..., C]. */
import { type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/** Channels of a block of ONNX Runtime on any processor divide this number. */
const MOST_BLOCKED = 16;

/** To blocks of channels: as many channels as before where they are whole blocks on any processor. */
export const reorderInput: InferRule = (call) => {
  const dims = channelsFirst(call, call.dims(0));
  const isWhole = dims?.[1] !== undefined && dims[1] % MOST_BLOCKED === 0;
  return [tensor(call.input(0).elementType, isWhole ? dims : withChannels(dims, undefined))];
};

/** From blocks of channels: `channels` of them. */
export const reorderOutput: InferRule = (call) => {
  const dims = withChannels(call.dims(0), call.int("channels"));
  return [tensor(call.input(0).elementType, asStored(call, dims))];
};

function withChannels(
  dims: KnownDims | undefined,
  channels: number | undefined,
): KnownDims | undefined {
  return dims?.map((dim, i) => (i === 1 ? channels : dim));
}

/** Stored dims as [N, C, spatial...], the order that rules use. */
export function channelsFirst(call: NodeCall, dims: KnownDims | undefined): KnownDims | undefined {
  return dims === undefined || !areChannelsLast(call) || dims.length < 3
    ? dims
    : [dims[0], dims.at(-1), ...dims.slice(1, -1)];
}

/** Dims [N, C, spatial...] as the node stores them. */
export function asStored(call: NodeCall, dims: KnownDims | undefined): KnownDims | undefined {
  return dims === undefined || !areChannelsLast(call) || dims.length < 3
    ? dims
    : [dims[0], ...dims.slice(2), dims[1]];
}

function areChannelsLast(call: NodeCall): boolean {
  return call.int("channels_last") === 1 || call.node.opType === "NhwcMaxPool";
}
