import type { Placement } from "../../../placement/placement.js";

/** A block that holds no memory and joins more than so many others does not make them one part. */
const MOST_JOINED = 2;

/**
 * Blocks that dependencies connect, part by part: chains through a micro-batch. What only gathers or hands out, and holds
 * no memory, such as an optimizer step behind all chains, is a part of its own. Order: by the first block.
 *
 * Cost: O(blocks + dependencies), nearly.
 */
export function looseParts({ blocks, dependencies }: Placement): readonly (readonly number[])[] {
  const partOf = blocks.map((_, at) => at);
  const rootOf = (block: number): number => {
    let root = block;
    while (partOf[root] !== root) {
      partOf[root] = partOf[partOf[root]!]!;
      root = partOf[root]!;
    }
    return root;
  };
  const degree = new Int32Array(blocks.length);
  for (const { from, to } of dependencies) {
    degree[from]!++;
    degree[to]!++;
  }
  const isJoint = (block: number): boolean =>
    blocks[block]!.memory === 0 && degree[block]! > MOST_JOINED;
  for (const { from, to } of dependencies) {
    if (!isJoint(from) && !isJoint(to)) {
      const [a, b] = [rootOf(from), rootOf(to)];
      partOf[Math.max(a, b)] = Math.min(a, b);
    }
  }
  const parts = new Map<number, number[]>();
  for (const block of blocks.keys()) {
    const root = rootOf(block);
    const part = parts.get(root) ?? [];
    part.push(block);
    parts.set(root, part);
  }
  return [...parts.values()];
}
