/**
 * An independent check of merged windows: the parts are cuts of the models, the schedule runs all of them,
 * and the period and its bound are what the simulator and the bounds say. Shares nothing with how windows are made.
 */
import type { OperatorGraph } from "../ir/operator-graph.js";
import { verifyStagePartition } from "../partition/stage-partition.js";
import { gpuBounds } from "../schedule/gpu-bounds.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import type { MergedWindow, WindowTask } from "../schedule/serving/merged-window.js";
import { windowPartsOf, windowProblemOf } from "../schedule/serving/window-graph.js";
import { gpuMakespan } from "../schedule/simulate-gpu.js";
import { verifyOperatorSchedule } from "../schedule/verify-operator-schedule.js";

/**
 * All faults of a window, in words; empty when it is right. `problemOf` gives the problem of a model for a batch, on the
 * window's device; `undefined`: there is no such model or batch.
 *
 * Order: tasks, then schedule, then figures; what rests on something wrong is not looked at.
 * Cost: O(V + E) of all tasks, a check of the schedule and a simulation.
 */
export function windowProblems(
  window: MergedWindow,
  problemOf: (model: number, batch: number) => GpuProblem | undefined,
): readonly string[] {
  const { tasks, schedule } = window;
  const faults = taskProblems(tasks, problemOf);
  if (faults.length > 0) {
    return faults;
  }
  const { problem } = windowProblemOf(windowPartsOf(tasks), (task) => {
    const { model, batch } = tasks[task] as WindowTask;
    return problemOf(model, batch) as GpuProblem;
  });
  const broken = verifyOperatorSchedule(problem.graph, schedule);
  return broken.length > 0
    ? broken.map(({ kind }) => `the schedule is broken: ${kind.replaceAll("-", " ")}`)
    : figureFaults(window, problem);
}

/** The faults of a window's tasks alone, as `windowProblems` has them. */
export function taskProblems(
  tasks: readonly WindowTask[],
  problemOf: (model: number, batch: number) => GpuProblem | undefined,
): readonly string[] {
  return tasks.length === 0
    ? ["the window has no task"]
    : tasks.flatMap((task, at) => taskFaults(task, problemOf(task.model, task.batch)?.graph, at));
}

function taskFaults(
  { model, batch, parts }: WindowTask,
  graph: OperatorGraph | undefined,
  at: number,
): string[] {
  if (graph === undefined) {
    return [`task ${at} is of model ${model} with batch ${batch}, which there is not`];
  }
  const stageOf = new Int32Array(graph.operators.length).fill(-1);
  for (const [part, operators] of parts.entries()) {
    for (const [position, id] of operators.entries()) {
      if (stageOf[id] === undefined) {
        return [`task ${at} has operator ${id}, which its model has not`];
      }
      if (stageOf[id] !== -1 || id <= (operators[position - 1] ?? -1)) {
        return [`task ${at} has operator ${id} twice or out of order`];
      }
      stageOf[id] = part;
    }
  }
  const wrong = verifyStagePartition(graph, { stageCount: parts.length, stageOf });
  return wrong.map(({ kind }) => `the parts of task ${at}: ${kind.replaceAll("-", " ")}`);
}

function figureFaults(window: MergedWindow, problem: GpuProblem): string[] {
  const { periodNs, lowerBoundNs, boundedBy, status } = window;
  const period = gpuMakespan(problem.work, window.schedule);
  const bounds = gpuBounds(problem);
  const isOptimal = period <= bounds.lowerBoundNs;
  return [
    ...(periodNs === period ? [] : [`the period is ${periodNs}, the schedule takes ${period}`]),
    ...(lowerBoundNs === bounds.lowerBoundNs && boundedBy === bounds.boundedBy
      ? []
      : [
          `the bound is ${lowerBoundNs} by ${boundedBy}, it should be ${bounds.lowerBoundNs} by ${bounds.boundedBy}`,
        ]),
    ...((status === "optimal") === isOptimal ? [] : [`the status is ${status}`]),
  ];
}
