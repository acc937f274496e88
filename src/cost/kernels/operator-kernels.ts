/**
 * The kernels that a GPU runs for each operator, estimated from shapes alone.
 *
 * Families: matrix products (convolutions, MatMul, Gemm) run as tiles; depthwise convolutions and
 * everything elementwise stream over their results, four to a thread; reductions give a thread
 * block to each row; recurrent operators are one product over all steps and then, per step, a
 * small product and the gates, which no schedule can overlap.
 *
 * Left out: fusion (every operator launches), layout changes around convolutions, library choices.
 */

import { productOf } from "../../core/product.js";
import type { ProductShape, RecurrenceShape } from "../../ir/operator-form.js";
import type { Operator } from "../../ir/operator-graph.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { mergedKernels } from "./merged-kernels.js";
import { type MathMode, productKernels, trafficOf } from "./product-kernels.js";
import { ELEMENTWISE_SHAPE, streamKernel } from "./stream-kernel.js";
import { matrixKernels } from "./tile.js";

/** Whether the operator can be part of a CUDA graph: what control flow runs depends on data. */
export function isCapturable(operator: Operator): boolean {
  return operator.form !== "control";
}

/** The kernels of one operator, in launch order: at least one. */
export function kernelsOf(
  operator: Operator,
  lowered: LoweredModel,
  device: DeviceModel,
  math: MathMode,
): readonly Kernel[] {
  const merged = lowered.merged?.get(operator.id);
  if (merged !== undefined) {
    const [input] = operator.inputs;
    const type = lowered.graph.tensors[input ?? -1]?.elementType ?? "float32";
    return mergedKernels(merged, type, device, math);
  }
  const { form, products, recurrence } = operator;
  if (recurrence !== undefined) {
    return recurrent(operator, recurrence, { device, math });
  }
  if (products !== undefined && !products.some(isDepthwise)) {
    const elementType = lowered.graph.tensors[operator.inputs[0] ?? -1]?.elementType ?? "float32";
    const elements = products.map(elementsMoved);
    const all = elements.reduce((sum, count) => sum + count, 0);
    return products.flatMap((shape, i) => {
      const share = all === 0 ? 0 : (elements[i] ?? 0) / all;
      const bytes = trafficOf(operator.work) * share;
      return productKernels(shape, bytes, { elementType, device, math });
    });
  }
  return [
    form === "rows" ? rows(operator, lowered, device) : elementwise(operator, lowered, device),
  ];
}

/** Elements of both factors and the result: a product's share of what its operator moves. */
function elementsMoved({ batch, m, n, k }: ProductShape): number {
  return batch * (m * k + k * n + m * n);
}

/** One or two channels a group: no tile has anything to reuse. */
function isDepthwise(shape: ProductShape): boolean {
  return shape.batch > 1 && shape.n <= 2;
}

function elementwise(operator: Operator, lowered: LoweredModel, device: DeviceModel): Kernel {
  return streamKernel(
    {
      ...ELEMENTWISE_SHAPE,
      items: resultsOf(operator, lowered),
      flops: operator.work.flops,
      bytes: trafficOf(operator.work),
    },
    device,
  );
}

/** A row per thread block; a few long rows are still as many blocks as there are rows. */
function rows(operator: Operator, lowered: LoweredModel, device: DeviceModel): Kernel {
  const results = resultsOf(operator, lowered);
  const input = operator.inputs[0];
  const read = input === undefined ? results : elementsOf(lowered.graph.tensors[input]?.dims);
  const inner = lowered.graph.tensors[input ?? 0]?.dims.at(-1) ?? 1;
  const count = results < read ? results : Math.max(1, Math.round(results / Math.max(1, inner)));
  return streamKernel(
    {
      items: count,
      itemsPerBlock: read / Math.max(1, count) < 256 ? 8 : 1,
      threadsPerBlock: 256,
      registersPerThread: 40,
      sharedBytesPerBlock: 1024,
      flops: operator.work.flops,
      bytes: trafficOf(operator.work),
    },
    device,
  );
}

function recurrent(
  operator: Operator,
  { directions, steps, batch, width, hidden, gates }: RecurrenceShape,
  { device, math }: { readonly device: DeviceModel; readonly math: MathMode },
): readonly Kernel[] {
  const arithmetic = math === "tf32" ? "tensorFloat32" : "float32";
  const traffic = trafficOf(operator.work);
  const ahead = matrixKernels(
    {
      batch: directions,
      m: steps * batch,
      n: gates * hidden,
      k: width,
      bytes: traffic / 2,
      elementBytes: 4,
      arithmetic,
    },
    device,
  );
  const step = matrixKernels(
    {
      batch: directions,
      m: batch,
      n: gates * hidden,
      k: hidden,
      bytes: directions * gates * hidden * hidden * 4,
      elementBytes: 4,
      arithmetic,
    },
    device,
  );
  const first = step[0];
  if (first === undefined) {
    return ahead;
  }
  const stepNs = step.reduce((sum, kernel) => sum + kernel.durationNs, 0) + device.kernelFloorNs;
  const gapNs = device.launchGapNs * (step.length + 1);
  return [
    ...ahead,
    { ...first, flops: first.flops * steps, durationNs: Math.round(steps * (stepNs + gapNs)) },
  ];
}

function resultsOf(operator: Operator, lowered: LoweredModel): number {
  const counts = operator.outputs.map((id) => elementsOf(lowered.graph.tensors[id]?.dims));
  return Math.max(1, ...counts);
}

function elementsOf(dims: readonly number[] | undefined): number {
  return productOf(dims ?? []);
}
