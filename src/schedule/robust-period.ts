/**
 * The period that a repeating order keeps when real durations jitter.
 *
 * On paper a tight schedule and one with slack at the right places have the same period. In reality
 * every block takes a little more or less each time; a block that is late delays what waits for it,
 * and a block that is early gains only if nothing else holds its successors back. The devices keep
 * the order of the schedule and start each block as soon as it may (the order is what a pipeline
 * runtime executes, not the times). So the order is run that way with noise, many times, and its
 * pace is measured.
 *
 * A run starts from the schedule's own times, takes WARM_UP micro-batches to forget them and counts
 * the next MEASURED. All candidates see the same noise: block b of micro-batch i has one factor per
 * run, whatever the schedule; differences are then due to the order and not to luck.
 *
 * Example: `a` (2) and `c` (2) on device 0, `b` (4) on device 1, a before b before c, period 4. When
 * each starts right after the other ends, a late `a` delays `b`, `b` delays `c`, and `c` the next
 * `a`: every lateness stays. With a repetition of distance between them the devices wait for each
 * other only when several blocks in a row are late.
 *
 * Source: self-timed execution of marked graphs (Baccelli et al., Synchronization and Linearity,
 * 1992); common random numbers: Law and Kelton, Simulation Modeling and Analysis.
 */
import { seededRandom } from "../core/random.js";
import { quantile } from "../core/statistics.js";
import type { Placement } from "../placement/placement.js";
import { type EventGraph, eventGraph } from "./event-graph.js";
import type { PeriodicSchedule } from "./pipeline-schedule.js";

/** The noise of a simulation. */
export interface NoiseOptions {
  readonly seed: number;
  /** Noisy executions, at least 1; default 64. */
  readonly runs?: number;
  /** Durations are times a factor, uniform in 1 - spread to 1 + spread; default 0.1. */
  readonly spread?: number;
}

/** Steady time per micro-batch under noise, in the placement's time unit. */
export interface NoisyPeriod {
  readonly mean: number;
  /** Nineteen runs out of twenty are not slower. */
  readonly p95: number;
}

/** A schedule and how it bears noise. */
export interface RankedSchedule {
  readonly schedule: PeriodicSchedule;
  readonly noisy: NoisyPeriod;
}

const RUNS = 64;
const SPREAD = 0.1;

/** Micro-batches before and while a run is measured. */
const WARM_UP = 16;
const MEASURED = 48;

/**
 * The pace of a schedule's order under noise; the same on every machine for the same seed.
 *
 * Requires: a right schedule. Cost: O(runs * 64 * (blocks + dependencies)).
 */
export function noisyPeriod(
  placement: Placement,
  schedule: PeriodicSchedule,
  options: NoiseOptions,
): NoisyPeriod {
  return noisyPeriodIn(placement, schedule, noiseTables(placement, options));
}

/**
 * Schedules by p95 under the same noise, the least first; those that tie stay in the given order.
 * They are meant to be equal on paper: a shorter period wins here only as far as noise lets it.
 *
 * Requires: right schedules of the placement. Cost: that of `noisyPeriod` per candidate.
 */
export function rankByNoisyPeriod(
  placement: Placement,
  candidates: readonly PeriodicSchedule[],
  options: NoiseOptions,
): readonly RankedSchedule[] {
  const tables = noiseTables(placement, options);
  return candidates
    .map((schedule) => ({ schedule, noisy: noisyPeriodIn(placement, schedule, tables) }))
    .sort((a, b) => a.noisy.p95 - b.noisy.p95);
}

/** Micro-batches with noise of their own; those of a block in one run are fewer. */
const TABLE = 128;

/** Noisy durations per run: block b of micro-batch i at (i modulo TABLE) * blocks + b. */
function noiseTables({ blocks }: Placement, options: NoiseOptions): readonly Float64Array[] {
  const { seed, runs = RUNS, spread = SPREAD } = options;
  return Array.from({ length: runs }, (_, run) => {
    const random = seededRandom(seed).fork(run);
    const durations = new Float64Array(TABLE * blocks.length);
    for (let at = 0; at < durations.length; at++) {
      const duration = blocks[at % blocks.length]?.duration ?? 0;
      durations[at] = duration * random.between(1 - spread, 1 + spread);
    }
    return durations;
  });
}

function noisyPeriodIn(
  placement: Placement,
  schedule: PeriodicSchedule,
  tables: readonly Float64Array[],
): NoisyPeriod {
  if (placement.blocks.length === 0) {
    return { mean: 0, p95: 0 };
  }
  const graph = eventGraph(placement, schedule);
  const periods = tables.map((table) => paceOf(placement, schedule, graph, table));
  const mean = periods.reduce((sum, period) => sum + period, 0) / periods.length;
  return { mean, p95: quantile(periods, 0.95) };
}

/** Time per micro-batch of one run. */
function paceOf(
  { blocks }: Placement,
  { period, microBatchesPerPeriod }: PeriodicSchedule,
  { entries, first, from, distance, latency }: EventGraph,
  table: Float64Array,
): number {
  const count = entries.length;
  const warm = Math.ceil(WARM_UP / microBatchesPerPeriod);
  const repetitions = warm + Math.ceil(MEASURED / microBatchesPerPeriod);
  const ends = new Float64Array(repetitions * count);
  let begin = 0;
  let end = 0;
  for (let turn = 0; turn < repetitions; turn++) {
    end = 0;
    for (let node = 0; node < count; node++) {
      const entry = entries[node];
      if (entry === undefined) {
        continue;
      }
      let start = 0;
      for (let edge = first[node] ?? 0; edge < (first[node + 1] ?? 0); edge++) {
        const before = turn - (distance[edge] ?? 0);
        const source = from[edge] ?? 0;
        const ended = before < 0 ? planned(before, source) : (ends[before * count + source] ?? 0);
        start = Math.max(start, ended + (latency[edge] ?? 0));
      }
      const microBatch = entry.residue + microBatchesPerPeriod * (turn - entry.shift);
      const row = ((microBatch % TABLE) + TABLE) % TABLE;
      ends[turn * count + node] = start + (table[row * blocks.length + entry.block] ?? 0);
      end = Math.max(end, ends[turn * count + node] ?? 0);
    }
    begin = turn === warm - 1 ? end : begin;
  }
  return (end - begin) / ((repetitions - warm) * microBatchesPerPeriod);

  /** End of a node in a repetition before the run. */
  function planned(turn: number, node: number): number {
    const { offset, block } = entries[node] as (typeof entries)[number];
    return turn * period + offset + (blocks[block]?.duration ?? 0);
  }
}
