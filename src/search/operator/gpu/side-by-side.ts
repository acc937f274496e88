import type { JointTasks } from "../../../ir/join-tasks.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { composeSchedule } from "../waits.js";

/**
 * The schedules of tasks, each made as if it were alone, side by side: every task on streams of its
 * own, launches in turns. A start for the joint search, which can only do better.
 *
 * Requires: `schedules[t]` is of what is left of task `t`, its operators numbered from 0.
 * Cost: O(V + E) and the removal of implied waits.
 */
export function sideBySide(
  joint: JointTasks,
  schedules: readonly OperatorSchedule[],
): OperatorSchedule {
  const ids: number[][] = schedules.map(() => []);
  for (const [id, task] of joint.task.entries()) {
    ids[task]?.push(id);
  }
  const streamOf = new Int32Array(joint.task.length);
  const order: number[] = [];
  const longest = Math.max(0, ...schedules.map(({ launches }) => launches.length));
  for (let at = 0; at < longest; at++) {
    let firstStream = 0;
    schedules.forEach(({ launches, streams }, task) => {
      const launch = launches[at];
      if (launch !== undefined) {
        const id = ids[task]?.[launch.operator] ?? 0;
        order.push(id);
        streamOf[id] = firstStream + launch.stream;
      }
      firstStream += streams;
    });
  }
  return composeSchedule(joint.graph, "side-by-side", { order: Int32Array.from(order), streamOf });
}
