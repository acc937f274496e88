import type { Placement } from "../placement/placement.js";
import type {
  BlockInstance,
  PeriodicSchedule,
  Phase,
  PipelineSchedule,
} from "./pipeline-schedule.js";

/**
 * The first `microBatches` micro-batches of a periodic schedule, each instance at the time that the
 * period puts it, moved so that the first starts at 0.
 *
 * A period counts as `repetend` when all blocks of the repetend run in it, before that as
 * `warmup`, after it as `cooldown`. Memory in the ramps can differ from the steady state; verify it.
 *
 * Requires: entries of the shape that the placement implies. Cost: O(n log n) in instances.
 */
export function unrollPeriodic(
  placement: Placement,
  { period, microBatchesPerPeriod, repetend }: PeriodicSchedule,
  microBatches: number,
): PipelineSchedule {
  const instances: BlockInstance[] = [];
  const deepest = repetend.reduce((most, { shift }) => Math.max(most, shift), 0);
  const lastFull = Math.floor(microBatches / microBatchesPerPeriod) - 1;
  for (const { block, residue, offset, shift } of repetend) {
    const duration = placement.blocks[block]?.duration ?? 0;
    for (let turn = 0; residue + turn * microBatchesPerPeriod < microBatches; turn++) {
      const start = offset + (turn + shift) * period;
      const phase = phaseOf(turn + shift, deepest, lastFull);
      const microBatch = residue + turn * microBatchesPerPeriod;
      instances.push({ block, microBatch, start, end: start + duration, phase });
    }
  }
  instances.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const origin = instances[0]?.start ?? 0;
  const moved = instances.map((instance) => ({
    ...instance,
    start: instance.start - origin,
    end: instance.end - origin,
  }));
  const makespan = moved.reduce((last, { end }) => Math.max(last, end), 0);
  return { microBatches, instances: moved, makespan };
}

function phaseOf(period: number, deepest: number, lastFull: number): Phase {
  if (period > lastFull) {
    return "cooldown";
  }
  return period < deepest ? "warmup" : "repetend";
}
