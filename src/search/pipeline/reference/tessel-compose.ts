import type { Placement } from "../../../placement/placement.js";
import type {
  BlockInstance,
  PeriodicSchedule,
  Phase,
  PipelineSchedule,
} from "../../../schedule/pipeline-schedule.js";
import type { OrderItem } from "../../../schedule/run-orders.js";

/** One instance of every block, repeated every `period`. */
export interface Repetend {
  readonly period: number;
  /** Start of each block. */
  readonly starts: readonly number[];
  /** Micro-batch of each block, from 0. */
  readonly mids: readonly number[];
}

/** A warm-up or a cool-down: its instances and their starts, the first from 0 on. */
export interface Part {
  readonly items: readonly OrderItem[];
  readonly starts: readonly number[];
}

/** A repetend and what runs before and behind it. */
export interface TesselParts {
  readonly repetend: Repetend;
  readonly warmup: Part;
  readonly cooldown: Part;
}

/** What a repetend leaves to do for the micro-batches that are in it. */
export interface PartsAround {
  /** Instances of the warm-up. */
  readonly before: readonly OrderItem[];
  /** Instances of the cool-down. */
  readonly behind: readonly OrderItem[];
  /** Memory of each device when the first repetend begins. */
  readonly heldFirst: readonly number[];
  /** Memory of each device when the cool-down of one repetend begins. */
  readonly held: readonly number[];
}

/** The parts around one repetend. */
export function partsAround({ blocks, devices }: Placement, mids: readonly number[]): PartsAround {
  const count = Math.max(...mids) + 1;
  const heldFirst = devices.map(() => 0);
  const held = devices.map(() => 0);
  const before: OrderItem[] = [];
  const behind: OrderItem[] = [];
  mids.forEach((mid, block) => {
    for (const device of blocks[block]?.devices ?? []) {
      const memory = blocks[block]?.memory ?? 0;
      heldFirst[device] = (heldFirst[device] ?? 0) + mid * memory;
      held[device] = (held[device] ?? 0) + (mid + 1) * memory;
    }
    for (let microBatch = 0; microBatch < count; microBatch++) {
      if (microBatch !== mid) {
        (microBatch < mid ? before : behind).push({ block, microBatch });
      }
    }
  });
  return { before, behind, heldFirst, held };
}

/** The periodic schedule that repeats a repetend. */
export function periodicOf({ period, starts, mids }: Repetend): PeriodicSchedule {
  const deepest = Math.max(...mids);
  const repetend = starts.map((start, block) => {
    const time = start + (deepest - (mids[block] ?? 0)) * period;
    return { block, residue: 0, offset: time % period, shift: Math.floor(time / period) };
  });
  return { period, microBatchesPerPeriod: 1, repetend };
}

/**
 * Warm-up, as many repetends as there are micro-batches for, cool-down; barriers between them. With
 * fewer micro-batches than are in the repetend, the others are left out.
 */
export function composeTessel(
  placement: Placement,
  { repetend, warmup, cooldown }: TesselParts,
  microBatches: number,
): { readonly periodic: PeriodicSchedule; readonly whole: PipelineSchedule } {
  const { period, starts, mids } = repetend;
  const repeats = Math.max(1, microBatches - Math.max(...mids));
  const slowest = placement.dependencies.reduce((most, { latency }) => Math.max(most, latency), 0);
  const instances: BlockInstance[] = [];
  let end = 0;
  const add = (items: readonly OrderItem[], times: readonly number[], phase: Phase): void => {
    const from = instances.length === 0 || items.length === 0 ? end : end + slowest;
    items.forEach(({ block, microBatch }, at) => {
      const start = from + (times[at] ?? 0);
      const stop = start + (placement.blocks[block]?.duration ?? 0);
      instances.push({ block, microBatch, start, end: stop, phase });
      end = Math.max(end, stop);
    });
  };
  add(warmup.items, warmup.starts, "warmup");
  const turns = Array.from({ length: repeats }, (_, turn) => turn);
  add(
    turns.flatMap((turn) => mids.map((mid, block) => ({ block, microBatch: mid + turn }))),
    turns.flatMap((turn) => starts.map((start) => start + turn * period)),
    "repetend",
  );
  const later = cooldown.items.map(({ block, microBatch }) => ({
    block,
    microBatch: microBatch + repeats - 1,
  }));
  add(later, cooldown.starts, "cooldown");
  const kept = instances.filter(({ microBatch }) => microBatch < microBatches);
  kept.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const makespan = kept.reduce((last, instance) => Math.max(last, instance.end), 0);
  return {
    periodic: periodicOf(repetend),
    whole: { microBatches, instances: kept, makespan },
  };
}
