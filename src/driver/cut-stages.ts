import { equalDevices, partitionProblemOf } from "../partition/partition-problem.js";
import { searchPartition } from "../partition/search-partition.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import { launchUnits } from "../search/operator/gpu/launch-units.js";

/**
 * By operator its stage, of `stages` that take about as long in sequence; `undefined`: there are fewer launches than
 * stages. Operators of one launch stay together.
 *
 * Cost: of a search for a partition (`gpg`).
 */
export function cutIntoStages(
  problem: GpuProblem,
  stages: number,
  seed: number,
): Int32Array | undefined {
  const units = launchUnits(problem);
  const { graph, costs } = units?.problem ?? problem;
  const durationNs = costs.durationNs.map((ns) => Math.max(0, Math.round(ns)));
  const devices = equalDevices(stages);
  const link = { latencyNs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };
  const cut = searchPartition(partitionProblemOf(graph, durationNs, { devices, link }), { seed });
  if (!cut.ok) {
    return undefined;
  }
  const { stageOf } = cut.value.partition;
  return Int32Array.from(problem.graph.operators, (_, id) => stageOf[units?.unitOf[id] ?? id]!);
}
