import type { OperatorGraph, Tensor } from "./operator-graph.js";

/**
 * Returns the groups of operators in which the writer and all readers of certain tensors share one, as
 * numbers that those of one group share; groups that are given stay together.
 *
 * Example: split -> (sequence) -> at, split -> (sequence) -> concat with the sequence kept: one group
 * of all three.
 *
 * Cost: nearly linear in the operators and the readers of kept tensors.
 */
export function keepTogether(
  graph: OperatorGraph,
  groupOf: ArrayLike<number>,
  isKept: (tensor: Tensor) => boolean,
): Int32Array {
  const leader = leadersOf(graph, groupOf);
  for (const tensor of graph.tensors) {
    const { producer, consumers } = tensor;
    if (producer !== undefined && consumers.length > 0 && isKept(tensor)) {
      for (const consumer of consumers) {
        join(leader, producer, consumer);
      }
    }
  }
  return leader.map((_, at) => find(leader, at));
}

/** The first operator of each group, for every operator. */
function leadersOf(graph: OperatorGraph, groupOf: ArrayLike<number>): Int32Array {
  const first = new Map<number, number>();
  return Int32Array.from(graph.operators, (_, at) => {
    const group = groupOf[at] ?? at;
    const known = first.get(group) ?? at;
    first.set(group, known);
    return known;
  });
}

function find(leader: Int32Array, start: number): number {
  let at = start;
  while (leader[at] !== at) {
    leader[at] = leader[leader[at]!]!;
    at = leader[at]!;
  }
  return at;
}

/** The smaller leader leads both, so that the numbers do not depend on the order of joining. */
function join(leader: Int32Array, a: number, b: number): void {
  const [first, second] = [find(leader, a), find(leader, b)];
  leader[Math.max(first, second)] = Math.min(first, second);
}
