/**
 * The kernels that a GPU runs for each operator, estimated from shapes alone.
 *
 * Families: matrix products (MatMul, Gemm) and convolutions run as tiles; attention is one kernel;
 * depthwise convolutions, pools and everything elementwise stream over their results, four to a thread;
 * reductions give a thread block to each row; recurrent operators are one product over all steps and then,
 * per step, a small one, which no schedule can overlap.
 *
 * Operators that one launch computes together: `group-kernels.ts`.
 */
import { invariant } from "../../core/invariant.js";
import type { ElementType } from "../../ir/element-type.js";
import type { ProductShape } from "../../ir/operator-form.js";
import type { Operator } from "../../ir/operator-graph.js";
import { groupOf, isComputedElsewhere } from "../../onnx/kernel-groups.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import type { MathMode, ProductContext } from "./arithmetic.js";
import { attentionKernels } from "./attention-kernels.js";
import { type Convolution, isConvolution, isDepthwise } from "./convolution.js";
import { convolutionKernels } from "./convolution-kernels.js";
import { groupKernels } from "./group-kernels.js";
import { mergedKernels } from "./merged-kernels.js";
import { neighborhoodEfficiency } from "./neighborhood.js";
import { productKernels, trafficOf } from "./product-kernels.js";
import { recurrentKernels } from "./recurrent-kernels.js";
import { resultsOf, rowKernel } from "./row-kernels.js";
import { ELEMENTWISE_SHAPE, streamKernel } from "./stream-kernel.js";

/** Whether the operator can be part of a CUDA graph: what control flow runs depends on data. */
export function isCapturable(operator: Operator): boolean {
  return operator.form !== "control";
}

/**
 * The kernels that a launch of one operator stands for, in launch order: its own, those of its group if it
 * is the last of one, and none if another operator's launch computes it.
 */
export function kernelsOf(
  operator: Operator,
  lowered: LoweredModel,
  device: DeviceModel,
  math: MathMode,
): readonly Kernel[] {
  const { fused } = lowered;
  if (isComputedElsewhere(fused, operator.id)) {
    return [];
  }
  const group = groupOf(fused, operator.id);
  if (group === undefined) {
    return ownKernels(operator, lowered, { device, math });
  }
  const main = lowered.graph.operators[group.main] ?? operator;
  const context = { elementType: typeRead(main, lowered), device, math };
  return groupKernels(group, lowered, context, (own) => ownKernels(own, lowered, context));
}

function typeRead({ inputs }: Operator, { graph }: LoweredModel): ElementType {
  return graph.tensors[inputs[0] ?? -1]?.elementType ?? "float32";
}

/** The kernels of one operator by itself: at least one. */
function ownKernels(
  operator: Operator,
  lowered: LoweredModel,
  { device, math }: Pick<ProductContext, "device" | "math">,
): readonly Kernel[] {
  const { form, products, recurrence, work } = operator;
  const context = { elementType: typeRead(operator, lowered), device, math };
  const merged = lowered.merged?.get(operator.id);
  if (merged !== undefined) {
    return mergedKernels(merged, context);
  }
  if (recurrence !== undefined) {
    return recurrentKernels(recurrence, trafficOf(work), { ...context, elementType: "float32" });
  }
  if (products !== undefined && !products.some(isDepthwise)) {
    return multiplied(operator, products, lowered, context);
  }
  return [
    form === "rows"
      ? rowKernel(operator, lowered.graph, device)
      : elementwise(operator, lowered, device),
  ];
}

function multiplied(
  operator: Operator,
  products: readonly ProductShape[],
  lowered: LoweredModel,
  context: ProductContext,
): readonly Kernel[] {
  const [first] = products;
  const bytes = trafficOf(operator.work);
  if (products.length === 1 && isConvolution(first)) {
    return convolved(operator, first, lowered, context);
  }
  if (/Attention$/.test(operator.type)) {
    return attended(products, bytes, context);
  }
  const elements = products.map(elementsMoved);
  const all = elements.reduce((sum, count) => sum + count, 0);
  return products.flatMap((shape, i) => {
    const share = all === 0 ? 0 : (elements[i] ?? 0) / all;
    return productKernels(shape, bytes * share, context);
  });
}

/** Elements of both factors and the result: a product's share of what its operator moves. */
function elementsMoved({ batch, m, n, k }: ProductShape): number {
  return batch * (m * k + k * n + m * n);
}

function convolved(
  { inputs, outputs, work }: Operator,
  shape: Convolution,
  { graph }: LoweredModel,
  context: ProductContext,
): readonly Kernel[] {
  const input = graph.tensors[inputs[0] ?? -1]?.bytes ?? 0;
  const output = graph.tensors[outputs[0] ?? -1]?.bytes ?? 0;
  return convolutionKernels(shape, { all: trafficOf(work), input, output }, context);
}

/** The projection, if there is one, then the products of all heads as one kernel. */
function attended(
  products: readonly ProductShape[],
  bytes: number,
  context: ProductContext,
): readonly Kernel[] {
  const [scores, values] = products.slice(-2);
  invariant(scores !== undefined && values !== undefined, "attention has two products");
  const projections = products.slice(0, -2);
  const elements = projections.map(elementsMoved);
  const attendedElements =
    scores.batch * (scores.m * scores.k + scores.n * (scores.k + values.n) + values.m * values.n);
  const all = elements.reduce((sum, count) => sum + count, attendedElements);
  return [
    ...projections.flatMap((shape, i) =>
      productKernels(shape, (bytes * (elements[i] ?? 0)) / all, context),
    ),
    ...attentionKernels({ scores, values }, (bytes * attendedElements) / all, context),
  ];
}

function elementwise(operator: Operator, lowered: LoweredModel, device: DeviceModel): Kernel {
  const efficiency = neighborhoodEfficiency(operator, device);
  return streamKernel(
    {
      ...ELEMENTWISE_SHAPE,
      items: resultsOf(operator, lowered.graph),
      flops: operator.work.flops,
      bytes: trafficOf(operator.work),
      ...(efficiency === undefined ? {} : { efficiency }),
    },
    device,
  );
}
