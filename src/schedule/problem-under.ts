import type { Kernel } from "../cost/kernel.js";
import type { Scenario } from "../cost/scenarios.js";
import { type GpuProblem, gpuProblemOf } from "./gpu-problem.js";
import { evenInterference } from "./gpu-work.js";

/**
 * The same kernels on a device as it may be: shorter or longer by what the shortest kernel is shorter or
 * longer; where gaps are part of the measured times, by what they are longer or shorter.
 *
 * The kernels themselves stay: which ones a library takes does not depend on what is assumed here.
 * Cost: O(kernels).
 */
export function problemUnder(problem: GpuProblem, scenario: Scenario): GpuProblem {
  const { graph, device, kernels, costs, work, includesGaps = false } = problem;
  const floorNs = scenario.kernelFloorNs - device.kernelFloorNs;
  const gapNs = scenario.launchGapNs - device.launchGapNs;
  const { ranges: _, ...certain } = device;
  const { interference, dispatchNs, ...figures } = scenario;
  const under = gpuProblemOf(
    graph,
    kernels.map((list) =>
      list.map((kernel) => changed(kernel, floorNs, includesGaps ? -gapNs : 0, gapNs)),
    ),
    { ...certain, ...figures },
    costs.source,
    interference === undefined ? work.interference : evenInterference(interference),
  );
  return { ...under, work: { ...under.work, dispatchNs } };
}

/** A kernel whose every repetition takes `eachNs` longer, and whose gaps inside take `gapNs` longer. */
function changed(kernel: Kernel, floorNs: number, measuredNs: number, gapNs: number): Kernel {
  const { durationNs, repeats = 1 } = kernel;
  const longer = repeats * (floorNs + measuredNs) + (repeats - 1) * gapNs;
  return longer === 0 ? kernel : { ...kernel, durationNs: Math.max(1, durationNs + longer) };
}
