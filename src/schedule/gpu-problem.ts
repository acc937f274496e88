import type { DeviceModel } from "../cost/device-model.js";
import type { Kernel } from "../cost/kernel.js";
import { registersPerBlock, sharedBytesPerBlock } from "../cost/occupancy.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import { type GpuWork, gpuWorkOf, type Interference } from "./gpu-work.js";
import type { OperatorProblem } from "./operator-problem.js";

/** A graph on a GPU: the kernels of each operator, digested for the simulator. */
export interface GpuProblem extends OperatorProblem {
  readonly graph: OperatorGraph;
  readonly device: DeviceModel;
  /** By operator id. */
  readonly kernels: readonly (readonly Kernel[])[];
  readonly work: GpuWork;
  /** Durations were measured with the gap that follows each kernel, and had it taken off; absent: no. */
  readonly includesGaps?: boolean;
}

/**
 * The problem of a graph with these kernels; an operator's cost is its kernels and the gaps between. One
 * without kernels costs minus a gap: on a path it takes the place of the gap on one side of it.
 */
export function gpuProblemOf(
  graph: OperatorGraph,
  kernels: readonly (readonly Kernel[])[],
  device: DeviceModel,
  source: "measured" | "estimated",
  interference?: Interference,
): GpuProblem {
  const durationNs = Float64Array.from(kernels, (list) =>
    list.reduce((sum, kernel) => sum + kernel.durationNs, (list.length - 1) * device.launchGapNs),
  );
  return {
    graph,
    device,
    kernels,
    work: gpuWorkOf(kernels, device, interference),
    costs: { source, durationNs },
  };
}

/**
 * The share of an SM that one thread block of an operator's longest kernel takes, by the scarcest
 * of shared memory, threads and registers: Opara's resource demand.
 *
 * Source: Opara (arXiv 2312.10351v2), Algorithm 2. Differs: the longest kernel instead of the first.
 */
export function blockDemand({ kernels, device }: GpuProblem, operator: number): number {
  const longest = [...(kernels[operator] ?? [])].sort((a, b) => b.durationNs - a.durationNs)[0];
  if (longest === undefined) {
    return 0;
  }
  return Math.max(
    longest.threadsPerBlock / device.threadsPerSm,
    registersPerBlock(longest) / device.registersPerSm,
    sharedBytesPerBlock(longest, device) / device.sharedBytesPerSm,
  );
}
