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
 * each starts as soon as the other ends, a late `a` delays `b`, `b` delays `c`, and `c` the next
 * `a`: every lateness stays. With a repetition of distance between them the devices wait for each
 * other only when several blocks in a row are late.
 *
 * Source: self-timed execution of marked graphs (Baccelli et al., Synchronization and Linearity,
 * 1992); common random numbers: Law and Kelton, Simulation Modeling and Analysis.
 */
import { present } from "../core/invariant.js";
import { type Random, seededRandom } from "../core/random.js";
import { quantile } from "../core/statistics.js";
import type { Placement } from "../placement/placement.js";
import { eventGraph } from "./event-graph.js";
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
 * Requires: a valid schedule. Cost: O(runs * 64 * (blocks + dependencies)).
 */
export function noisyPeriod(
  placement: Placement,
  schedule: PeriodicSchedule,
  options: NoiseOptions,
): NoisyPeriod {
  const [ranked] = rankByNoisyPeriod(placement, [schedule], options);
  return present(ranked, "the only candidate").noisy;
}

/**
 * Schedules by p95 under the same noise, the least first; those that tie stay in the given order.
 * They are meant to be equal on paper: a shorter period wins here only as far as noise lets it.
 *
 * Requires: valid schedules of the placement. Cost: that of `noisyPeriod` per candidate.
 */
export function rankByNoisyPeriod(
  placement: Placement,
  candidates: readonly PeriodicSchedule[],
  options: NoiseOptions,
): readonly RankedSchedule[] {
  const { seed, runs = RUNS, spread = SPREAD } = options;
  const runners = candidates.map((schedule) => runnerOf(placement, schedule));
  const periods = candidates.map(() => new Float64Array(runs));
  const table = new Float64Array(TABLE * placement.blocks.length);
  for (let run = 0; run < runs; run++) {
    fillTable(table, placement, seededRandom(seed).fork(run), spread);
    for (const [at, runner] of runners.entries()) {
      (periods[at] as Float64Array)[run] = runner(table);
    }
  }
  return candidates
    .map((schedule, at) => ({ schedule, noisy: summary(periods[at] as Float64Array) }))
    .sort((a, b) => a.noisy.p95 - b.noisy.p95);
}

function summary(periods: Float64Array): NoisyPeriod {
  const mean = periods.reduce((sum, period) => sum + period, 0) / periods.length;
  return { mean, p95: quantile([...periods], 0.95) };
}

/** Micro-batches with noise of their own; those of a block in one run are fewer. */
const TABLE = 128;

/** Noisy durations of a run: block b of micro-batch i at (i modulo TABLE) * blocks + b. */
function fillTable(
  table: Float64Array,
  { blocks }: Placement,
  random: Random,
  spread: number,
): void {
  const durations = Float64Array.from(blocks, ({ duration }) => duration);
  for (let row = 0; row < table.length; row += durations.length) {
    for (let block = 0; block < durations.length; block++) {
      table[row + block] = durations[block]! * random.between(1 - spread, 1 + spread);
    }
  }
}

/** Runs a schedule's order once with the durations of a table: the time per micro-batch. */
type Runner = (table: Float64Array) => number;

/** The runner of a schedule; its buffers serve all runs. */
function runnerOf(placement: Placement, schedule: PeriodicSchedule): Runner {
  const { blocks } = placement;
  if (blocks.length === 0) {
    return () => 0;
  }
  const { period, microBatchesPerPeriod } = schedule;
  const { entries, first, from, distance, latency } = eventGraph(placement, schedule);
  const count = entries.length;
  const warm = Math.ceil(WARM_UP / microBatchesPerPeriod);
  const repetitions = warm + Math.ceil(MEASURED / microBatchesPerPeriod);
  const blockOf = Int32Array.from(entries, ({ block }) => block);
  /** Micro-batch of each node in repetition 0. */
  const microBatchOf = Float64Array.from(
    entries,
    ({ residue, shift }) => residue - microBatchesPerPeriod * shift,
  );
  /** End of each node in repetition 0 as it is planned. */
  const planned = Float64Array.from(
    entries,
    ({ offset, block }) => offset + (blocks[block]?.duration ?? 0),
  );
  const ends = new Float64Array(repetitions * count);
  return (table) => {
    let begin = 0;
    let end = 0;
    for (let turn = 0; turn < repetitions; turn++) {
      end = 0;
      for (let node = 0; node < count; node++) {
        let start = 0;
        for (let edge = first[node]!; edge < first[node + 1]!; edge++) {
          const before = turn - distance[edge]!;
          const source = from[edge]!;
          const ended =
            before < 0 ? before * period + planned[source]! : ends[before * count + source]!;
          start = Math.max(start, ended + latency[edge]!);
        }
        const microBatch = microBatchOf[node]! + microBatchesPerPeriod * turn;
        const row = ((microBatch % TABLE) + TABLE) % TABLE;
        const ended = start + table[row * blocks.length + blockOf[node]!]!;
        ends[turn * count + node] = ended;
        end = Math.max(end, ended);
      }
      begin = turn === warm - 1 ? end : begin;
    }
    return (end - begin) / ((repetitions - warm) * microBatchesPerPeriod);
  };
}
