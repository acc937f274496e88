import type { OperatorGraph } from "./operator-graph.js";

/**
 * For each operator the longest time from its start to the end of the graph, itself included.
 * The largest value is the critical path.
 *
 * Units: those of `durations`, indexed by operator id. Cost: O(V + E).
 */
export function bottomLevels(graph: OperatorGraph, durations: Float64Array): Float64Array {
  const level = new Float64Array(graph.operators.length);
  for (let id = graph.operators.length - 1; id >= 0; id--) {
    let after = 0;
    for (const successor of graph.operators[id]?.successors ?? []) {
      after = Math.max(after, level[successor]!);
    }
    level[id] = after + durations[id]!;
  }
  return level;
}

/**
 * For each operator the earliest time at which it can end when nothing limits concurrency.
 * `releaseNs` delays the start of single operators.
 *
 * Units: those of `durations`, indexed by operator id. Cost: O(V + E).
 */
export function earliestEnds(
  graph: OperatorGraph,
  durations: Float64Array,
  releaseNs?: Float64Array,
): Float64Array {
  const ends = new Float64Array(graph.operators.length);
  for (const { id, predecessors } of graph.operators) {
    let start = releaseNs?.[id] ?? 0;
    for (const predecessor of predecessors) {
      start = Math.max(start, ends[predecessor]!);
    }
    ends[id] = start + durations[id]!;
  }
  return ends;
}
