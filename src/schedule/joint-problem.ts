import type { JointTasks } from "../ir/join-tasks.js";
import { type GpuProblem, gpuProblemOf } from "./gpu-problem.js";

/** The problem of the joint graph of tasks: every operator costs what it costs in `single`. */
export function jointGpuProblem(
  { kernels, device, costs, work, includesGaps = false }: GpuProblem,
  joint: JointTasks,
): GpuProblem {
  const own = Array.from(joint.origin, (operator) => kernels[operator] ?? []);
  const { interference } = work;
  return {
    ...gpuProblemOf(joint.graph, own, device, costs.source, interference),
    includesGaps,
  };
}
