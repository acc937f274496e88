/**
 * How fast the order of a schedule is when blocks take other times than those it was made for.
 *
 * A pipeline runtime executes an order: every device starts its next block as soon as what it waits for is
 * done. So with other durations the times of a schedule move and its order stays, and with it the
 * memory of every device.
 *
 * Example: `f` (1) then `b` (2) on one device, period 3. With durations 2 and 3 the same order has period 5.
 */
import type { Placement } from "../placement/placement.js";
import { eventGraph } from "./event-graph.js";
import { maxCycleRatio } from "./max-cycle-ratio.js";
import type { PeriodicSchedule, PipelineSchedule } from "./pipeline-schedule.js";

/**
 * Least period of a repeating order, rounded up to a whole unit of time; for all micro-batches of the period.
 *
 * Requires: a valid schedule of a placement with the same blocks and dependencies. Cost: that of `maxCycleRatio`.
 */
export function periodInOrder(placement: Placement, schedule: PeriodicSchedule): number {
  const graph = eventGraph(placement, schedule);
  const durations = Float64Array.from(
    graph.entries,
    ({ block }) => placement.blocks[block]?.duration ?? 0,
  );
  const { numerator, denominator } = maxCycleRatio(graph, durations).ratio;
  return Math.ceil(numerator / denominator);
}

/**
 * Time until the last block of a whole schedule ends when its devices keep their order.
 *
 * Requires: as `periodInOrder`. Cost: O(instances x (dependencies + devices) of a block).
 */
export function makespanInOrder(
  { blocks, dependencies, devices }: Placement,
  { microBatches, instances }: PipelineSchedule,
): number {
  const before: { readonly from: number; readonly latency: number }[][] = blocks.map(() => []);
  for (const { from, to, latency } of dependencies) {
    before[to]?.push({ from, latency });
  }
  const ends = new Float64Array(blocks.length * microBatches);
  const free = new Float64Array(devices.length);
  let last = 0;
  for (const { block, microBatch } of instances) {
    let start = 0;
    for (const { from, latency } of before[block] ?? []) {
      start = Math.max(start, ends[from * microBatches + microBatch]! + latency);
    }
    const { duration = 0, devices: on = [] } = blocks[block] ?? {};
    for (const device of on) {
      start = Math.max(start, free[device]!);
    }
    const end = start + duration;
    ends[block * microBatches + microBatch] = end;
    for (const device of on) {
      free[device] = end;
    }
    last = Math.max(last, end);
  }
  return last;
}
