import type { DeviceModel } from "../../cost/device-model.js";
import type { OperatorGraph } from "../../ir/operator-graph.js";
import { withKernelList } from "../../onnx/fuse/fuse-operators.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { fitInterference, type MeasuredPair } from "../../schedule/fit-interference.js";
import { type GpuProblem, gpuProblemOf } from "../../schedule/gpu-problem.js";
import { type GpuProfile, listOfProfile } from "./gpu-profile.js";
import { measuredKernels } from "./measured-kernels.js";

/**
 * The problem of a model with what a profile has measured of it: kernels, durations, launch costs,
 * and what kernels cost each other where pairs were measured. What is assumed of the device is then only what
 * the profile does not say.
 *
 * Requires: the profile is of this model; its kernel list counts, not that of `lowered`.
 * Cost: O(operators + pairs), and that of the list.
 */
export function measuredProblem(profile: GpuProfile, lowered: LoweredModel): GpuProblem {
  const { graph } = lowered;
  const { deviceModel } = profile;
  const listed = withKernelList(lowered, listOfProfile(profile.key));
  const kernels = measuredKernels(profile, listed, deviceModel);
  const includesGaps = profile.imported?.includesGaps !== false;
  const problem = { ...gpuProblemOf(graph, kernels, deviceModel, "measured"), includesGaps };
  const pairs = pairsOf(profile, graph);
  if (pairs.length === 0) {
    return problem;
  }
  const { interference } = fitInterference(problem.work, pairs);
  const device = withMeasuredPairs(deviceModel);
  return { ...gpuProblemOf(graph, kernels, device, "measured", interference), includesGaps };
}

/** The device without what pairs that were measured say. */
function withMeasuredPairs({ ranges, ...device }: DeviceModel): DeviceModel {
  const { interference: _, ...assumed } = ranges ?? {};
  return ranges === undefined ? device : { ...device, ranges: assumed };
}

/**
 * The pairs without what measuring them adds: each copy of a pair on two streams is forked and joined, and each on
 * one stream is followed by a gap, and the simulator's pairs are neither.
 */
function pairsOf(
  { pairs, launchCosts, deviceModel }: GpuProfile,
  graph: OperatorGraph,
): MeasuredPair[] {
  const ids = new Map<string, number>(graph.operators.map(({ name, id }) => [name, id]));
  const { launchGapNs } = deviceModel;
  const forkedNs = launchCosts.pairNs ?? 0;
  return pairs.flatMap(({ operators, apart, together }): MeasuredPair[] => {
    const [first, second] = operators.map((name) => ids.get(name));
    const isKnown = first !== undefined && second !== undefined && first !== second;
    const apartNs = apart.medianNs - launchGapNs;
    const togetherNs = together.medianNs - launchGapNs - forkedNs;
    return isKnown && apartNs > 0 && togetherNs > 0
      ? [{ operators: [first, second], apartNs, togetherNs }]
      : [];
  });
}
