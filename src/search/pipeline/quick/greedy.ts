/**
 * A list schedule for any placement: micro-batch after micro-batch, every block goes into the
 * earliest gap of its devices.
 *
 * Within a micro-batch blocks come by the longest path behind them, which puts a block after what it
 * depends on. A block on several devices looks for a gap that all of them share. Memory is kept by
 * admission: a micro-batch begins only when so many earlier ones have ended that every device could
 * hold all that the others may ever take at once. This wastes memory where a micro-batch gives back
 * before it takes again, and is never stuck.
 *
 * Example: on the V-shape with four devices and memory 4 at most four micro-batches are begun, and
 * the schedule is 1F1B. On the M-shape the gaps that a wide block leaves are filled by later
 * micro-batches; starting at each time whatever can start would never find all devices idle.
 *
 * Source: Graham, Bounds on Multiprocessing Timing Anomalies, SIAM J. Appl. Math. 1969 (list
 * scheduling); the admission rule is our own.
 */
import type { Placement } from "../../../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { earliestGap, type Interval, insertInterval } from "../intervals.js";
import { pathsBehind } from "../path-bounds.js";

/**
 * The list schedule of `microBatches` micro-batches. On a device where even one micro-batch may
 * take more than the limit, depending on its order, the result can exceed it: verify it.
 *
 * Order: blocks with equal paths behind them go by position.
 * Cost: O(instances * instances per device) at worst; usually a gap is near.
 */
export function greedySchedule(placement: Placement, microBatches: number): PipelineSchedule {
  const { blocks, dependencies } = placement;
  const behind = pathsBehind(placement);
  const order = blocks
    .map((_, at) => at)
    .sort((a, b) => (behind[b] ?? 0) - (behind[a] ?? 0) || a - b);
  const followers = blocks.map((_, block) => dependencies.filter(({ from }) => from === block));
  const most = mostBegun(placement);
  const taken: Interval[][] = placement.devices.map(() => []);
  const finishes: number[] = [];
  const instances: BlockInstance[] = [];
  for (let microBatch = 0; microBatch < microBatches; microBatch++) {
    const from = finishes[microBatch - most] ?? 0;
    const ready = new Float64Array(blocks.length).fill(from);
    let finish = from;
    for (const block of order) {
      const { duration = 0, devices = [] } = blocks[block] ?? {};
      const lines = devices.map((device) => taken[device] ?? []);
      const start = earliestGap(lines, ready[block] ?? 0, duration);
      const end = start + duration;
      lines.forEach((line) => {
        insertInterval(line, { start, end });
      });
      for (const { to, latency } of followers[block] ?? []) {
        ready[to] = Math.max(ready[to] ?? 0, end + latency);
      }
      instances.push({ block, microBatch, start, end, phase: "repetend" });
      finish = Math.max(finish, end);
    }
    finishes.push(finish);
    finishes.sort((a, b) => a - b);
  }
  instances.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const makespan = instances.reduce((last, { end }) => Math.max(last, end), 0);
  return { microBatches, instances, makespan };
}

/** Without a limit: enough for every device to be busy while a micro-batch is on its way. */
const MOST_BEGUN = 64;

/** Micro-batches that may be begun at once, at least 1. */
function mostBegun({ devices, blocks }: Placement): number {
  const counts = devices.map(({ memory }, device) => {
    const own = blocks.filter((block) => block.devices.includes(device));
    const held = own.reduce((sum, block) => sum + Math.max(0, block.memory), 0);
    const workspace = own.reduce((most, block) => Math.max(most, block.workspace), 0);
    return memory === undefined || held === 0
      ? MOST_BEGUN
      : Math.floor((memory - workspace) / held);
  });
  return Math.max(1, Math.min(MOST_BEGUN, ...counts));
}
