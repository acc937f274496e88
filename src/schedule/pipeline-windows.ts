import type { BlockInstance } from "./pipeline-schedule.js";

/**
 * The most micro-batches that `producer` has begun and `consumer` has not finished, at any time of a
 * schedule: how far it lets the one run ahead of the other.
 *
 * Requires: both are positions of blocks that every micro-batch has. Cost: O(n log n).
 */
export function aheadOf(
  instances: readonly BlockInstance[],
  producer: number,
  consumer: number,
): number {
  const starts = instances.filter(({ block }) => block === producer).map(({ start }) => start);
  const ends = instances.filter(({ block }) => block === consumer).map(({ end }) => end);
  starts.sort((a, b) => a - b);
  ends.sort((a, b) => a - b);
  let most = 0;
  let finished = 0;
  starts.forEach((start, begun) => {
    while ((ends[finished] ?? Number.POSITIVE_INFINITY) <= start) {
      finished++;
    }
    most = Math.max(most, begun + 1 - finished);
  });
  return most;
}
