import type { ArtifactTask } from "../artifact/artifact.js";
import { graphOfTasks } from "../artifact/tasks-in-flight.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import { jointGpuProblem } from "../schedule/joint-problem.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { searchGpuSchedules } from "../search/operator/gpu/gpu-candidates.js";
import { sideBySide } from "../search/operator/gpu/side-by-side.js";

/** Tasks in flight as one problem. */
export interface TasksProblem {
  readonly problem: GpuProblem;
  /** The best schedule of each task alone, side by side. */
  readonly start: OperatorSchedule;
}

/**
 * The problem of scheduling the remaining operators of several tasks together; `single` is the
 * problem of one task from its start.
 *
 * Cost: O(V + E), and a search for each different progress.
 */
export function gpuProblemOfTasks(
  single: GpuProblem,
  tasks: readonly ArtifactTask[],
  seed: number,
): TasksProblem {
  const joint = graphOfTasks(single.graph, tasks);
  const found = new Map<number, OperatorSchedule>();
  const schedules = tasks.map((task) => {
    const known = found.get(task.done) ?? bestAlone(single, task, seed);
    found.set(task.done, known);
    return known;
  });
  return { problem: jointGpuProblem(single, joint), start: sideBySide(joint, schedules) };
}

function bestAlone(single: GpuProblem, task: ArtifactTask, seed: number): OperatorSchedule {
  const alone = jointGpuProblem(single, graphOfTasks(single.graph, [task]));
  const [best] = searchGpuSchedules(alone, { seed, algorithms: ["opara", "top-compile"] }).ranked;
  return best?.schedule ?? { algorithm: "sequential", streams: 1, launches: [] };
}
