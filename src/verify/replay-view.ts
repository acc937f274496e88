/** What a launcher sees of a replay. */
import type { BatchRun } from "../schedule/serving/serving-model.js";
import type { SeenModel } from "./replay-launcher.js";

/** A task in flight. */
export interface ViewedTask {
  readonly model: number;
  readonly run: BatchRun;
  readonly factor: number;
  /** -1: its thread wakes up. */
  readonly stage: number;
  /** Of a stage that uses something: work left when the speeds were set. Of a gap: when it is over. */
  readonly left: number;
}

/** The tasks in flight at a moment. */
export interface ViewedTasks {
  readonly running: readonly ViewedTask[];
  /** By running task. */
  readonly speeds: readonly number[];
  readonly resting: readonly ViewedTask[];
  /** Those that wait for the part in which their stage is. */
  readonly standing: readonly ViewedTask[];
  readonly nowNs: number;
  /** When `left` of what runs was right. */
  readonly workedUntilNs: number;
}

/** The requests for a model. */
export interface ViewedQueue {
  readonly waiting: readonly { readonly arrivalNs: number }[];
  /** Requests that have come, up to the last look and up to now. */
  readonly arrivedBefore: number;
  readonly arrived: number;
}

/** A model as a launcher sees it. Cost: O(stages of its tasks). */
export function seenModel(queue: ViewedQueue, model: number, tasks: ViewedTasks): SeenModel {
  const { running, speeds, resting, standing, nowNs, workedUntilNs } = tasks;
  const [first] = queue.waiting;
  const ran = nowNs - workedUntilNs;
  const shares = [
    ...running.map((task, at) => ({ task, rest: Math.max(0, task.left - ran * speeds[at]!) })),
    ...resting.map((task) => ({ task, rest: task.left - nowNs })),
    ...standing.map((task) => {
      return { task, rest: (task.run.profile.ns[task.stage] ?? 0) * task.factor };
    }),
  ];
  return {
    arrived: queue.arrived - queue.arrivedBefore,
    waiting: queue.waiting.length,
    headWaitNs: first === undefined ? 0 : nowNs - first.arrivalNs,
    progress: shares
      .filter(({ task }) => task.model === model)
      .map(({ task, rest }) => progressOf(task, rest)),
  };
}

/** How much of its time alone a task has behind it. */
function progressOf({ run, stage, factor }: ViewedTask, rest: number): number {
  const { ns } = run.profile;
  const until = ns.subarray(0, stage + 1).reduce((sum, each) => sum + each, 0);
  const whole = ns.reduce((sum, each) => sum + each, 0);
  return stage < 0 ? 0 : Math.min(1, Math.max(0, (until - rest / factor) / whole));
}
