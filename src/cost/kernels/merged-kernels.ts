import { productOf } from "../../core/product.js";
import { elementBits } from "../../ir/element-type.js";
import type { MergedConvolution, MergedOperator } from "../../onnx/merged-operator.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import type { ProductContext } from "./arithmetic.js";
import { convolutionKernels } from "./convolution-kernels.js";
import { trafficOf } from "./product-kernels.js";
import { ELEMENTWISE_SHAPE, streamKernel } from "./stream-kernel.js";

/**
 * The kernels of operators that are computed together: one convolution with the stacked filters, zeros
 * included, or one pass over all elements. Results that are no neighbors in memory are copied out
 * by a kernel for each part.
 */
export function mergedKernels(merged: MergedOperator, context: ProductContext): readonly Kernel[] {
  const { work } = merged;
  return merged.kind === "elementwise"
    ? [stream(merged.elements, work.flops, trafficOf(work), context.device)]
    : mergedConvolution(merged, context);
}

function mergedConvolution(
  { parts, isJoint, work, window, weightDims, outputDims }: MergedConvolution,
  context: ProductContext,
): readonly Kernel[] {
  const [channels = 1, ...taps] = weightDims;
  const [images = 1, , ...positions] = outputDims;
  const copies = isJoint ? [] : parts.map(({ elements }) => elements);
  const elementBytes = elementBits(context.elementType) / 8;
  const copied = copies.map((elements) => 2 * elements * elementBytes);
  const { kernel, strides, dilations } = window;
  const shape = {
    batch: 1,
    m: productOf(outputDims) / channels,
    n: channels,
    k: productOf(taps),
    convolution: { images, positions, kernel, strides, dilations },
  };
  const all = trafficOf(work) - copied.reduce((sum, each) => sum + each, 0);
  const output = productOf(outputDims) * elementBytes;
  const input = Math.max(0, all - output - work.parameterBytes);
  return [
    ...convolutionKernels(shape, { all, input, output }, context),
    ...copies.map((elements, at) => stream(elements, 0, copied[at] ?? 0, context.device)),
  ];
}

function stream(items: number, flops: number, bytes: number, device: DeviceModel): Kernel {
  return streamKernel({ ...ELEMENTWISE_SHAPE, items, flops, bytes }, device);
}
