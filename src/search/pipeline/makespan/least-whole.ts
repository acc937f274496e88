/**
 * How short a whole schedule can be at best: makespans are assumed and refuted, bisecting between what is known.
 *
 * Example: V-shape on four devices with memory 3, 8 micro-batches: within 51 steps forward 6 of the first device
 * could not wait for the memory that it needs. So 52 is least, where load and longest path alone say 44.
 *
 * Why not a linear program: over the orders of devices its relaxation is as weak as the longest path; over
 * times it has a variable for each instance and moment. Source: destructive bounds (Klein and Scholl, 1999).
 */
import type { Placement } from "../../../placement/placement.js";
import { chainsOf } from "./chain-problem.js";
import { WholeWindows } from "./whole-windows.js";

/** What is asked of a makespan. */
export interface LeastWholeOptions {
  /** No schedule is shorter, as is known. */
  readonly low: number;
  /** A schedule so long is known. */
  readonly high: number;
  /** Block instances looked at, at most. */
  readonly maxWork: number;
}

/**
 * More pairs of instances that share a device are not looked at: `verify`, which goes through them all, would not
 * accept what they prove.
 */
const MOST_PAIRS = 4_000_000;

/**
 * A makespan that no schedule of `microBatches` micro-batches is below: at least `low`, at most `high`.
 *
 * Deterministic. Cost: a question takes some dozens of rounds of O(n log n) in instances.
 */
export function leastWhole(
  placement: Placement,
  microBatches: number,
  { low, high, maxWork }: LeastWholeOptions,
): number {
  let [least, most, left] = [Math.min(low, high), high, maxWork];
  if (least === most || left === 0 || !Number.isFinite(high)) {
    return least;
  }
  if (pairsOf(placement, microBatches) > MOST_PAIRS) {
    return least;
  }
  const ways = chainsOf(placement, microBatches);
  let kept: WholeWindows | undefined;
  for (let asked = high - 1; least < most && left > 0; asked = Math.floor((least + most) / 2)) {
    const windows = new WholeWindows(ways, asked, kept);
    const isRefuted = windows.isRefuted(left);
    left -= windows.work;
    if (isRefuted) {
      least = asked + 1;
    } else {
      [most, kept] = [asked, windows];
    }
  }
  return least;
}

function pairsOf({ blocks, devices }: Placement, microBatches: number): number {
  return devices.reduce((sum, _, device) => {
    const own = blocks.filter((block) => block.devices.includes(device)).length;
    return sum + (own * microBatches) ** 2;
  }, 0);
}
