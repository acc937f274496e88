import type { Operator, OperatorGraph, OperatorId } from "./operator-graph.js";

/** A longest path. */
export interface CriticalPath {
  /** Sum of the weights along it. */
  readonly length: number;
  /** From first to last. */
  readonly operators: readonly OperatorId[];
}

/**
 * The heaviest path through the graph: no schedule on any number of streams is faster than it.
 *
 * Order: among equal paths, the one whose operators have the smallest ids, from its end backwards.
 * Requires: weights are not negative.
 * Cost: O(operators + edges).
 */
export function criticalPath(
  graph: OperatorGraph,
  weight: (operator: Operator) => number,
): CriticalPath {
  const count = graph.operators.length;
  const length = new Float64Array(count);
  const before = new Int32Array(count).fill(-1);
  let last = -1;
  for (const operator of graph.operators) {
    const { id, predecessors } = operator;
    let longest = 0;
    for (const predecessor of predecessors) {
      if (before[id] === -1 || length[predecessor]! > longest) {
        longest = length[predecessor]!;
        before[id] = predecessor;
      }
    }
    length[id] = longest + weight(operator);
    if (last < 0 || length[id]! > length[last]!) {
      last = id;
    }
  }
  const operators: OperatorId[] = [];
  for (let id = last; id >= 0; id = before[id]!) {
    operators.push(graph.operators[id]?.id as OperatorId);
  }
  return { length: last < 0 ? 0 : length[last]!, operators: operators.reverse() };
}
