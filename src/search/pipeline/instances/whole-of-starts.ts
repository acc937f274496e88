import type { BlockInstance, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import type { InstanceProblem } from "./instance-problem.js";
import { durationsIn } from "./joint-works.js";

/** The schedule of all works by their starts, moved so that the first starts at 0. Cost: O(n log n). */
export function wholeOf(
  problem: InstanceProblem,
  starts: Float64Array,
  microBatches: number,
): PipelineSchedule {
  const durations = durationsIn(problem, starts);
  const instances = problem.works.map(({ block, microBatch }, at): BlockInstance => {
    const start = starts[at] ?? 0;
    return { block, microBatch, start, end: start + (durations[at] ?? 0), phase: "repetend" };
  });
  instances.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const first = instances[0]?.start ?? 0;
  const moved = instances.map((each) => ({
    ...each,
    start: each.start - first,
    end: each.end - first,
  }));
  const makespan = moved.reduce((last, { end }) => Math.max(last, end), 0);
  return { microBatches, instances: moved, makespan };
}
