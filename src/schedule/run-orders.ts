import { present } from "../core/invariant.js";
import type { Placement } from "../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "./pipeline-schedule.js";

/** One block of one micro-batch, in the order of a device. */
export interface OrderItem {
  readonly block: number;
  readonly microBatch: number;
}

/** What orders come to: a whole schedule, or the first item that waits for ever and its device. */
export type OrdersOutcome =
  | { readonly kind: "whole"; readonly whole: PipelineSchedule }
  | { readonly kind: "stuck"; readonly device: number; readonly item: OrderItem };

/**
 * Runs every device through its order, each item as early as its dependencies and the order allow;
 * `stuck` when the orders wait for each other in a circle, or leave out what an item waits for.
 *
 * Requires: no block of a micro-batch stands twice in the order of a device.
 * Cost: O(items * (dependencies per block + devices per block)) and a sort.
 */
export function runOrders(
  { blocks, dependencies }: Placement,
  orders: readonly (readonly OrderItem[])[],
  microBatches: number,
): OrdersOutcome {
  const before: { from: number; latency: number }[][] = blocks.map(() => []);
  for (const { from, to, latency } of dependencies) {
    before[to]?.push({ from, latency });
  }
  const ends = new Float64Array(blocks.length * microBatches).fill(-1);
  const next = orders.map(() => 0);
  const free = orders.map(() => 0);
  const instances: BlockInstance[] = [];
  const tryHead = (device: number): boolean => {
    const item = orders[device]?.[next[device] ?? 0];
    if (item === undefined) {
      return false;
    }
    const { block, microBatch } = item;
    const { devices, duration } = present(blocks[block], "block of an order");
    const isHead = devices.every((each) => {
      const head = orders[each]?.[next[each] ?? 0];
      return head?.block === block && head.microBatch === microBatch;
    });
    const base = microBatch * blocks.length;
    const ready = (before[block] ?? []).map(({ from, latency }) => {
      const end = ends[base + from] ?? -1;
      return end < 0 ? Number.POSITIVE_INFINITY : end + latency;
    });
    const start = Math.max(0, ...ready, ...devices.map((each) => free[each] ?? 0));
    if (!isHead || !Number.isFinite(start)) {
      return false;
    }
    const end = start + duration;
    ends[base + block] = end;
    for (const each of devices) {
      next[each] = (next[each] ?? 0) + 1;
      free[each] = end;
    }
    instances.push({ block, microBatch, start, end, phase: "repetend" });
    return true;
  };
  for (let isMoving = true; isMoving; ) {
    isMoving = false;
    for (let device = 0; device < orders.length; device++) {
      while (tryHead(device)) {
        isMoving = true;
      }
    }
  }
  const device = orders.findIndex((order, at) => (next[at] ?? 0) < order.length);
  const item = orders[device]?.[next[device] ?? 0];
  if (item !== undefined) {
    return { kind: "stuck", device, item };
  }
  instances.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const makespan = instances.reduce((last, { end }) => Math.max(last, end), 0);
  return { kind: "whole", whole: { microBatches, instances, makespan } };
}
