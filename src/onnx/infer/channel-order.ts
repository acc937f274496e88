/** Operators of ONNX Runtime whose `channels_last` says that tensors are stored as [N, spatial..., C]. */
import type { KnownDims } from "./fact.js";
import type { NodeCall } from "./node-call.js";

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
  return call.int("channels_last") === 1;
}
