import { type JointTasks, joinTasks } from "../ir/join-tasks.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import type { ArtifactTask } from "./artifact.js";

/**
 * Tasks `t0`, `t1`, ... of one model, each as far as its progress says.
 *
 * An operator has run if it ends, in sequential execution, within the task's share of the whole
 * time; one that another launches, if that one has. Durations are those of the operators alone, by id; those of
 * operators that launch nothing are not above 0.
 */
export function tasksInFlight(
  progress: readonly number[],
  durationNs: Float64Array,
): readonly ArtifactTask[] {
  const total = durationNs.reduce((sum, ns) => sum + ns, 0);
  return progress.map((share, at) => {
    let done = 0;
    let end = 0;
    for (let next = 0; next < durationNs.length - 1; next++) {
      const ns = durationNs[next] ?? 0;
      end += ns;
      if (ns > 0 && end > share * total) {
        break;
      }
      done = ns > 0 ? next + 1 : done;
    }
    return { name: `t${at}`, progress: share, done };
  });
}

/** The merged graph of tasks; a task that has run more operators than there are has nothing left. */
export function graphOfTasks(graph: OperatorGraph, tasks: readonly ArtifactTask[]): JointTasks {
  return joinTasks(tasks.map(({ name, done }) => ({ graph, prefix: `${name}:`, done })));
}
