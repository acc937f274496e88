import { isPlainInAnyOrder } from "../placement/micro-batches.js";
import type { Placement } from "../placement/placement.js";
import { earliestStarts } from "./earliest-starts.js";
import { leastMakespanOfInstances } from "./least-makespan-of-instances.js";

/**
 * A makespan that no schedule of `microBatches` micro-batches is below, from the placement alone; it
 * shares no code with the searches. A micro-batch takes its longest path; a device first waits for
 * the shortest way to one of its blocks, then does all its work, and then the shortest way from one
 * of its blocks to the end is left.
 *
 * Example: V-shape on four devices, 16 micro-batches: device 0 has nothing before or behind its
 * 16 * 4 = 64; device 3 waits 3 and leaves 9 behind: 76.
 * Cost: O(blocks + dependencies + devices * blocks).
 */
export function leastMakespan(placement: Placement, microBatches: number): number {
  if (!isPlainInAnyOrder(placement)) {
    return leastMakespanOfInstances(placement, microBatches);
  }
  const { blocks, dependencies, devices } = placement;
  const heads = earliestStarts(placement, new Float64Array(blocks.length));
  const flipped = dependencies.map(({ from, to, latency }) => ({ from: to, to: from, latency }));
  const tails = earliestStarts({ blocks, dependencies: flipped }, new Float64Array(blocks.length));
  let least = 0;
  for (const [block, { duration }] of blocks.entries()) {
    least = Math.max(least, (heads[block] ?? 0) + duration + (tails[block] ?? 0));
  }
  for (const device of devices.keys()) {
    let [load, head, tail] = [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const [at, block] of blocks.entries()) {
      if (block.devices.includes(device)) {
        load += block.duration;
        head = Math.min(head, heads[at] ?? 0);
        tail = Math.min(tail, tails[at] ?? 0);
      }
    }
    least = load === 0 ? least : Math.max(least, head + load * microBatches + tail);
  }
  return least;
}
