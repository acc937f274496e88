/**
 * Predictions for a CPU, made again from the costs that the artifact names: the operators' times
 * alone and what worker threads cost. Those costs themselves are in the profile.
 */
import type { OperatorsSection } from "../artifact/artifact.js";
import { isRefuted } from "../artifact/measurement-problems.js";
import type { OperatorCosts } from "../cost/operator-costs.js";
import { criticalPath } from "../ir/critical-path.js";
import { isChain } from "../ir/is-chain.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import { workerBounds } from "../schedule/operator-bounds.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { simulateWorkers } from "../schedule/simulate-workers.js";

/**
 * Figures of the section that the simulator contradicts, each a sentence that begins with the place;
 * empty for a GPU, and if no worker costs are recorded.
 *
 * Requires: a valid schedule of the graph. Cost: a simulation.
 */
export function workerPredictionProblems(
  section: OperatorsSection,
  graph: OperatorGraph,
  schedule: OperatorSchedule,
): readonly string[] {
  if (section.workers === undefined) {
    const { longestPathNs, latencyNs } = section;
    const isLonger = longestPathNs !== undefined && longestPathNs !== latencyNs.sequentialPredicted;
    return isLonger && isChain(graph)
      ? ["/operators/longestPathNs is not all of the model, which is a chain"]
      : [];
  }
  const workers = { ...section.workers, workers: section.workers.slowdown.length };
  if (section.workers.slowdown[0] !== 1) {
    return ["/operators/workers/slowdown/0 is not 1"];
  }
  if (section.candidates.some(({ streams }) => streams > workers.workers)) {
    return ["/operators/workers/slowdown has fewer numbers than a candidate has streams"];
  }
  const durationNs = new Float64Array(graph.operators.length);
  for (const [at, { operator }] of schedule.launches.entries()) {
    durationNs[operator] = section.launches[at]?.aloneNs ?? 0;
  }
  const costs: OperatorCosts = { source: "measured", durationNs };
  const line = simulateWorkers(graph, schedule, costs, workers);
  const bounds = workerBounds({ graph, costs }, workers);
  const longest = criticalPath(graph, ({ id }) => durationNs[id]!).length;
  const isBounded = !isRefuted(bounds.lowerBoundNs, section.measurement);
  const again: readonly (readonly [string, number | undefined, number | undefined])[] = [
    ["latencyNs/predicted", section.latencyNs.predicted, line.makespanNs],
    ["latencyNs/sequentialPredicted", section.latencyNs.sequentialPredicted, bounds.oneStreamNs],
    ["lowerBoundNs", section.lowerBoundNs, isBounded ? bounds.lowerBoundNs : undefined],
    ["longestPathNs", section.longestPathNs, Math.round(longest)],
    ...schedule.launches.flatMap(({ operator }, at) => [
      [
        `launches/${at}/startNs`,
        section.launches[at]?.startNs,
        line.operatorStartNs[operator]!,
      ] as const,
      [`launches/${at}/endNs`, section.launches[at]?.endNs, line.operatorEndNs[operator]!] as const,
    ]),
  ];
  return again.flatMap(([place, figure, expected]) =>
    figure === expected
      ? []
      : [
          `/operators/${place} is ${figure ?? "absent"}, its costs and measurements give ${expected ?? "none"}`,
        ],
  );
}
