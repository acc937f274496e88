/**
 * A whole schedule for N micro-batches out of a periodic one.
 *
 * The periodic schedule is cut to N micro-batches, then every block starts as early as its
 * dependencies and the order on its devices allow. The memory of a device depends only on the order
 * of its blocks, so it stays as it was; nothing waits for a barrier between warm-up, repetend and
 * cool-down. Blocks only move earlier, so the schedule is never longer than the cut one.
 *
 * Example: V-shape, 4 devices, 16 micro-batches: 16 + 15 * 4 = 76 steps.
 *
 * Which order is best for few micro-batches is a harder question; the lower bound tells how far the
 * answer can be off.
 */
import type { Placement } from "../../placement/placement.js";
import { labelPhases } from "../../schedule/label-phases.js";
import type {
  BlockInstance,
  PeriodicSchedule,
  PipelineSchedule,
} from "../../schedule/pipeline-schedule.js";
import { simulatePipeline } from "../../schedule/simulate-pipeline.js";
import { unrollPeriodic } from "../../schedule/unroll-periodic.js";

/**
 * `microBatches` micro-batches in the order of `periodic`, as early as possible, with phases;
 * `undefined` when the ramps would pass a memory limit (possible only where a device gives memory
 * back before it takes it). Where starting earlier does not shorten the whole, the cut schedule is
 * kept, so that its repetition stays visible.
 *
 * Cost: O(n log n) in block instances and their dependencies.
 */
export function completeSchedule(
  placement: Placement,
  periodic: PeriodicSchedule,
  microBatches: number,
): PipelineSchedule | undefined {
  const cut = unrollPeriodic(placement, periodic, microBatches);
  const early = asEarlyAsPossible(placement, cut);
  const best = early.makespan < cut.makespan ? early : cut;
  const fits = simulatePipeline(placement, best).every(({ peakMemory }, device) => {
    const limit = placement.devices[device]?.memory;
    return limit === undefined || peakMemory <= limit;
  });
  return fits ? labelPhases(periodic, best).whole : undefined;
}

/**
 * The blocks of a whole schedule in the order in which they are given, on every device, each as early as that allows.
 *
 * Requires: each comes after what it depends on. Cost: O(n log n) in block instances and their dependencies.
 */
export function asEarlyAsPossible(
  placement: Placement,
  whole: Pick<PipelineSchedule, "microBatches" | "instances">,
): PipelineSchedule {
  const { blocks, dependencies } = placement;
  const before: { readonly from: number; readonly latency: number }[][] = blocks.map(() => []);
  for (const { from, to, latency } of dependencies) {
    before[to]?.push({ from, latency });
  }
  const ends = new Float64Array(blocks.length * whole.microBatches);
  const free = new Float64Array(placement.devices.length);
  const instances = whole.instances.map((instance): BlockInstance => {
    const { block, microBatch } = instance;
    const devices = blocks[block]?.devices ?? [];
    const base = microBatch * blocks.length;
    let start = 0;
    for (const { from, latency } of before[block] ?? []) {
      start = Math.max(start, (ends[base + from] ?? 0) + latency);
    }
    for (const device of devices) {
      start = Math.max(start, free[device] ?? 0);
    }
    const end = start + (blocks[block]?.duration ?? 0);
    ends[base + block] = end;
    for (const device of devices) {
      free[device] = end;
    }
    return { ...instance, start, end };
  });
  instances.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const makespan = instances.reduce((last, { end }) => Math.max(last, end), 0);
  return { microBatches: whole.microBatches, instances, makespan };
}
