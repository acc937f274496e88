import { packLists } from "../core/lists.js";
import type { NodeLinks } from "./graph-network.js";

/**
 * Links for `groups` groups of `size` nodes in which every node follows all others of its group: what a
 * network answers for a node then depends on the node and on the mean of the others, in any number and order.
 */
export function linksOfAll(groups: number, size: number): NodeLinks {
  const nodes = Array.from({ length: groups * size }, (_, node) => node);
  const others = nodes.map((node) => {
    const first = node - (node % size);
    return Array.from({ length: size }, (_, at) => first + at).filter((other) => other !== node);
  });
  return { predecessors: packLists(others), successors: packLists(nodes.map(() => [])) };
}
