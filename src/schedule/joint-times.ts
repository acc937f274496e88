import { jointDuration } from "../placement/overlaps.js";
import type { Placement } from "../placement/placement.js";

/** What runs together with something, and for how long both. */
export interface Together<T> {
  readonly other: T;
  readonly duration: number;
}

/**
 * What runs together: blocks that overlap and start at one time. Each is in one pair at most; of several that could be its
 * partner it has the first, and the others are left over.
 *
 * Cost: O(n) in what overlaps, times what starts at one time.
 */
export function togetherIn<T extends { readonly block: number }>(
  placement: Pick<Placement, "overlaps">,
  all: readonly T[],
  startOf: (each: T) => number,
): ReadonlyMap<T, Together<T>> {
  const found = new Map<T, Together<T>>();
  const overlapping = new Set(placement.overlaps?.flatMap(({ blocks }) => blocks));
  if (overlapping.size === 0) {
    return found;
  }
  const starting = new Map<number, T[]>();
  for (const each of all) {
    if (!overlapping.has(each.block)) {
      continue;
    }
    const beside = starting.get(startOf(each)) ?? [];
    starting.set(startOf(each), [...beside, each]);
    for (const other of beside) {
      const duration = jointDuration(placement, each.block, other.block);
      if (duration !== undefined && !found.has(other) && !found.has(each)) {
        found.set(each, { other, duration });
        found.set(other, { other: each, duration });
      }
    }
  }
  return found;
}
