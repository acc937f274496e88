import type { DeviceModel } from "../cost/device-model.js";
import type { MathMode } from "../cost/kernels/arithmetic.js";
import { kernelsOf } from "../cost/kernels/operator-kernels.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { type GpuProblem, gpuProblemOf } from "./gpu-problem.js";

/**
 * The problem of a model on a GPU that is known by its data sheet: kernels and durations are estimates.
 *
 * Requires: operators that a graph can capture. Cost: O(operators).
 */
export function estimatedProblem(
  lowered: LoweredModel,
  device: DeviceModel,
  math: MathMode,
): GpuProblem {
  const { graph } = lowered;
  const kernels = graph.operators.map((operator) => kernelsOf(operator, lowered, device, math));
  return gpuProblemOf(graph, kernels, device, "estimated");
}
