/** Operators that resample images and signals. */
import { elementTypeOf } from "../../ir/element-type.js";
import { printDims } from "./broadcast.js";
import { type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/**
 * Each dim times its scale, rounded down: the product in single precision, as ONNX Runtime's kernels
 * have it, so that 0.7 x 30 is 21. Source: ONNX documentation, Upsample, "scales".
 */
function scaledDims(call: NodeCall, dims: KnownDims, scales: readonly number[]) {
  if (scales.length !== dims.length || scales.some((scale) => scale <= 0)) {
    return call.refuse(`scales [${scales.join(",")}] do not fit ${printDims(dims)}`);
  }
  return dims.map((dim, i) =>
    dim === undefined ? undefined : Math.floor(Math.fround(dim * Math.fround(scales[i] ?? 1))),
  );
}

/** Scales are an attribute in version 7, an input in version 9 and in Resize-10. */
export const upsample: InferRule = (call) => {
  const dims = call.dims(0);
  const scales = call.has(1) ? call.values(1) : call.floats("scales");
  return [
    tensor(
      call.input(0).elementType,
      dims && (scales === undefined ? dims.map(() => undefined) : scaledDims(call, dims, scales)),
    ),
  ];
};

/** Whole scales as an attribute, one for each dim; without it nothing grows. */
export const blockedUpsample: InferRule = (call) => {
  const dims = call.dims(0);
  const scales = call.ints("scales") ?? dims?.map(() => 1);
  return [tensor(call.input(0).elementType, dims && scales && scaledDims(call, dims, scales))];
};

/** Inputs X, roi, scales, sizes since version 11; scales or sizes may cover some `axes` only. */
export const resize: InferRule = (call) => {
  if (call.opset < 11) {
    return upsample(call);
  }
  const type = call.input(0).elementType;
  const dims = call.dims(0);
  const axes = dims && call.axes(call.ints("axes") ?? dims.map((_, i) => i), dims.length);
  if (dims === undefined || axes === undefined) {
    return [tensor(type, undefined)];
  }
  const sizes = call.has(3) ? call.values(3) : undefined;
  const scales = call.has(2) ? call.values(2) : undefined;
  if (sizes !== undefined && sizes.length > 0) {
    return [tensor(type, resizedDims(call, dims, axes, sizes))];
  }
  if (scales === undefined || scales.length === 0) {
    return [
      tensor(
        type,
        dims.map((dim, i) => (axes.includes(i) ? undefined : dim)),
      ),
    ];
  }
  const all = new Array<number>(dims.length).fill(1);
  for (const [i, axis] of axes.entries()) {
    all[axis] = scales[i] ?? 0;
  }
  return [tensor(type, scaledDims(call, dims, all))];
};

/**
 * With an aspect ratio policy one scale serves all axes: the smallest or the largest of those
 * given.
 */
function resizedDims(
  call: NodeCall,
  dims: KnownDims,
  axes: readonly number[],
  sizes: readonly number[],
): KnownDims | undefined {
  if (sizes.length !== axes.length) {
    return call.refuse(`sizes [${sizes.join(",")}] do not fit ${printDims(dims)}`);
  }
  const policy = call.text("keep_aspect_ratio_policy") ?? "stretch";
  const scales = axes.map((axis, i) => (sizes[i] ?? 0) / (dims[axis] ?? Number.NaN));
  const scale = policy === "not_larger" ? Math.min(...scales) : Math.max(...scales);
  return dims.map((dim, i) => {
    const position = axes.indexOf(i);
    if (position < 0) {
      return dim;
    }
    if (policy === "stretch") {
      return sizes[position];
    }
    return Number.isNaN(scale) || dim === undefined ? undefined : Math.round(scale * dim);
  });
}

/** X [N, C, spatial...], grid [N, spatial of the output..., coordinates]. */
export const gridSample: InferRule = (call) => {
  const [x, grid] = [call.dims(0), call.dims(1)];
  return [tensor(call.input(0).elementType, x && grid && [x[0], x[1], ...grid.slice(1, -1)])];
};

/** Sizes [N, C, spatial...] give a grid [N, spatial..., coordinates]. */
export const affineGrid: InferRule = (call) => {
  const size = call.values(1);
  return [tensor(call.input(0).elementType, size && [size[0], ...size.slice(2), size.length - 2])];
};

/** The transform of `axis`; one-sided keeps half of the frequencies, and the last dim is complex. */
export const dft: InferRule = (call) => {
  const dims = call.dims(0);
  const axisValue =
    call.opset >= 20 ? (call.has(2) ? call.values(2)?.[0] : -2) : (call.int("axis") ?? 1);
  const axis = dims && axisValue !== undefined ? call.axis(axisValue, dims.length) : undefined;
  if (dims === undefined || axis === undefined) {
    return [tensor(call.input(0).elementType, undefined)];
  }
  const isHalf = call.int("onesided") === 1;
  const isInverse = call.int("inverse") === 1;
  // Half of the frequencies, the first and the last of which stand once, give back an even length.
  const whole = isHalf && isInverse ? doubled(dims[axis]) : dims[axis];
  const length = call.has(1) ? call.values(1)?.[0] : whole;
  const kept = length === undefined || !isHalf || isInverse ? length : Math.floor(length / 2) + 1;
  const last = isHalf && isInverse ? 1 : 2;
  return [
    tensor(
      call.input(0).elementType,
      dims.map((dim, i) => (i === axis ? kept : i === dims.length - 1 ? last : dim)),
    ),
  ];
};

function doubled(frequencies: number | undefined): number | undefined {
  return frequencies === undefined ? undefined : 2 * (frequencies - 1);
}

/** Real numbers to pairs, the last of `signal_ndim` dims to its first half where `onesided`. */
export const rfft: InferRule = (call) => {
  const dims = call.dims(0);
  const n = dims?.at(-1);
  const kept = n === undefined || call.int("onesided") === 0 ? n : Math.floor(n / 2) + 1;
  return [tensor(call.input(0).elementType, dims && [...dims.slice(0, -1), kept, 2])];
};

/** Pairs back to real numbers, of an even length where `onesided`. */
export const irfft: InferRule = (call) => {
  const dims = call.dims(0);
  const half = dims?.at(-2);
  const n = call.int("onesided") === 0 ? half : doubled(half);
  return [tensor(call.input(0).elementType, dims && [...dims.slice(0, -2), n])];
};

/** Signal [batch, length, 1 or 2] to [batch, frames, frequencies, 2]. */
export const stft: InferRule = (call) => {
  const signal = call.dims(0);
  const step = call.values(1)?.[0];
  const frame = call.has(3) ? call.values(3)?.[0] : call.dims(2)?.[0];
  const length = signal?.[1];
  const frames =
    length === undefined || step === undefined || frame === undefined
      ? undefined
      : Math.floor((length - frame) / step) + 1;
  const bins =
    frame === undefined
      ? undefined
      : call.int("onesided") === 0
        ? frame
        : Math.floor(frame / 2) + 1;
  return [tensor(call.input(0).elementType, signal && [signal[0], frames, bins, 2])];
};

/** Inputs: mel bins, DFT length, sample rate, lower and upper edge. */
export const melWeightMatrix: InferRule = (call) => {
  const [bins, length] = [call.values(0)?.[0], call.values(1)?.[0]];
  return [
    tensor(elementTypeOf(call.int("output_datatype") ?? 1), [
      length === undefined ? undefined : Math.floor(length / 2) + 1,
      bins,
    ]),
  ];
};
