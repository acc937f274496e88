import type { MergedTasks } from "../ir/merge-tasks.js";
import { type GpuProblem, gpuProblemOf } from "./gpu-problem.js";

/** The problem of the joint graph of tasks: every operator costs what it costs in `single`. */
export function mergedProblem(
  { kernels, device, costs, work }: GpuProblem,
  merged: MergedTasks,
): GpuProblem {
  const own = Array.from(merged.origin, (operator) => kernels[operator] ?? []);
  return gpuProblemOf(merged.graph, own, device, costs.source, work.interference);
}
