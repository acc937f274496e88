import type { DeviceModel } from "../cost/device-model.js";
import type { Precision } from "../kernels/precision.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { type GpuProblem, gpuProblemOf } from "../schedule/gpu-problem.js";
import { programKernels } from "./program-kernels.js";

/**
 * The problem of a model on a GPU that is known by its data sheet: the kernels are those of our own program, their durations
 * are estimates.
 *
 * Requires: operators that a graph can capture; the model as it is stored (`storedModel`). Cost: as making the program.
 */
export function estimatedProblem(
  lowered: LoweredModel,
  device: DeviceModel,
  math: Precision,
): GpuProblem {
  const kernels = programKernels(lowered, device, math);
  return gpuProblemOf(lowered.graph, kernels, device, "estimated");
}
