import type { ChainProblem, DeviceChains } from "./chain-problem.js";
import type { OrderCounts } from "./order-counts.js";
import { sortByKey } from "./stable-order.js";

/** One direction of time: the chains, their times, and what is certain of their orders. */
export interface Direction {
  readonly way: ChainProblem;
  readonly isForwards: boolean;
  /** Least times until instances start, in this direction; at block * microBatches + micro-batch. */
  readonly times: Float64Array;
  readonly counts: OrderCounts;
}

/**
 * Lets nothing of a device start before enough memory can have been given back, whoever gives it. Returns whether
 * any time is later than before. Cost: O(n log n) in instances of the device, times its blocks.
 */
export function waitForMemory(direction: Direction, device: DeviceChains): boolean {
  const { way, isForwards, times } = direction;
  const n = way.microBatches;
  if (device.limit === Number.POSITIVE_INFINITY) {
    return false;
  }
  const given = givenBy(way, device.blocks, times);
  let isMoving = false;
  for (const block of device.blocks) {
    const needs = needsOf(direction, device, block);
    for (let k = 0; k < n; k++) {
      const at = block * n + (isForwards ? k : n - 1 - k);
      const need = needs[k]!;
      const time = need > 0 ? earliestSum(given, need) : 0;
      if (time > times[at]!) {
        times[at] = time;
        isMoving = true;
      }
    }
  }
  return isMoving;
}

/** By place in the chain of a block: units that must have been given back before. */
function needsOf(
  { way, isForwards, counts }: Direction,
  { blocks, base, limit }: DeviceChains,
  block: number,
): Float64Array {
  const { microBatches: n, steps } = way;
  const { keep, peak } = steps[block]!;
  // What the block itself has given by then is among what all have given.
  const needs = Float64Array.from(
    { length: n },
    (_, k) => base + Math.max(0, keep) * k + peak - limit,
  );
  for (const { block: other, at } of counts.partners[block]!) {
    const each = steps[other]!.keep;
    if (each > 0 && blocks.includes(other)) {
      for (let k = 0; k < n; k++) {
        needs[k]! += each * (isForwards ? counts.least[at + k]! : n - counts.most[at + n - 1 - k]!);
      }
    }
  }
  return needs;
}

interface Given {
  readonly ends: Float64Array;
  readonly sums: Float64Array;
}

/** Ends of what gives memory, ascending, and how much can have been given by each. */
function givenBy(
  { microBatches: n, steps, durations }: ChainProblem,
  blocks: readonly number[],
  times: Float64Array,
): Given {
  const gives = blocks.filter((block) => steps[block]!.keep < 0);
  const ends = Float64Array.from({ length: gives.length * n }, (_, at) => {
    const block = gives[Math.floor(at / n)]!;
    return times[block * n + (at % n)]! + durations[block]!;
  });
  const order = Uint32Array.from(ends, (_, at) => at);
  sortByKey(order, ends);
  let sum = 0;
  const sums = Float64Array.from(order, (at) => {
    sum -= steps[gives[Math.floor(at / n)]!]!.keep;
    return sum;
  });
  return { ends: Float64Array.from(order, (at) => ends[at]!), sums };
}

/** The first time by which so many units can have been given; infinity if never. */
function earliestSum({ ends, sums }: Given, need: number): number {
  let low = 0;
  let high = sums.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle]! >= need) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return ends[low] ?? Number.POSITIVE_INFINITY;
}
