import type { OperatorGraph, OperatorId, TensorId } from "../ir/operator-graph.js";
import type { OperatorSchedule } from "./operator-schedule.js";

/**
 * The sub-models that a schedule means on a CPU, where a stream is a worker thread.
 *
 * A worker runs whole sub-models, and can wait or signal only between two of them. So the launches
 * of one stream are cut before a launch with waits and after a launch with a record; what lies
 * between two cuts is a segment.
 *
 * Example: stream 0: a, b (record), c; stream 1: d (waits b), e. Segments: {a b} {c} {d e}; the
 * tensor of b is an output of the first and an input of every segment that reads it, also of {c}.
 */

/** A run of launches of one stream, executed as one sub-model. */
export interface Segment {
  readonly stream: number;
  /** Operators in launch order. */
  readonly operators: readonly OperatorId[];
  /** Segments on other streams, by position, that must have ended before it starts: ascending. */
  readonly waits: readonly number[];
  /** Tensors that it reads and does not write: inputs of the graph and of other segments, ascending. */
  readonly inputs: readonly TensorId[];
  /** Tensors that it writes and that other segments read or that are outputs of the graph, ascending. */
  readonly outputs: readonly TensorId[];
}

/**
 * The segments of a schedule.
 *
 * Order: by the first launch, so that a segment comes after all it waits for and after the earlier
 * ones of its stream.
 * Requires: the schedule passes `verifyOperatorSchedule` but for redundant waits.
 * Cost: O(V + E).
 */
export function segmentsOf(graph: OperatorGraph, schedule: OperatorSchedule): readonly Segment[] {
  const runs: { stream: number; operators: OperatorId[]; waits: readonly OperatorId[] }[] = [];
  const segmentOf = new Int32Array(graph.operators.length);
  const open = new Int32Array(schedule.streams).fill(-1);
  for (const { operator, stream, waits, record } of schedule.launches) {
    if (open[stream]! < 0 || waits.length > 0) {
      open[stream] = runs.length;
      runs.push({ stream, operators: [], waits });
    }
    const segment = open[stream]!;
    runs[segment]?.operators.push(operator);
    segmentOf[operator] = segment;
    if (record) {
      open[stream] = -1;
    }
  }
  const given = new Set<TensorId>(graph.outputs);
  return runs.map(({ stream, operators, waits }, segment) => ({
    stream,
    operators,
    waits: ascending(waits.map((wait) => segmentOf[wait]!)),
    ...boundary(graph, operators, (tensor) => given.has(tensor), inside(segmentOf, segment)),
  }));
}

function inside(segmentOf: Int32Array, segment: number): (operator: OperatorId) => boolean {
  return (operator) => segmentOf[operator] === segment;
}

function boundary(
  graph: OperatorGraph,
  operators: readonly OperatorId[],
  isGiven: (tensor: TensorId) => boolean,
  isInside: (operator: OperatorId) => boolean,
): { readonly inputs: readonly TensorId[]; readonly outputs: readonly TensorId[] } {
  const inputs: TensorId[] = [];
  const outputs: TensorId[] = [];
  for (const id of operators) {
    for (const tensor of graph.operators[id]?.inputs ?? []) {
      const producer = graph.tensors[tensor]?.producer;
      if (producer === undefined || !isInside(producer)) {
        inputs.push(tensor);
      }
    }
    for (const tensor of graph.operators[id]?.outputs ?? []) {
      const consumers = graph.tensors[tensor]?.consumers ?? [];
      if (isGiven(tensor) || consumers.some((consumer) => !isInside(consumer))) {
        outputs.push(tensor);
      }
    }
  }
  return { inputs: ascending(inputs), outputs: ascending(outputs) };
}

/** Sorted and without repetitions. */
function ascending<T extends number>(items: readonly T[]): readonly T[] {
  return [...new Set(items)].sort((a, b) => a - b);
}
