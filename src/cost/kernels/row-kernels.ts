import { productOf } from "../../core/product.js";
import type { Operator, OperatorGraph, TensorId } from "../../ir/operator-graph.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { trafficOf } from "./product-kernels.js";
import { streamKernel } from "./stream-kernel.js";

/**
 * How often such kernels go over their data, as a factor of its bytes: normalizations read their input for
 * the moments and again. Chosen on a V100 (PyTorch).
 */
const NORMALIZATION_PASSES = 1.45;
const SOFTMAX_PASSES = 1.32;

/**
 * A row per thread block; a few long rows are still as many blocks as there are rows. `passes`: how often
 * the kernel goes over its data; absent: as often as the operator does.
 */
export function rowKernel(
  operator: Operator,
  graph: OperatorGraph,
  device: DeviceModel,
  passes: number = passesOf(operator.type),
): Kernel {
  const results = resultsOf(operator, graph);
  const input = operator.inputs[0];
  const dims = input === undefined ? undefined : graph.tensors[input]?.dims;
  const read = dims === undefined ? results : productOf(dims);
  const inner = dims?.at(-1) ?? 1;
  const count = results < read ? results : Math.max(1, Math.round(results / Math.max(1, inner)));
  return streamKernel(
    {
      items: count,
      itemsPerBlock: read / Math.max(1, count) < 256 ? 8 : 1,
      threadsPerBlock: 256,
      registersPerThread: 40,
      sharedBytesPerBlock: 1024,
      flops: operator.work.flops,
      bytes: trafficOf(operator.work) * passes,
    },
    device,
  );
}

/** How often an operator of a type goes over its data. */
export function passesOf(type: string): number {
  if (/softmax$/i.test(type)) {
    return SOFTMAX_PASSES;
  }
  return /Norm(alization)?$/.test(type) ? NORMALIZATION_PASSES : 1;
}

/** Elements of the largest output, at least 1. */
export function resultsOf({ outputs }: Operator, { tensors }: OperatorGraph): number {
  return Math.max(1, ...outputs.map((id: TensorId) => productOf(tensors[id]?.dims ?? [])));
}
