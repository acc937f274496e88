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
import type { Operator } from "../../ir/operator-graph.js";
import { REDUCE_TYPES } from "../../onnx/infer/reduction.js";
import type { LoweredModel, TensorType } from "../../onnx/lowered-model.js";
import type { OnnxNode } from "../../onnx/model.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { type MatrixShape, matrixShapeOf } from "./matrix-shape.js";
import { mergedKernels } from "./merged-kernels.js";
import { type MathMode, productKernels, trafficOf } from "./product-kernels.js";
import { ELEMENTWISE_SHAPE, streamKernel } from "./stream-kernel.js";
import { matrixKernels } from "./tile.js";

const REDUCTIONS: ReadonlySet<string> = new Set([
  "ArgMax",
  "ArgMin",
  "CumSum",
  "GlobalAveragePool",
  "GlobalMaxPool",
  "GroupNormalization",
  "InstanceNormalization",
  "LayerNormalization",
  "LogSoftmax",
  "MeanVarianceNormalization",
  ...REDUCE_TYPES,
  "RMSNormalization",
  "SimplifiedLayerNormalization",
  "SkipLayerNormalization",
  "Softmax",
  "TopK",
]);

const RECURRENT: ReadonlyMap<string, number> = new Map([
  ["LSTM", 4],
  ["GRU", 3],
  ["RNN", 1],
]);

/** Operators of which a captured graph can have no part: what they run depends on data. */
const CONTROL_FLOW: ReadonlySet<string> = new Set(["If", "Loop", "Scan"]);

/** Whether the operator can be part of a CUDA graph at all. */
export function isCapturable(operator: Operator): boolean {
  return !CONTROL_FLOW.has(operator.type);
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
  const node = lowered.model.graph.nodes[operator.node];
  const gates = RECURRENT.get(operator.type);
  if (node === undefined) {
    return [elementwise(operator, lowered, device)];
  }
  if (gates !== undefined) {
    return recurrent(operator, lowered, { node, gates, device, math });
  }
  const shape = matrixShapeOf(node, lowered);
  if (shape !== undefined && !isDepthwise(shape)) {
    return product(operator, shape, typeOf(node, lowered), { device, math });
  }
  return [
    REDUCTIONS.has(operator.type)
      ? reduction(operator, lowered, device)
      : elementwise(operator, lowered, device),
  ];
}

/** One or two channels a group: no tile has anything to reuse. */
function isDepthwise(shape: MatrixShape): boolean {
  return shape.batch > 1 && shape.n <= 2;
}

function product(
  operator: Operator,
  shape: MatrixShape,
  type: TensorType | undefined,
  on: { readonly device: DeviceModel; readonly math: MathMode },
): readonly Kernel[] {
  const elementType = type?.elementType ?? "float32";
  return productKernels(shape, trafficOf(operator.work), { elementType, ...on });
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
function reduction(operator: Operator, lowered: LoweredModel, device: DeviceModel): Kernel {
  const results = resultsOf(operator, lowered);
  const input = operator.inputs[0];
  const read = input === undefined ? results : elementsOf(lowered.graph.tensors[input]?.dims);
  const inner = lowered.graph.tensors[input ?? 0]?.dims.at(-1) ?? 1;
  const rows = results < read ? results : Math.max(1, Math.round(results / Math.max(1, inner)));
  return streamKernel(
    {
      items: rows,
      itemsPerBlock: read / Math.max(1, rows) < 256 ? 8 : 1,
      threadsPerBlock: 256,
      registersPerThread: 40,
      sharedBytesPerBlock: 1024,
      flops: operator.work.flops,
      bytes: trafficOf(operator.work),
    },
    device,
  );
}

interface RecurrentNode {
  readonly node: OnnxNode;
  readonly gates: number;
  readonly device: DeviceModel;
  readonly math: MathMode;
}

function recurrent(
  operator: Operator,
  lowered: LoweredModel,
  { node, gates, device, math }: RecurrentNode,
): readonly Kernel[] {
  const input = lowered.types.get(node.inputs[0] ?? "")?.dims ?? [];
  const recurrence = lowered.types.get(node.inputs[2] ?? "")?.dims ?? [];
  const [steps = 1, batch = 1, width = 1] = input;
  const hidden = recurrence.at(-1) ?? 1;
  const directions = recurrence[0] ?? 1;
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

function typeOf(node: OnnxNode, lowered: LoweredModel): TensorType | undefined {
  return lowered.types.get(node.inputs[0] ?? "");
}

function resultsOf(operator: Operator, lowered: LoweredModel): number {
  const counts = operator.outputs.map((id) => elementsOf(lowered.graph.tensors[id]?.dims));
  return Math.max(1, ...counts);
}

function elementsOf(dims: readonly number[] | undefined): number {
  return productOf(dims ?? []);
}
