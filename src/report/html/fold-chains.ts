import type { DrawnNode } from "./drawn-graph.js";

/**
 * The graph with every chain of nodes of one color as one node: a node joins the one before it if that is the
 * only one before, and nothing else comes after that.
 *
 * Example: a -> b -> c, a -> d with all of one color gives a, "b to c" and d.
 * Cost: O(nodes + edges).
 */
export function foldChains(nodes: readonly DrawnNode[]): readonly DrawnNode[] {
  const afterCount = new Int32Array(nodes.length);
  for (const at of nodes.flatMap(({ before }) => before)) {
    afterCount[at] = (afterCount[at] ?? 0) + 1;
  }
  const chainOf = new Int32Array(nodes.length);
  const chains: { names: string[]; color: number; before: number[] }[] = [];
  for (const [at, { names, color, before }] of nodes.entries()) {
    const [only = -1, ...others] = before;
    const joins = only >= 0 && others.length === 0 && afterCount[only] === 1;
    const chain = joins ? chains[chainOf[only]!] : undefined;
    if (chain?.color === color) {
      chain.names.push(...names);
      chainOf[at] = chainOf[only]!;
    } else {
      chainOf[at] = chains.length;
      const from = new Set(before.map((each) => chainOf[each]!));
      chains.push({ names: [...names], color, before: [...from].sort((a, b) => a - b) });
    }
  }
  return chains;
}
