/** A graph as it is drawn: what comes before what, and colors. */
import { topologicalOrder } from "../../core/topological-order.js";

/** A node: an operator, a block, or a chain of them. */
export interface DrawnNode {
  /** Names of what it stands for, first to last. */
  readonly names: readonly string[];
  readonly color: number;
  /** Positions of the nodes before it: ascending, each smaller than its own. */
  readonly before: readonly number[];
}

/** A graph with what its colors stand for. Nodes come after all nodes before them. */
export interface DrawnGraph {
  readonly nodes: readonly DrawnNode[];
  readonly colors: readonly string[];
  /** What an edge means, and what is drawn, in a sentence. */
  readonly caption: string;
}

/** A node before it has its place. */
export interface NamedNode {
  readonly name: string;
  readonly color: number;
  /** Positions of nodes before it, in any order. */
  readonly before: readonly number[];
}

/**
 * The nodes in topological order, those that are first in the list first. Edges of nodes on a cycle, which only
 * schedules that are not valid have, are left out. Cost: O(nodes + edges), times a logarithm for sorting.
 */
export function drawnNodes(nodes: readonly NamedNode[]): readonly DrawnNode[] {
  const order = orderOf(nodes);
  const placeOf = new Int32Array(nodes.length).fill(-1);
  for (const [place, at] of order.entries()) {
    placeOf[at] = place;
  }
  return order.map((at, place) => {
    const { name, color, before } = nodes[at]!;
    const places = [...new Set(before.map((each) => placeOf[each] ?? -1))];
    const earlier = places.filter((each) => each >= 0 && each < place);
    return { names: [name], color, before: earlier.sort((a, b) => a - b) };
  });
}

/** All nodes: what stands on or behind a cycle comes last, as given. */
function orderOf(nodes: readonly NamedNode[]): readonly number[] {
  const after: number[][] = nodes.map(() => []);
  for (const [at, { before }] of nodes.entries()) {
    for (const each of before) {
      after[each]?.push(at);
    }
  }
  return [...new Set([...topologicalOrder(after), ...nodes.keys()])];
}
