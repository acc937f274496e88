/**
 * Start times that repeat with a given period, block after block without going back.
 *
 * Each block goes, after all that it depends on, to the earliest place that is free on its devices
 * and touches what is there already, because the earliest place of all often cuts a device's free time
 * into pieces that are too short. Then blocks that take memory move as late as the places let them, the
 * last one first, and blocks that give it back as early, the first one first, in turn until nothing
 * moves: each round shortens what lies between them, and memory is held for a shorter time.
 *
 * Memory limits are not looked at: whoever asks measures and tries another period or order.
 *
 * Source: Rau, Iterative Modulo Scheduling, MICRO 1994; late takes as in swing modulo scheduling
 * (Llosa et al., PACT 1996); moving to and fro as in project scheduling (Li and Willis, 1992).
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

/** What placing gave, and its work. */
export interface Placing {
  /** Start times; `undefined` when a block found no place. */
  readonly times: Float64Array | undefined;
  /** Blocks with a place that were looked at. */
  readonly looked: number;
}

/** Rounds of `compact` at most; a few are usual. */
const MAX_ROUNDS = 12;

/**
 * Start times that repeat with a period, as far as every block finds a place.
 *
 * Cost: O(n * blocks per device * log(blocks per device)), and that for each of a few rounds.
 */
export function placeTimes(
  problem: ModuloProblem,
  { period, order, touching }: PlacingOptions,
): Placing {
  const times = new Float64Array(problem.count).fill(Number.NaN);
  const change = new Float64Array(problem.count);
  for (const events of problem.events) {
    for (const event of events) {
      change[event.block] = event.change;
    }
  }
  const placed: Placed = { problem, times, taken: new TakenTimes(problem, period), period };
  for (const block of order) {
    let ready = 0;
    for (const { block: from, gap } of problem.before[block] ?? []) {
      ready = Math.max(ready, (times[from] ?? 0) + gap);
    }
    const time = firstPlace(placed, block, ready, touching);
    if (time === undefined) {
      return { times: undefined, looked: placed.taken.looked };
    }
    times[block] = time;
    placed.taken.take(block, time);
  }
  compact(placed, order, change);
  return { times, looked: placed.taken.looked };
}

/** Moves takes as late and releases as early as places let them, until nothing moves. */
function compact(placed: Placed, order: readonly number[], change: Float64Array): void {
  const takes = order.filter((block) => (change[block] ?? 0) > 0).reverse();
  const releases = order.filter((block) => (change[block] ?? 0) < 0);
  let moves = true;
  for (let round = 0; moves && round < MAX_ROUNDS; round++) {
    moves = false;
    for (const block of takes) {
      moves = delay(placed, block) || moves;
    }
    for (const block of releases) {
      moves = advance(placed, block) || moves;
    }
  }
}

/** Moves a block as late as what follows it allows; whether it moved. */
function delay(placed: Placed, block: number): boolean {
  const { problem, times } = placed;
  let latest = Number.POSITIVE_INFINITY;
  for (const { block: to, gap } of problem.after[block] ?? []) {
    latest = Math.min(latest, (times[to] ?? 0) - gap);
  }
  const now = times[block] ?? 0;
  if (latest === Number.POSITIVE_INFINITY || latest <= now) {
    return false;
  }
  placed.taken.release(block, now);
  times[block] = Math.max(now, lastPlace(placed, block, latest) ?? now);
  placed.taken.take(block, times[block] ?? 0);
  return times[block] !== now;
}

/** Moves a block as early as what it depends on allows; whether it moved. */
function advance(placed: Placed, block: number): boolean {
  const { problem, times } = placed;
  let ready = Number.NEGATIVE_INFINITY;
  for (const { block: from, gap } of problem.before[block] ?? []) {
    ready = Math.max(ready, (times[from] ?? 0) + gap);
  }
  const now = times[block] ?? 0;
  if (ready === Number.NEGATIVE_INFINITY || ready >= now) {
    return false;
  }
  placed.taken.release(block, now);
  times[block] = Math.min(now, firstPlace(placed, block, ready, false) ?? now);
  placed.taken.take(block, times[block] ?? 0);
  return times[block] !== now;
}

/** What is placed so far. */
interface Placed {
  readonly problem: ModuloProblem;
  /** NaN without a place. */
  readonly times: Float64Array;
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
