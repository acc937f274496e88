import type { Placement } from "../../placement/placement.js";
import type { Ratio } from "../../schedule/max-cycle-ratio.js";
import type { PeriodicSchedule, RepetendEntry } from "../../schedule/pipeline-schedule.js";
import { type ModuloProblem, moduloProblem } from "./modulo/modulo-problem.js";

/** Start times that repeat with `period`. */
export interface FoundPeriod {
  /** Of `copies` micro-batches. */
  readonly problem: ModuloProblem;
  readonly copies: number;
  /** Integer. */
  readonly period: number;
  /** Per block of the problem. */
  readonly times: Float64Array;
}

/** Whether `one` takes less time for each micro-batch than `other`; nothing takes longest. */
export function isFaster(one: FoundPeriod | undefined, other: FoundPeriod | undefined): boolean {
  return (
    one !== undefined &&
    (other === undefined || one.period * other.copies < other.period * one.copies)
  );
}

/** Whether `found` takes no more for each micro-batch than a bound, unrounded. */
export function reaches(
  { period, copies }: FoundPeriod,
  { numerator, denominator }: Ratio,
): boolean {
  return period * denominator === numerator * copies;
}

/** Longest path of a micro-batch, to the end of its last block. */
export function latencyAtLeast(problem: ModuloProblem): number {
  const start = new Float64Array(problem.count);
  let longest = 0;
  for (const block of problem.topological) {
    const time = start[block] ?? 0;
    longest = Math.max(longest, time + (problem.duration[block] ?? 0));
    for (const { block: to, gap } of problem.after[block] ?? []) {
      start[to] = Math.max(start[to] ?? 0, time + gap);
    }
  }
  return longest;
}

/** Longest time from the first start to the last end of a micro-batch. */
export function latencyOf({ problem, times }: FoundPeriod): number {
  let longest = 0;
  for (let copy = 0; copy < problem.count; copy += problem.base) {
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (let block = copy; block < copy + problem.base; block++) {
      first = Math.min(first, times[block] ?? 0);
      last = Math.max(last, (times[block] ?? 0) + (problem.duration[block] ?? 0));
    }
    longest = Math.max(longest, last - first);
  }
  return longest;
}

/** As a schedule: each copy's first block enters in [0, period), the first copy's at 0. */
export function periodicOf({ problem, times, period, copies }: FoundPeriod): PeriodicSchedule {
  const { base } = problem;
  const starts = Array.from({ length: copies }, (_, copy) =>
    times.subarray(copy * base, (copy + 1) * base).reduce((a, b) => Math.min(a, b)),
  );
  const origin = starts[0] ?? 0;
  const entering = starts
    .map((start, copy) => ({ copy, turns: Math.floor((start - origin) / period) }))
    .map(({ copy, turns }) => ({ copy, turns, at: (starts[copy] ?? 0) - turns * period }))
    .sort((a, b) => a.at - b.at);
  const repetend: RepetendEntry[] = entering.flatMap(({ copy, turns }, residue) =>
    Array.from({ length: base }, (_, block) => {
      const time = (times[copy * base + block] ?? 0) - origin - turns * period;
      return { block, residue, offset: time % period, shift: Math.floor(time / period) };
    }),
  );
  return { period, microBatchesPerPeriod: copies, repetend };
}

/** The start times of a schedule; the other way round than `periodicOf`. */
export function foundOf(placement: Placement, schedule: PeriodicSchedule): FoundPeriod {
  const { period, microBatchesPerPeriod: copies, repetend } = schedule;
  const problem = moduloProblem(placement, copies);
  const times = new Float64Array(problem.count);
  for (const { block, residue, offset, shift } of repetend) {
    times[residue * problem.base + block] = offset + shift * period;
  }
  return { problem, copies, period, times };
}
