import {
  type Operator,
  type OperatorGraph,
  type OperatorId,
  operatorId,
  type Tensor,
  type TensorId,
  tensorId,
} from "./operator-graph.js";

/** A task in flight: a copy of a graph of which some operators have run already. */
export interface TaskInFlight {
  readonly graph: OperatorGraph;
  /** Prefix of every name, so that names stay unique. */
  readonly prefix: string;
  /** Operators with smaller ids have run; their outputs are available. */
  readonly done: number;
}

/** A joint graph, with the origin of each operator. */
export interface JointTasks {
  readonly graph: OperatorGraph;
  /** By joint operator: position of its task. */
  readonly task: Int32Array;
  /** By joint operator: its id in the graph of its task. */
  readonly origin: Int32Array;
}

/**
 * Returns the rest of several tasks as one joint graph: the disjoint union of the operators left to
 * run. Operators of different tasks do not depend on each other; outputs of operators that have run
 * are inputs of the joint graph.
 *
 * Order: the tasks' operators in turns (first of each, second of each, ...), which is topological
 * because each task's own order is. Cost: O(V + E) of all tasks.
 * Source: TOP (IEEE TPDS 36(2), 2025) schedules the merged computation graph of what is in flight;
 * its exact form is not published.
 */
export function joinTasks(tasks: readonly TaskInFlight[]): JointTasks {
  const { task, origin, joint } = numberInTurns(tasks);
  const parts = partsOf(tasks, joint);
  const operators = Array.from(origin, (id, position): Operator => {
    const part = parts[task[position]!] as Part;
    return part.operator(id, operatorId(position));
  });
  const tensors = parts.flatMap((part) => part.tensors());
  return {
    task,
    origin,
    graph: {
      name: tasks.map(({ prefix, graph }) => `${prefix}${graph.name}`).join(" + "),
      operators,
      tensors,
      inputs: tensors.filter(({ producer }) => producer === undefined).map(({ id }) => id),
      outputs: parts.flatMap((part) => part.outputs()),
    },
  };
}

interface Numbers {
  readonly task: Int32Array;
  readonly origin: Int32Array;
  /** By task, by operator of its graph: number in the joint graph, -1 for one that has run. */
  readonly joint: readonly Int32Array[];
}

function numberInTurns(tasks: readonly TaskInFlight[]): Numbers {
  const joint = tasks.map(({ graph }) => new Int32Array(graph.operators.length).fill(-1));
  const left = tasks.map(({ graph, done }) => Math.max(0, graph.operators.length - done));
  const count = left.reduce((sum, each) => sum + each, 0);
  const task = new Int32Array(count);
  const origin = new Int32Array(count);
  let position = 0;
  for (let step = 0; position < count; step++) {
    for (const [number, { done }] of tasks.entries()) {
      if (step < left[number]!) {
        task[position] = number;
        origin[position] = done + step;
        (joint[number] as Int32Array)[done + step] = position++;
      }
    }
  }
  return { task, origin, joint };
}

/** One task's share of the joint graph. */
interface Part {
  readonly operator: (original: number, id: OperatorId) => Operator;
  readonly tensors: () => readonly Tensor[];
  readonly outputs: () => readonly TensorId[];
}

function partsOf(tasks: readonly TaskInFlight[], joint: readonly Int32Array[]): Part[] {
  let first = 0;
  return tasks.map(({ graph, prefix, done }, number): Part => {
    const numbers = joint[number] as Int32Array;
    // A tensor that no remaining operator reads or writes is dropped.
    const kept = graph.tensors.filter(
      ({ producer, consumers }) => (producer ?? -1) >= done || consumers.some((id) => id >= done),
    );
    const tensorOf = new Int32Array(graph.tensors.length).fill(-1);
    for (const { id } of kept) {
      tensorOf[id] = first++;
    }
    const renumber = (ids: readonly TensorId[]): TensorId[] =>
      ids.filter((id) => tensorOf[id]! >= 0).map((id) => tensorId(tensorOf[id] ?? 0));
    // Turns keep the order of a task's operators, so ascending lists stay ascending.
    const left = (ids: readonly OperatorId[]): OperatorId[] =>
      ids.filter((id) => id >= done).map((id) => operatorId(numbers[id]!));
    return {
      operator: (original, id) => {
        const source = graph.operators[original] as Operator;
        return {
          ...source,
          id,
          name: `${prefix}${source.name}`,
          inputs: renumber(source.inputs),
          outputs: renumber(source.outputs),
          predecessors: left(source.predecessors),
          successors: left(source.successors),
        };
      },
      tensors: () =>
        kept.map((tensor) => ({
          ...tensor,
          id: tensorId(tensorOf[tensor.id]!),
          name: `${prefix}${tensor.name}`,
          producer: tensor.producer === undefined ? undefined : left([tensor.producer])[0],
          consumers: left(tensor.consumers),
        })),
      outputs: () => renumber(graph.outputs),
    };
  });
}
