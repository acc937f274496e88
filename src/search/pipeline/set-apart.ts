/**
 * Blocks that stop everything else, set apart.
 *
 * A block over all devices runs alone, and where it holds no memory, and so does all that comes before it (or behind it),
 * nothing else knows when it runs. Take all times out of a schedule at which such a block runs: what is left is a schedule of the
 * others, as many micro-batches in so much less time. So a bound for the others, and the time of these blocks besides,
 * is a bound for all. It is higher than one that leaves all together wherever the others are held up by memory.
 *
 * Latencies may have gone by while such a block ran; the others have none.
 *
 * Example: M-shape on four devices, memory 3: the V-shape between the spread blocks takes 16/3 for each, and these take 2;
 * no period takes less than 22/3, where the load is 6.
 */
import type { Placement } from "../../placement/placement.js";
import { followersOf, orderOfBlocks } from "./path-bounds.js";

/** A placement without the blocks that are set apart. */
export interface Others {
  readonly placement: Placement;
  /** Positions of its blocks in the whole placement. */
  readonly blocks: readonly number[];
  /** Positions of those set apart. */
  readonly beside: readonly number[];
  /** Their time for each micro-batch. */
  readonly time: number;
}

/** The others; `undefined` where no block is set apart, or all are. Cost: O(blocks + dependencies). */
export function setApart(placement: Placement): Others | undefined {
  const { blocks, dependencies } = placement;
  const followers = followersOf(placement);
  const leaders = followersOf({
    ...placement,
    dependencies: dependencies.map((each) => ({ ...each, from: each.to, to: each.from })),
  });
  const order = orderOfBlocks(followers);
  const used = new Set(blocks.flatMap(({ devices }) => devices)).size;
  const isAlone = blocks.map(({ memory, devices }) => memory === 0 && devices.length === used);
  const isHead = [...isAlone];
  const isTail = [...isAlone];
  for (const at of order) {
    isHead[at] &&= leaders[at]?.every(({ to }) => isHead[to]) === true;
  }
  for (const at of order.toReversed()) {
    isTail[at] &&= followers[at]?.every(({ to }) => isTail[to]) === true;
  }
  const all = [...blocks.keys()];
  const beside = all.filter((at) => isHead[at] === true || isTail[at] === true);
  const kept = all.filter((at) => !beside.includes(at));
  if (beside.length === 0 || kept.length === 0) {
    return undefined;
  }
  const placeOf = new Map(kept.map((block, at) => [block, at]));
  return {
    blocks: kept,
    beside,
    time: beside.reduce((sum, at) => sum + (blocks[at]?.duration ?? 0), 0),
    placement: {
      ...placement,
      blocks: kept.flatMap((at) => blocks[at] ?? []),
      dependencies: dependencies.flatMap((each) => {
        const [from, to] = [placeOf.get(each.from), placeOf.get(each.to)];
        return from === undefined || to === undefined ? [] : [{ from, to, latency: 0 }];
      }),
    },
  };
}
