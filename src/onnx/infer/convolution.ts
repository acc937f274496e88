/** Convolutions, plain, transposed, deformable, integer and quantized. */
import { productOf } from "../../core/product.js";
import type { ElementType } from "../../ir/element-type.js";
import { printDims } from "./broadcast.js";
import { asStored, channelsFirst } from "./channel-order.js";
import { sameType } from "./elementwise.js";
import { type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";
import { readWindow, slidingSizes } from "./window.js";

/**
 * Output dims of a convolution of input `x` with weights `w` ([M, C / group, kernel...]).
 * Refuses other channel counts, ranks, groups and windows that do not fit.
 */
function convolutionDims(
  call: NodeCall,
  x: KnownDims | undefined,
  w: KnownDims | undefined,
): KnownDims | undefined {
  if (x === undefined || w === undefined) {
    return undefined;
  }
  if (x.length < 3 || x.length !== w.length) {
    return call.refuse(`input ${printDims(x)} and weights ${printDims(w)} do not fit together`);
  }
  const group = call.int("group") ?? 1;
  const [channels, perGroup, filters] = [x[1], w[1], w[0]];
  if (channels !== undefined && perGroup !== undefined && channels !== perGroup * group) {
    return call.refuse(
      `the input has ${channels} channels, the weights take ${perGroup} in each of ${group} group(s)`,
    );
  }
  if (group < 1 || (filters !== undefined && filters % group !== 0)) {
    return call.refuse(`${filters} filters cannot be split into ${group} groups`);
  }
  const kernel = call.ints("kernel_shape") ?? w.slice(2);
  if (kernel.some((size, i) => w[i + 2] !== undefined && size !== w[i + 2])) {
    return call.refuse(
      `kernel_shape ${printDims(kernel)} is not that of the weights ${printDims(w)}`,
    );
  }
  const window = readWindow(call, x.length - 2, kernel);
  return window && [x[0], w[0], ...slidingSizes(call, x.slice(2), { ...window, ceil: false })];
}

/** Output types of `Conv`. */
export const conv: InferRule = (call) => {
  const type = sameType(call, [call.input(0).elementType, call.input(1).elementType]);
  return [tensor(type, convolutionDims(call, call.dims(0), call.dims(1)))];
};

/** Output types of `ConvInteger`. */
export const convInteger: InferRule = (call) => [
  tensor("int32", convolutionDims(call, call.dims(0), call.dims(1))),
];

/** Inputs x, its scale and zero point, w with the same, y's scale and zero point, bias. */
export const qLinearConv: InferRule = (call) => {
  const type: ElementType | undefined = call.input(7).elementType ?? call.input(0).elementType;
  const dims = convolutionDims(call, channelsFirst(call, call.dims(0)), call.dims(3));
  return [tensor(type, asStored(call, dims))];
};

/** Weights [C, M / group, kernel...]; sizes grow by the stride. */
export const convTranspose: InferRule = (call) => {
  const x = call.dims(0);
  const w = call.dims(1);
  const type = sameType(call, [call.input(0).elementType, call.input(1).elementType]);
  if (x === undefined || w === undefined) {
    return [tensor(type, undefined)];
  }
  if (x.length < 3 || x.length !== w.length || (isKnown(x[1], w[0]) && x[1] !== w[0])) {
    call.refuse(`input ${printDims(x)} and weights ${printDims(w)} do not fit together`);
    return [];
  }
  const filters = w[1] === undefined ? undefined : w[1] * (call.int("group") ?? 1);
  const spatial = transposedSizes(call, x.slice(2), call.ints("kernel_shape") ?? w.slice(2));
  return [tensor(type, spatial && [x[0], filters, ...spatial])];
};

function isKnown(...dims: readonly (number | undefined)[]): boolean {
  return dims.every((dim) => dim !== undefined);
}

function transposedSizes(call: NodeCall, spatial: KnownDims, kernel: KnownDims) {
  const given = call.ints("output_shape");
  if (given !== undefined && given.length >= spatial.length) {
    return given.slice(given.length - spatial.length);
  }
  const window = readWindow(call, spatial.length, kernel);
  const extra = call.ints("output_padding") ?? [];
  return (
    window &&
    spatial.map((size, i) => {
      const kernelSize = window.kernel[i];
      if (size === undefined || kernelSize === undefined) {
        return undefined;
      }
      const stride = window.strides[i] ?? 1;
      if (window.autoPad === "SAME") {
        return size * stride;
      }
      const pads =
        window.autoPad === "VALID"
          ? 0
          : (window.pads[i] ?? 0) + (window.pads[i + spatial.length] ?? 0);
      const extent = (kernelSize - 1) * (window.dilations[i] ?? 1) + 1;
      const result = stride * (size - 1) + (extra[i] ?? 0) + extent - pads;
      return result > 0 ? result : call.refuse(`spatial dim ${i} would have size ${result}`);
    })
  );
}

/** Columns [N, C x block, L] put back into an image of sizes `image_shape`. */
export const col2Im: InferRule = (call) => {
  const dims = call.dims(0);
  const image = call.values(1);
  const block = call.values(2);
  if (dims?.length !== 3 || image === undefined || block === undefined) {
    return [tensor(call.input(0).elementType, undefined)];
  }
  const blockSize = productOf(block);
  const channels = dims[1] === undefined ? undefined : dims[1] / blockSize;
  if (channels !== undefined && !Number.isInteger(channels)) {
    call.refuse(`${dims[1]} columns are not a multiple of the block size ${blockSize}`);
  }
  return [tensor(call.input(0).elementType, [dims[0], channels, ...image])];
};
