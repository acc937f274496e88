/**
 * Finds the period in a whole schedule that some rule produced.
 *
 * Any q micro-batches in a row that the next q follow at one distance, block by block, may be a
 * repetend with that distance as its period. Of those that repeat rightly it keeps the one with the
 * shortest period per micro-batch.
 * A whole schedule always repeats as one: all its micro-batches are the repetend, and the period
 * is the longest time that a device is taken from its first start to its last end, so that
 * repetitions do not meet on any device.
 *
 * Example: 1F1B on four devices has q = 1; GPipe with eight micro-batches has q = 8.
 */
import { areAlike, latencyIn, runsIn } from "../placement/micro-batches.js";
import type { Block, Placement } from "../placement/placement.js";
import type { PeriodicSchedule, PipelineSchedule, RepetendEntry } from "./pipeline-schedule.js";
import { simulatePipeline } from "./simulate-pipeline.js";
import { verifyPeriodicSchedule } from "./verify-periodic-schedule.js";

/**
 * The repeating schedule inside `whole`, with the shortest period per micro-batch.
 *
 * Requires: `whole` is a valid schedule. Ensures: the result is valid when every device with a
 * limit releases what it takes.
 * Cost: O(64 * instances), and a check of a periodic schedule per improvement.
 */
export function steadyStateOf(placement: Placement, whole: PipelineSchedule): PeriodicSchedule {
  const starts = new Float64Array(placement.blocks.length * whole.microBatches);
  for (const { block, microBatch, start } of whole.instances) {
    starts[microBatch * placement.blocks.length + block] = start;
  }
  const best = areAlike(placement)
    ? bestRepeating(placement, whole.microBatches, starts)
    : undefined;
  if (best !== undefined) {
    return best;
  }
  const windows = simulatePipeline(placement, whole).map(({ instances }) => {
    const last = instances.reduce((latest, { end }) => Math.max(latest, end), 0);
    return last - (instances[0]?.start ?? 0);
  });
  const at = { first: 0, q: whole.microBatches };
  const least = Math.max(...windows, ...waits(placement, whole, starts));
  const close = cut(placement, starts, { ...at, period: least });
  // Memory that changes elsewhere may not last while two repetitions meet.
  return verifyPeriodicSchedule(placement, close).length === 0
    ? close
    : cut(placement, starts, { ...at, period: Math.max(least, whole.makespan) });
}

/** Periods that dependencies on micro-batches of the repetition before ask for. */
function waits(
  placement: Placement,
  { microBatches, instances }: PipelineSchedule,
  starts: Float64Array,
): readonly number[] {
  const { blocks, dependencies } = placement;
  const ends = new Float64Array(starts.length);
  for (const { block, microBatch, end } of instances) {
    ends[microBatch * blocks.length + block] = end;
  }
  return dependencies.flatMap((dependency) => {
    const { from, to, distance = 0 } = dependency;
    return Array.from({ length: Math.min(distance, microBatches) }, (_, microBatch) => {
      const turns = Math.ceil((distance - microBatch) / microBatches);
      const source = microBatch - distance + turns * microBatches;
      const end =
        (ends[source * blocks.length + from] ?? 0) + latencyIn(placement, dependency, source);
      return Math.ceil((end - (starts[microBatch * blocks.length + to] ?? 0)) / turns);
    });
  });
}

/** Rules repeat after at most as many micro-batches as there are devices; this allows many. */
const MOST_RESIDUES = 64;

/** The shortest period per micro-batch; of equal ones the one with fewest micro-batches. */
function bestRepeating(
  placement: Placement,
  microBatches: number,
  starts: Float64Array,
): PeriodicSchedule | undefined {
  let best: PeriodicSchedule | undefined;
  for (let q = 1; q <= MOST_RESIDUES && 2 * q <= microBatches; q++) {
    for (let first = 0; first + 2 * q <= microBatches; first += q) {
      const period = distance(starts, first * placement.blocks.length, q * placement.blocks.length);
      const isBetter = best === undefined || period * best.microBatchesPerPeriod < best.period * q;
      if (period >= 1 && isBetter) {
        const candidate = cut(placement, starts, { first, q, period });
        best = verifyPeriodicSchedule(placement, candidate).length === 0 ? candidate : best;
      }
    }
  }
  return best;
}

/** The delay of each of the next `length` starts when it is the same for all; else 0. */
function distance(starts: Float64Array, at: number, length: number): number {
  const period = (starts[at + length] ?? 0) - (starts[at] ?? 0);
  for (let i = at; i < at + length; i++) {
    if ((starts[i + length] ?? 0) - (starts[i] ?? 0) !== period) {
      return 0;
    }
  }
  return period;
}

function cut(
  { blocks }: Placement,
  starts: Float64Array,
  { first, q, period }: { readonly first: number; readonly q: number; readonly period: number },
): PeriodicSchedule {
  const from = first * blocks.length;
  const window = starts.subarray(from, from + q * blocks.length);
  const entries = Array.from(window, (start, i) => {
    return { start, block: i % blocks.length, residue: Math.floor(i / blocks.length) };
  }).filter(({ block, residue }) => runsIn(blocks[block] as Block, residue));
  const origin = entries.reduce(
    (least, { start }) => Math.min(least, start),
    Number.POSITIVE_INFINITY,
  );
  const repetend = entries.map(({ start, block, residue }): RepetendEntry => {
    const time = start - origin;
    return { block, residue, offset: time % period, shift: Math.floor(time / period) };
  });
  return { period, microBatchesPerPeriod: q, repetend };
}
