import type { DrawnNode } from "./drawn-graph.js";

/** How many operators of each color a level has. */
export type LevelCounts = ReadonlyMap<number, number>;

/**
 * The level of each node: nodes before it on the longest path to it. Cost: O(nodes + edges).
 */
export function levelsOfNodes(nodes: readonly DrawnNode[]): Int32Array {
  const levels = new Int32Array(nodes.length);
  for (const [at, { before }] of nodes.entries()) {
    levels[at] = before.reduce((most, each) => Math.max(most, levels[each]! + 1), 0);
  }
  return levels;
}

/** The levels of a graph, first to last. */
export function countLevels(nodes: readonly DrawnNode[]): readonly LevelCounts[] {
  const counts: Map<number, number>[] = [];
  for (const [at, level] of levelsOfNodes(nodes).entries()) {
    const { color, names } = nodes[at]!;
    const count = counts[level] ?? new Map<number, number>();
    counts[level] = count;
    count.set(color, (count.get(color) ?? 0) + names.length);
  }
  return counts;
}

/** The layers that edges cross, all together: what a layered layout has to place beside the nodes. */
export function crossedLayers(nodes: readonly DrawnNode[]): number {
  const levels = levelsOfNodes(nodes);
  return nodes.reduce(
    (sum, { before }, at) =>
      sum + before.reduce((more, each) => more + levels[at]! - levels[each]!, 0),
    0,
  );
}
