import {
  type Operator,
  type OperatorGraph,
  operatorId,
  type Tensor,
  type TensorId,
  tensorId,
} from "./operator-graph.js";

/** One task in flight: a copy of a graph, some of whose operators have run already. */
export interface TaskInFlight {
  readonly graph: OperatorGraph;
  /** Put before every name, so that names stay unique. */
  readonly prefix: string;
  /** Operators with smaller ids have run; what they wrote is there. */
  readonly done: number;
}

/** A merged graph and where its operators come from. */
export interface MergedGraph {
  readonly graph: OperatorGraph;
  /** By merged operator: task, and operator of the task's graph. */
  readonly origin: readonly { readonly task: number; readonly operator: number }[];
}

/**
 * What is left to run of several tasks, as one graph: the disjoint union of the remaining
 * subgraphs. Operators of different tasks do not depend on each other.
 *
 * Order: the tasks' operators in turns (first of each, second of each, ...), which is topological
 * because each task's own order is. Cost: O(V + E).
 * Source: TOP (IEEE TPDS 36(2), 2025), the computation graph of what is in flight; the exact form is
 * not published.
 */
export function mergeTasks(tasks: readonly TaskInFlight[]): MergedGraph {
  const origin: { task: number; operator: number }[] = [];
  const merged = tasks.map(({ graph }) => new Int32Array(graph.operators.length).fill(-1));
  const longest = Math.max(0, ...tasks.map(({ graph, done }) => graph.operators.length - done));
  for (let step = 0; step < longest; step++) {
    tasks.forEach(({ graph, done }, task) => {
      const operator = done + step;
      const numbers = merged[task];
      if (operator < graph.operators.length && numbers !== undefined) {
        numbers[operator] = origin.length;
        origin.push({ task, operator });
      }
    });
  }
  const firstTensor: number[] = [];
  let tensorCount = 0;
  for (const { graph } of tasks) {
    firstTensor.push(tensorCount);
    tensorCount += graph.tensors.length;
  }
  const tensorOf = (task: number, id: TensorId): TensorId =>
    tensorId((firstTensor[task] ?? 0) + id);
  const left = (task: number, ids: readonly number[]): number[] =>
    ids.map((id) => merged[task]?.[id] ?? -1).filter((id) => id >= 0);
  const ordered = (task: number, ids: readonly number[]) =>
    left(task, ids)
      .sort((a, b) => a - b)
      .map(operatorId);
  const operators = origin.map(({ task, operator }, id): Operator => {
    const { graph, prefix } = tasks[task] as TaskInFlight;
    const source = graph.operators[operator] as Operator;
    return {
      ...source,
      id: operatorId(id),
      name: `${prefix}${source.name}`,
      inputs: source.inputs.map((tensor) => tensorOf(task, tensor)),
      outputs: source.outputs.map((tensor) => tensorOf(task, tensor)),
      predecessors: ordered(task, source.predecessors),
      successors: ordered(task, source.successors),
    };
  });
  const tensors = tasks.flatMap(({ graph, prefix }, task) =>
    graph.tensors.map((tensor): Tensor => {
      const producer = tensor.producer === undefined ? [] : ordered(task, [tensor.producer]);
      return {
        ...tensor,
        id: tensorOf(task, tensor.id),
        name: `${prefix}${tensor.name}`,
        producer: producer[0],
        consumers: ordered(task, tensor.consumers),
      };
    }),
  );
  return {
    origin,
    graph: {
      name: tasks.map(({ prefix, graph }) => `${prefix}${graph.name}`).join("+"),
      operators,
      tensors,
      inputs: tensors
        .filter(({ producer, consumers }) => producer === undefined && consumers.length > 0)
        .map(({ id }) => id),
      outputs: tasks.flatMap(({ graph }, task) => graph.outputs.map((id) => tensorOf(task, id))),
    },
  };
}
