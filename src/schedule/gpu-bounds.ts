import { earliestEnds } from "../ir/path-lengths.js";
import type { GpuProblem } from "./gpu-problem.js";

/** Lower bounds for all schedules on the device, in nanoseconds. */
export interface GpuBounds {
  /** Longest path of operators, each as quick as alone, with the gap between two. */
  readonly criticalPathNs: number;
  /** Room: every phase holds its share of the device as long as it runs. */
  readonly capacityNs: number;
  /** All arithmetic, and all traffic, at the full rate of the device. */
  readonly arithmeticNs: number;
  readonly bandwidthNs: number;
  /** The largest of them. */
  readonly lowerBoundNs: number;
  readonly boundedBy: "critical-path" | "capacity" | "arithmetic" | "bandwidth";
}

/**
 * Lower bounds on the makespan that `simulateGpu` can predict for any schedule of the problem.
 *
 * Between two operators of a path lies a launch gap if they share a stream, else an event: the
 * smaller counts. Cost: O(V + E + phases).
 */
export function gpuBounds({ graph, costs, work, device }: GpuProblem): GpuBounds {
  const gapNs = Math.min(device.launchGapNs, device.eventNs);
  const withGap = costs.durationNs.map((ns) => ns + gapNs);
  const ends = earliestEnds(graph, withGap);
  const last = ends.reduce((most, end) => Math.max(most, end), 0);
  const weighted = (use: Float64Array): number =>
    use.reduce((sum, share, phase) => sum + share * (work.phaseNs[phase] ?? 0), 0);
  const bounds = {
    "critical-path": Math.max(0, last - gapNs),
    capacity: weighted(work.share),
    arithmetic: weighted(work.arithmetic),
    bandwidth: weighted(work.bandwidth),
  } as const;
  const [boundedBy, lowerBoundNs] = (
    Object.entries(bounds) as [keyof typeof bounds, number][]
  ).reduce((best, each) => (each[1] > best[1] ? each : best));
  return {
    criticalPathNs: Math.floor(bounds["critical-path"]),
    capacityNs: Math.floor(bounds.capacity),
    arithmeticNs: Math.floor(bounds.arithmetic),
    bandwidthNs: Math.floor(bounds.bandwidth),
    lowerBoundNs: Math.floor(lowerBoundNs),
    boundedBy,
  };
}
