/**
 * Start times that repeat with a given period, block after block without going back.
 *
 * Each block goes, after all that it depends on, to the earliest place that is free on its devices
 * and touches what is there already, because the earliest place of all often cuts a device's free time
 * into pieces that are too short. Then, from the last block to the first, blocks that take memory move
 * as late as the places let them: they hold it for a shorter time.
 *
 * Memory limits are not looked at: whoever asks measures and tries another period or order.
 *
 * Source: Rau, Iterative Modulo Scheduling, MICRO 1994; late takes as in swing modulo scheduling
 * (Llosa et al., PACT 1996).
 */
import type { ModuloProblem } from "../modulo/modulo-problem.js";
import { modulo, TakenTimes } from "./taken-times.js";

/** How to place. */
export interface PlacingOptions {
  readonly period: number;
  /** All blocks, each after what it depends on. */
  readonly order: readonly number[];
  /** Only places that touch others, or the earliest. */
  readonly touching: boolean;
}

/**
 * Start times, or `undefined` when a block found no place.
 *
 * Cost: O(n * blocks per device * log(blocks per device)).
 */
export function placeTimes(
  problem: ModuloProblem,
  { period, order, touching }: PlacingOptions,
): Float64Array | undefined {
  const times = new Float64Array(problem.count).fill(Number.NaN);
  const change = new Float64Array(problem.count);
  for (const events of problem.events) {
    for (const event of events) {
      change[event.block] = event.change;
    }
  }
  const placed: Placed = { problem, taken: new TakenTimes(problem, period), period };
  for (const block of order) {
    let ready = 0;
    for (const { block: from, gap } of problem.before[block] ?? []) {
      ready = Math.max(ready, (times[from] ?? 0) + gap);
    }
    const time = firstPlace(placed, block, ready, touching);
    if (time === undefined) {
      return undefined;
    }
    times[block] = time;
    placed.taken.take(block, time);
  }
  for (const block of order.toReversed()) {
    const followers = problem.after[block] ?? [];
    if ((change[block] ?? 0) > 0 && followers.length > 0) {
      let latest = Number.POSITIVE_INFINITY;
      for (const { block: to, gap } of followers) {
        latest = Math.min(latest, (times[to] ?? 0) - gap);
      }
      const now = times[block] ?? 0;
      placed.taken.release(block, now);
      times[block] = Math.max(now, lastPlace(placed, block, latest) ?? now);
      placed.taken.take(block, times[block] ?? 0);
    }
  }
  return times;
}

/** What is placed so far. */
interface Placed {
  readonly problem: ModuloProblem;
  readonly taken: TakenTimes;
  readonly period: number;
}

function firstPlace(
  { problem, taken, period }: Placed,
  block: number,
  ready: number,
  touching: boolean,
): number | undefined {
  const duration = problem.duration[block] ?? 0;
  const phase = modulo(ready, period);
  let best: number | undefined;
  let alone = true;
  const offer = (time: number): void => {
    if ((best === undefined || time < best) && taken.isFree(block, time)) {
      best = time;
    }
  };
  taken.forEachBeside(block, (start, length) => {
    alone = false;
    offer(ready + wrapped(start + length - phase, period));
    if (touching) {
      offer(ready + wrapped(start - duration - phase, period));
    }
  });
  if (alone || !touching || best === undefined) {
    offer(ready);
  }
  return best;
}

function lastPlace(
  { problem, taken, period }: Placed,
  block: number,
  latest: number,
): number | undefined {
  const duration = problem.duration[block] ?? 0;
  const phase = modulo(latest, period);
  let best: number | undefined;
  const offer = (time: number): void => {
    if ((best === undefined || time > best) && taken.isFree(block, time)) {
      best = time;
    }
  };
  offer(latest);
  taken.forEachBeside(block, (start) => {
    offer(latest - wrapped(phase - (start - duration), period));
  });
  return best;
}

/** The rest of a value that is few periods away from [0, `period`): cheaper than a division. */
function wrapped(value: number, period: number): number {
  let rest = value;
  while (rest < 0) {
    rest += period;
  }
  while (rest >= period) {
    rest -= period;
  }
  return rest;
}
