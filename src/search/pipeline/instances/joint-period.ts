/**
 * Periods in which blocks that overlap always go together.
 *
 * Of the overlaps some are chosen, at most one for each block. The two blocks of such a pair, of whichever micro-batches, then have
 * one place in the period, of their joint time, and the period can be as short as the work of a device with pairs counted once.
 * Blocks are placed as they can begin, each at the first free place of its devices from then on; the second of a pair waits for
 * the next time at which the place of the first comes by. How many periods lie between two blocks is free, so only memory and
 * gaps can make this fail: then chance chooses other pairs, orders and places, and at last the period is made longer.
 *
 * Example: DualPipe on 8 devices, each with two forwards, two input gradients beside one of them each, and two weight gradients of 1
 * each: a period of 4. The forwards of both directions run down and up without waiting, and an input gradient finds the place
 * of the forward of the other direction whenever it arrives.
 */
import { type Random, seededRandom } from "../../../core/random.js";
import { isPlain } from "../../../placement/micro-batches.js";
import { withoutOverlaps } from "../../../placement/overlaps.js";
import type { Overlap, Placement } from "../../../placement/placement.js";
import { deviceLoads } from "../../../schedule/pipeline-metrics.js";
import type { PeriodicSchedule } from "../../../schedule/pipeline-schedule.js";
import { steadyPeakMemory } from "../../../schedule/verify-periodic-schedule.js";
import { followersOf } from "../path-bounds.js";

/** Periods that are tried, from the shortest to that of blocks apart. */
const PERIODS = 8;
/** Blocks placed for each of them. */
const WORK = 20_000;
/** A block goes to a later place than its first so often. */
const LATER = 0.15;

/**
 * The shortest period with pairs that is found, and of those tried the one in which a micro-batch is done first; `undefined` where
 * none is found, or the placement has more than overlaps that is not plain. Deterministic.
 *
 * Cost: at most `PERIODS` times `WORK` blocks placed, each among the blocks of its devices.
 */
export function jointPeriod(placement: Placement, seed: number): PeriodicSchedule | undefined {
  const { overlaps = [], blocks } = placement;
  if (overlaps.length === 0 || !isPlain(withoutOverlaps(placement))) {
    return undefined;
  }
  const random = seededRandom(seed);
  const apart = Math.max(...deviceLoads(withoutOverlaps(placement)));
  const least = Math.max(...deviceLoads(placement));
  const step = Math.max(1, Math.ceil((apart - least) / PERIODS));
  const tries = Math.ceil(WORK / blocks.length);
  for (let period = least; period < apart; period += step) {
    let best: Placed | undefined;
    for (let attempt = 0; attempt < tries; attempt++) {
      const isFirst = attempt === 0;
      const pairs = pairsOf(placement, isFirst ? undefined : random);
      const placed = new Placing(placement, pairs, period, isFirst ? undefined : random).run();
      if (placed !== undefined && (best === undefined || placed.latency < best.latency)) {
        best = isWithinMemory(placement, placed.schedule) ? placed : best;
      }
    }
    if (best !== undefined) {
      return best.schedule;
    }
  }
  return undefined;
}

/** A schedule, and the time from its first start to its last end of a micro-batch. */
interface Placed {
  readonly schedule: PeriodicSchedule;
  readonly latency: number;
}

function isWithinMemory(placement: Placement, schedule: PeriodicSchedule): boolean {
  const peaks = steadyPeakMemory(placement, schedule);
  return placement.devices.every(
    ({ memory }, device) => memory === undefined || (peaks[device] ?? Infinity) <= memory,
  );
}

/** A partner of a block, and how long both take. */
interface Partner {
  readonly other: number;
  readonly duration: number;
}

/** Of each block at most one overlap, those that save most first, equal ones by chance. */
function pairsOf(
  { blocks, overlaps = [] }: Placement,
  random: Random | undefined,
): ReadonlyMap<number, Partner> {
  const savedBy = ({ blocks: pair, duration }: Overlap): number =>
    pair.reduce((sum, at) => sum + (blocks[at]?.duration ?? 0), 0) - duration;
  const order = overlaps.map((overlap) => ({
    overlap,
    saved: savedBy(overlap),
    chance: random?.next() ?? 0,
  }));
  order.sort((a, b) => b.saved - a.saved || a.chance - b.chance);
  const pairs = new Map<number, Partner>();
  for (const { overlap } of order) {
    const [a, b] = overlap.blocks;
    if (!(pairs.has(a) || pairs.has(b))) {
      pairs.set(a, { other: b, duration: overlap.duration });
      pairs.set(b, { other: a, duration: overlap.duration });
    }
  }
  return pairs;
}

/** A stretch of a period that is taken, from a start in [0, period). */
interface Taken {
  readonly start: number;
  readonly duration: number;
}

/** The blocks of a micro-batch while they are placed. */
class Placing {
  readonly #placement: Placement;
  readonly #pairs: ReadonlyMap<number, Partner>;
  readonly #period: number;
  readonly #random: Random | undefined;
  readonly #taken: readonly Taken[][];
  /** By block: when it can begin, and when it does; -1 before that is known. */
  readonly #ready: Float64Array;
  readonly #time: Float64Array;

  constructor(
    placement: Placement,
    pairs: ReadonlyMap<number, Partner>,
    period: number,
    random: Random | undefined,
  ) {
    this.#placement = placement;
    this.#pairs = pairs;
    this.#period = period;
    this.#random = random;
    this.#taken = placement.devices.map(() => []);
    this.#ready = new Float64Array(placement.blocks.length);
    this.#time = new Float64Array(placement.blocks.length).fill(-1);
  }

  /** `undefined`: the places of some block's devices have no gap of its length in common. */
  run(): Placed | undefined {
    const { blocks, dependencies } = this.#placement;
    const followers = followersOf(this.#placement);
    const missing = new Int32Array(blocks.length);
    for (const { to } of dependencies) {
      missing[to]!++;
    }
    const able = new Set([...blocks.keys()].filter((at) => missing[at] === 0));
    let latency = 0;
    while (able.size > 0) {
      const at = this.#first(able);
      const duration = this.#durationOf(at);
      if (!this.#place(at, duration)) {
        return undefined;
      }
      able.delete(at);
      const end = this.#time[at]! + duration;
      latency = Math.max(latency, end);
      for (const { to, latency: sending } of followers[at]!) {
        this.#ready[to] = Math.max(this.#ready[to]!, end + sending);
        missing[to]!--;
        if (missing[to] === 0) {
          able.add(to);
        }
      }
    }
    return { schedule: this.#schedule(), latency };
  }

  #schedule(): PeriodicSchedule {
    const period = this.#period;
    const origin = this.#time.reduce((least, time) => Math.min(least, time), Infinity);
    const repetend = Array.from(this.#time, (time, block) => ({
      block,
      residue: 0,
      offset: (time - origin) % period,
      shift: Math.floor((time - origin) / period),
    }));
    return { period, microBatchesPerPeriod: 1, repetend };
  }

  #durationOf(at: number): number {
    return this.#pairs.get(at)?.duration ?? this.#placement.blocks[at]?.duration ?? 0;
  }

  /** The block that can begin first, of equal ones the first by position, or any by chance. */
  #first(able: ReadonlySet<number>): number {
    let [best, least] = [-1, [Infinity, Infinity]];
    for (const at of able) {
      const key = [this.#ready[at]!, this.#random?.next() ?? at];
      if (key[0]! < least[0]! || (key[0] === least[0] && key[1]! < least[1]!)) {
        [best, least] = [at, key];
      }
    }
    return best;
  }

  /** Gives a block its time; `false`: there is no gap for it. */
  #place(at: number, duration: number): boolean {
    const other = this.#time[this.#pairs.get(at)?.other ?? -1] ?? -1;
    const ready = this.#ready[at]!;
    if (other >= 0) {
      const [from, to] = [ready % this.#period, other % this.#period];
      this.#time[at] = ready + (to >= from ? to - from : to - from + this.#period);
      return true;
    }
    const own = this.#placement.blocks[at]!.devices.map((device) => this.#taken[device]!);
    let time = this.#gap(own, ready, duration);
    if (time !== undefined && this.#random !== undefined && this.#random.next() < LATER) {
      time = this.#gap(own, time + duration, duration) ?? time;
    }
    if (time === undefined) {
      return false;
    }
    this.#time[at] = time;
    for (const taken of own) {
      taken.push({ start: time % this.#period, duration });
    }
    return true;
  }

  /** The first time from `ready` on, within a period, at which nothing of these is in the way. */
  #gap(own: readonly (readonly Taken[])[], ready: number, duration: number): number | undefined {
    const period = this.#period;
    let time = ready;
    for (let moved = true; moved; ) {
      moved = false;
      for (const { start, duration: length } of own.flat()) {
        const since = (((time - start) % period) + period) % period;
        if (since < length || period - since < duration) {
          time += since < length ? length - since : period - since + length;
          moved = true;
        }
      }
      if (time >= ready + period) {
        return undefined;
      }
    }
    return duration <= period ? time : undefined;
  }
}
