/**
 * Returns the nodes of a graph, each after those that lead to it: first those that nothing leads to, ascending, then the others
 * as the last arc into each is passed. Nodes on a cycle, and behind one, are left out.
 *
 * `next` has the heads of the arcs of each node; an arc may be there twice. Cost: O(nodes + arcs).
 */
export function topologicalOrder(next: readonly (readonly number[])[]): readonly number[] {
  const missing = new Int32Array(next.length);
  for (const heads of next) {
    for (const head of heads) {
      missing[head]!++;
    }
  }
  const order = [...next.keys()].filter((node) => missing[node] === 0);
  for (let at = 0; at < order.length; at++) {
    for (const head of next[order[at]!]!) {
      missing[head]!--;
      if (missing[head] === 0) {
        order.push(head);
      }
    }
  }
  return order;
}
