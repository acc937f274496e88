import { productOf } from "../../core/product.js";
import { type ElementType, elementBits } from "../../ir/element-type.js";
import type { MergedOperator } from "../../onnx/merged-operator.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { type MathMode, productKernels, trafficOf } from "./product-kernels.js";
import { ELEMENTWISE_SHAPE, streamKernel } from "./stream-kernel.js";

/**
 * The kernels of operators that are computed together: one product over the stacked filters, zeros
 * included, or one pass over all elements. Results that are no neighbours in memory are copied out
 * by a kernel for each part.
 */
export function mergedKernels(
  merged: MergedOperator,
  elementType: ElementType,
  device: DeviceModel,
  math: MathMode,
): readonly Kernel[] {
  const { work } = merged;
  const stream = (items: number, flops: number, bytes: number): Kernel =>
    streamKernel({ ...ELEMENTWISE_SHAPE, items, flops, bytes }, device);
  if (merged.kind === "elementwise") {
    return [stream(merged.elements, work.flops, trafficOf(work))];
  }
  const [channels = 1, ...taps] = merged.weightDims;
  const copies = merged.isJoint ? [] : merged.parts.map(({ elements }) => elements);
  const elementBytes = elementBits(elementType) / 8;
  const copied = copies.map((elements) => 2 * elements * elementBytes);
  const shape = {
    batch: 1,
    m: productOf(merged.outputDims) / channels,
    n: channels,
    k: productOf(taps),
  };
  const bytes = trafficOf(work) - copied.reduce((sum, each) => sum + each, 0);
  return [
    ...productKernels(shape, bytes, { elementType, device, math }),
    ...copies.map((elements, at) => stream(elements, 0, copied[at] ?? 0)),
  ];
}
