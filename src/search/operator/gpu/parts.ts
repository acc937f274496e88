import type { OperatorGraph } from "../../../ir/operator-graph.js";

/**
 * The graph as consecutive parts that can be scheduled one after the other: cut behind every
 * operator that all paths pass, and, where that leaves more than `most` operators, anywhere in the
 * topological order.
 *
 * An operator is a cut when no dependency leads from before it to after it, ends of the graph
 * counting as going to a common end. Parts of one operator are joined into runs.
 *
 * Cost: O(V + E). Source: cut nodes as in IOS's blocks (Ding et al., MLSys 2021, section 4).
 */
export function partsOf(graph: OperatorGraph, most: number): readonly (readonly number[])[] {
  const { operators } = graph;
  const parts: number[][] = [];
  let part: number[] = [];
  let far = operators.reduce(
    (last, { id, predecessors }) => (predecessors.length === 0 ? id : last),
    0,
  );
  for (const { id, successors } of operators) {
    part.push(id);
    const isCut = far <= id;
    far = Math.max(far, successors.length === 0 ? operators.length : (successors.at(-1) ?? 0));
    if (isCut || part.length === most) {
      parts.push(part);
      part = [];
    }
  }
  if (part.length > 0) {
    parts.push(part);
  }
  return parts;
}
