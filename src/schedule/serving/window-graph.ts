import { type JointTasks, joinTasks } from "../../ir/join-tasks.js";
import type { OperatorGraph, OperatorId } from "../../ir/operator-graph.js";
import { subgraphOf } from "../../ir/subgraph.js";
import { type GpuProblem, gpuProblemOf } from "../gpu-problem.js";
import type { WindowTask } from "./merged-window.js";

/** One part of a task of a window. */
export interface WindowPart {
  /** Position in `MergedWindow.tasks`. */
  readonly task: number;
  /** Windows by which it trails its task's first part. */
  readonly shift: number;
  /** In the graph of the task. */
  readonly operators: readonly OperatorId[];
}

/** The graph of all parts of a window; `joint.task` numbers `parts`, `joint.origin` their operators. */
export interface WindowGraph {
  readonly parts: readonly WindowPart[];
  readonly joint: JointTasks;
}

/** The parts of all tasks: by task, then shift. */
export function windowPartsOf(tasks: readonly WindowTask[]): readonly WindowPart[] {
  return tasks.flatMap(({ parts }, task) =>
    parts.map((operators, shift) => ({ task, shift, operators })),
  );
}

/**
 * Parts as one graph, without dependencies between parts. `graphOf` gives the graph of a task's model for its batch.
 *
 * Names of operators have the task and the part in front: `2/1:conv` is in part 1 of task 2. Order: the parts'
 * operators in turns (`joinTasks`). Cost: O(V + E) of each part's model.
 */
export function windowGraphOf(
  parts: readonly WindowPart[],
  graphOf: (task: number) => OperatorGraph,
): WindowGraph {
  const joint = joinTasks(
    parts.map(({ task, shift, operators }) => ({
      graph: subgraphOf(graphOf(task), operators),
      prefix: `${task}/${shift}:`,
      done: 0,
    })),
  );
  return { parts, joint };
}

/** A graph of parts with the kernels of its operators. */
export interface WindowProblem extends WindowGraph {
  readonly problem: GpuProblem;
}

/**
 * The problem of scheduling parts together; `problemOf` gives the problem of a task's model for its batch.
 *
 * Requires: at least one part, and problems of one device with the same interference. Cost: as `windowGraphOf`.
 */
export function windowProblemOf(
  parts: readonly WindowPart[],
  problemOf: (task: number) => GpuProblem,
): WindowProblem {
  const window = windowGraphOf(parts, (task) => problemOf(task).graph);
  const { task, origin, graph } = window.joint;
  const kernels = Array.from(origin, (at, operator) => {
    const part = parts[task[operator]!] as WindowPart;
    return problemOf(part.task).kernels[part.operators[at]!] ?? [];
  });
  const { device, costs, work, includesGaps = false } = problemOf((parts[0] as WindowPart).task);
  const problem = gpuProblemOf(graph, kernels, device, costs.source, work.interference);
  return { ...window, problem: { ...problem, includesGaps } };
}
