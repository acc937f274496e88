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

/** How to place. */
export interface PlacingOptions {
  readonly period: number;
  /** All blocks, each after what it depends on. */
  readonly order: readonly number[];
  /** Only places that touch others, or the earliest. */
  readonly touching: boolean;
}

/** Start times, or `undefined` when a block found no place. Cost: O(n * blocks per device). */
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
  for (const block of order) {
    let ready = 0;
    for (const { block: from, gap } of problem.before[block] ?? []) {
      ready = Math.max(ready, (times[from] ?? 0) + gap);
    }
    const time = firstPlace({ problem, times, period }, block, ready, touching);
    if (time === undefined) {
      return undefined;
    }
    times[block] = time;
  }
  for (const block of order.toReversed()) {
    const followers = problem.after[block] ?? [];
    if ((change[block] ?? 0) > 0 && followers.length > 0) {
      let latest = Number.POSITIVE_INFINITY;
      for (const { block: to, gap } of followers) {
        latest = Math.min(latest, (times[to] ?? 0) - gap);
      }
      const now = times[block] ?? 0;
      times[block] = Number.NaN;
      times[block] = Math.max(now, lastPlace({ problem, times, period }, block, latest) ?? now);
    }
  }
  return times;
}

/** What is placed so far. */
interface Placed {
  readonly problem: ModuloProblem;
  /** NaN without a place. */
  readonly times: Float64Array;
  readonly period: number;
}

function firstPlace(
  placed: Placed,
  block: number,
  ready: number,
  touching: boolean,
): number | undefined {
  const { problem, times, period } = placed;
  const duration = problem.duration[block] ?? 0;
  let best: number | undefined;
  let alone = true;
  const offer = (time: number): void => {
    if ((best === undefined || time < best) && isFree(placed, block, time)) {
      best = time;
    }
  };
  for (const device of problem.devicesOf[block] ?? []) {
    for (const other of problem.blocksOn[device] ?? []) {
      const start = times[other] ?? Number.NaN;
      if (!Number.isNaN(start)) {
        alone = false;
        const end = start + (problem.duration[other] ?? 0);
        offer(ready + modulo(end - ready, period));
        if (touching) {
          offer(ready + modulo(start - duration - ready, period));
        }
      }
    }
  }
  if (alone || !touching || best === undefined) {
    offer(ready);
  }
  return best;
}

function lastPlace(placed: Placed, block: number, latest: number): number | undefined {
  const { problem, times, period } = placed;
  const duration = problem.duration[block] ?? 0;
  let best: number | undefined;
  const offer = (time: number): void => {
    if ((best === undefined || time > best) && isFree(placed, block, time)) {
      best = time;
    }
  };
  offer(latest);
  for (const device of problem.devicesOf[block] ?? []) {
    for (const other of problem.blocksOn[device] ?? []) {
      const start = times[other] ?? Number.NaN;
      if (!Number.isNaN(start)) {
        offer(latest - modulo(latest - (start - duration), period));
      }
    }
  }
  return best;
}

function isFree({ problem, times, period }: Placed, block: number, time: number): boolean {
  const duration = problem.duration[block] ?? 0;
  if (duration > period) {
    return false;
  }
  for (const device of problem.devicesOf[block] ?? []) {
    for (const other of problem.blocksOn[device] ?? []) {
      const start = times[other] ?? Number.NaN;
      if (!Number.isNaN(start)) {
        const ahead = modulo(start - time, period);
        if (ahead < duration || period - ahead < (problem.duration[other] ?? 0)) {
          return false;
        }
      }
    }
  }
  return true;
}

function modulo(value: number, period: number): number {
  const rest = value % period;
  return rest < 0 ? rest + period : rest;
}
