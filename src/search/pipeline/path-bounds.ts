import { topologicalOrder } from "../../core/topological-order.js";
import type { Placement } from "../../placement/placement.js";
import { deviceLoads } from "../../schedule/pipeline-metrics.js";

/** A dependency of a block that is known. */
export interface Follower {
  readonly to: number;
  readonly latency: number;
}

/** The dependencies of each block on which others wait, in the placement's order. */
export function followersOf({ blocks, dependencies }: Placement): readonly (readonly Follower[])[] {
  const followers: Follower[][] = blocks.map(() => []);
  for (const { from, to, latency } of dependencies) {
    followers[from]?.push({ to, latency });
  }
  return followers;
}

/**
 * Longest path from the start of each block to the end of the micro-batch, latencies included.
 *
 * Cost: O(blocks + dependencies).
 */
export function pathsBehind(placement: Placement): Float64Array {
  const { blocks } = placement;
  const behind = Float64Array.from(blocks, ({ duration }) => duration);
  const followers = followersOf(placement);
  for (const from of orderOfBlocks(followers).toReversed()) {
    for (const { to, latency } of followers[from] ?? []) {
      const path = (blocks[from]?.duration ?? 0) + latency + (behind[to] ?? 0);
      behind[from] = Math.max(behind[from] ?? 0, path);
    }
  }
  return behind;
}

/**
 * Longest path from the start of the micro-batch to the start of each block.
 *
 * Cost: O(blocks + dependencies).
 */
export function pathsBefore(placement: Placement): Float64Array {
  const { blocks } = placement;
  const before = new Float64Array(blocks.length);
  const followers = followersOf(placement);
  for (const from of orderOfBlocks(followers)) {
    for (const { to, latency } of followers[from] ?? []) {
      const path = (before[from] ?? 0) + (blocks[from]?.duration ?? 0) + latency;
      before[to] = Math.max(before[to] ?? 0, path);
    }
  }
  return before;
}

/** Blocks in an order in which dependencies point forwards. Cost: O(blocks + dependencies). */
export function orderOfBlocks(followers: readonly (readonly Follower[])[]): readonly number[] {
  return topologicalOrder(followers.map((list) => list.map(({ to }) => to)));
}

/**
 * No schedule of `microBatches` micro-batches is shorter: a device does all its work after the
 * shortest way to it and before the shortest way from it; and one micro-batch takes its longest path.
 *
 * Cost: O(blocks * devices + dependencies).
 */
export function makespanBound(placement: Placement, microBatches: number): number {
  const before = pathsBefore(placement);
  const behind = pathsBehind(placement);
  let bound = Math.max(...behind);
  deviceLoads(placement).forEach((load, device) => {
    const own = placement.blocks.flatMap(({ devices }, at) =>
      devices.includes(device) ? [at] : [],
    );
    if (own.length > 0) {
      const head = Math.min(...own.map((at) => before[at] ?? 0));
      const tail = Math.min(
        ...own.map((at) => (behind[at] ?? 0) - (placement.blocks[at]?.duration ?? 0)),
      );
      bound = Math.max(bound, head + load * microBatches + tail);
    }
  });
  return bound;
}
