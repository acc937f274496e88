/** Pools: windows that slide over the spatial dims of [N, C, spatial...]. */
import { printDims } from "./broadcast.js";
import { asStored, channelsFirst } from "./channel-order.js";
import { type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";
import { readWindow, slidingSizes } from "./window.js";

function pooledDims(call: NodeCall): KnownDims | undefined {
  const dims = channelsFirst(call, call.dims(0));
  const kernel = call.ints("kernel_shape");
  if (dims === undefined) {
    return undefined;
  }
  if (kernel === undefined || dims.length !== kernel.length + 2) {
    return call.refuse(
      `kernel_shape [${kernel ?? "missing"}] does not fit input ${printDims(dims)}`,
    );
  }
  const window = readWindow(call, kernel.length, kernel);
  const pooled = window && [dims[0], dims[1], ...slidingSizes(call, dims.slice(2), window)];
  return asStored(call, pooled);
}

/** The second output holds the indices of the maxima. */
export const pool: InferRule = (call) => {
  const dims = pooledDims(call);
  return [tensor(call.input(0).elementType, dims), tensor("int64", dims)];
};

/** Output types of `GlobalAveragePool`. */
export const globalPool: InferRule = (call) => {
  const dims = call.dims(0);
  if (dims !== undefined && dims.length < 3) {
    call.refuse(`input ${printDims(dims)} has no spatial dims`);
  }
  return [
    tensor(
      call.input(0).elementType,
      dims?.map((dim, i) => (i < 2 ? dim : 1)),
    ),
  ];
};

/** Output types of `MaxUnpool`. */
export const maxUnpool: InferRule = (call) => {
  const type = call.input(0).elementType;
  const dims = call.dims(0);
  const kernel = call.ints("kernel_shape");
  if (call.has(2)) {
    return [tensor(type, call.values(2))];
  }
  if (dims === undefined || kernel === undefined || dims.length !== kernel.length + 2) {
    return [tensor(type, undefined)];
  }
  const strides = call.ints("strides") ?? [];
  const pads = call.ints("pads") ?? [];
  const spatial = dims.slice(2).map((size, i) => {
    const pad = (pads[i] ?? 0) + (pads[i + kernel.length] ?? 0);
    return size === undefined ? undefined : (size - 1) * (strides[i] ?? 1) + (kernel[i] ?? 1) - pad;
  });
  return [tensor(type, [dims[0], dims[1], ...spatial])];
};

/** One pooled window per region. */
export const maxRoiPool: InferRule = (call) => {
  const shape = call.ints("pooled_shape");
  return [
    tensor(
      call.input(0).elementType,
      shape && call.dims(0) && [call.dims(1)?.[0], call.dims(0)?.[1], ...shape],
    ),
  ];
};

/** Output types of `RoiAlign`. */
export const roiAlign: InferRule = (call) => [
  tensor(
    call.input(0).elementType,
    call.dims(0) && [
      call.dims(1)?.[0],
      call.dims(0)?.[1],
      call.int("output_height") ?? 1,
      call.int("output_width") ?? 1,
    ],
  ),
];

/** A quantized pool whose layout may have the channels last. */
export const qLinearGlobalAveragePool: InferRule = (call) => {
  const pooled = channelsFirst(call, call.dims(0))?.map((dim, i) => (i < 2 ? dim : 1));
  return [tensor(call.input(0).elementType, asStored(call, pooled))];
};
