import type { Placement } from "../../../placement/placement.js";
import { deviceLoads } from "../../../schedule/pipeline-metrics.js";

/** Longest path from the start of each block to the end of the micro-batch, latencies included. */
export function pathsBehind(placement: Placement): Float64Array {
  const behind = Float64Array.from(placement.blocks, ({ duration }) => duration);
  for (const block of upwards(placement).toReversed()) {
    for (const { from, to, latency } of placement.dependencies) {
      if (from === block) {
        const path = (placement.blocks[from]?.duration ?? 0) + latency + (behind[to] ?? 0);
        behind[from] = Math.max(behind[from] ?? 0, path);
      }
    }
  }
  return behind;
}

/** Longest path from the start of the micro-batch to the start of each block. */
export function pathsBefore(placement: Placement): Float64Array {
  const before = new Float64Array(placement.blocks.length);
  for (const block of upwards(placement)) {
    for (const { from, to, latency } of placement.dependencies) {
      if (from === block) {
        const path = (before[from] ?? 0) + (placement.blocks[from]?.duration ?? 0) + latency;
        before[to] = Math.max(before[to] ?? 0, path);
      }
    }
  }
  return before;
}

/** Blocks in an order in which dependencies point forwards. */
function upwards({ blocks, dependencies }: Placement): readonly number[] {
  const missing = new Int32Array(blocks.length);
  for (const { to } of dependencies) {
    missing[to] = (missing[to] ?? 0) + 1;
  }
  const order = blocks.flatMap((_, at) => (missing[at] === 0 ? [at] : []));
  for (let i = 0; i < order.length; i++) {
    for (const { from, to } of dependencies) {
      if (from === order[i]) {
        missing[to] = (missing[to] ?? 0) - 1;
        if (missing[to] === 0) {
          order.push(to);
        }
      }
    }
  }
  return order;
}

/**
 * No schedule of `microBatches` micro-batches is shorter: a device does all its work after the
 * shortest way to it and before the shortest way from it; and one micro-batch takes its longest path.
 *
 * Cost: O(blocks * dependencies).
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
