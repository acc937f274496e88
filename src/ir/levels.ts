import type { OperatorGraph } from "./operator-graph.js";

/**
 * The level of each operator: the number of operators before it on the longest path to it.
 * Operators of one level never depend on each other.
 *
 * Cost: O(operators + edges).
 */
export function levelsOf(graph: OperatorGraph): Int32Array {
  const levels = new Int32Array(graph.operators.length);
  for (const { id, predecessors } of graph.operators) {
    let level = 0;
    for (const predecessor of predecessors) {
      level = Math.max(level, levels[predecessor]! + 1);
    }
    levels[id] = level;
  }
  return levels;
}
