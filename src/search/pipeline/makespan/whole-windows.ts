/**
 * Whether a whole schedule can be so short: times before which nothing starts and after which nothing ends, and
 * the orders that follow from them, until nothing moves or there is a contradiction.
 *
 * Every instance of a block has a *head*, the least time until it starts, and a *tail*, the least time from its end
 * to the end of the schedule. Within a makespan T its window is from its head to T less its tail.
 *
 * 1. Dependencies, the order of micro-batches, and certain orders of a device raise heads and tails.
 * 2. An instance that would end after the latest start of another of its device comes after it.
 * 3. Memory makes orders certain (`order-counts.ts`), and lets nothing start before enough can have been given
 *    back, whoever gives it (`memory-waits.ts`).
 * 4. What is certain to come before an instance takes its time, all of it together.
 *
 * Micro-batches are alike, so each block taking them in order loses nothing; that makes 2 and 3 strong. The rules
 * for sets of jobs that nothing orders (edges: Carlier and Pinson, 1989) added nothing to these where tried.
 */
import type { BothWays } from "./chain-problem.js";
import { type Direction, waitForMemory } from "./memory-waits.js";
import { OrderCounts } from "./order-counts.js";
import { sortByKey } from "./stable-order.js";
import { ThetaTree } from "./theta-tree.js";

/** Windows of all instances for one makespan; instance k of block b stands at b * microBatches + k. */
export class WholeWindows {
  /** Instances looked at so far. */
  work = 0;
  readonly #ways: BothWays;
  readonly #makespan: number;
  readonly #heads: Float64Array;
  readonly #tails: Float64Array;
  readonly #counts: OrderCounts;
  readonly #tree: ThetaTree;

  /** `from`: windows of a longer makespan, which are taken over. */
  constructor(ways: BothWays, makespan: number, from?: WholeWindows) {
    const { blocks, microBatches: n, devices } = ways.forwards;
    this.#ways = ways;
    this.#makespan = makespan;
    if (from === undefined) {
      const most = devices.reduce((count, device) => Math.max(count, device.blocks.length), 0);
      this.#heads = new Float64Array(blocks * n);
      this.#tails = new Float64Array(blocks * n);
      this.#counts = new OrderCounts(ways);
      this.#tree = new ThetaTree(most * n);
    } else {
      this.#heads = from.#heads.slice();
      this.#tails = from.#tails.slice();
      this.#counts = new OrderCounts(ways, from.#counts);
      this.#tree = from.#tree;
    }
  }

  /** Whether no schedule is so short; false when `maxWork` leaves it open. */
  isRefuted(maxWork: number): boolean {
    for (let isMoving = true; isMoving && this.work < maxWork; ) {
      const settled = this.#settle(maxWork);
      if (settled === undefined) {
        return true;
      }
      isMoving = settled;
      for (const isForwards of [true, false]) {
        const moved = this.#wait(isForwards) || this.#gather(isForwards);
        if (this.#isOver()) {
          return true;
        }
        isMoving ||= moved;
      }
    }
    return false;
  }

  /** Where the order of two instances is open, both ways to decide it, the likelier first; `undefined`: nowhere. */
  branches(): readonly [WholeWindows, WholeWindows] | undefined {
    const open = this.#counts.firstOpen(this.#heads);
    if (open === undefined) {
      return undefined;
    }
    const n = this.#ways.forwards.microBatches;
    const mine = this.#heads[open.block * n + open.k]!;
    const theirs = this.#heads[open.partner.block * n + open.other]!;
    const isOtherFirst =
      theirs < mine ||
      (theirs === mine &&
        this.#latest(open.partner.block, open.other) < this.#latest(open.block, open.k));
    const branch = (isOther: boolean): WholeWindows => {
      const windows = new WholeWindows(this.#ways, this.#makespan, this);
      windows.#counts.decide(open, isOther);
      return windows;
    };
    return [branch(isOtherFirst), branch(!isOtherFirst)];
  }

  /** The earliest starts; a schedule where nothing is open. Instance k of block b at b * microBatches + k. */
  get starts(): Float64Array {
    return this.#heads;
  }

  /** Rules that cost little, until they move nothing; whether they did. `undefined`: a contradiction. */
  #settle(maxWork: number): boolean | undefined {
    let hasMoved = false;
    for (let isMoving = true; isMoving && this.work < maxWork; hasMoved ||= isMoving) {
      const moved = this.#sweep(true) || this.#sweep(false);
      const ordered = this.#isOver() ? undefined : this.#order();
      if (ordered === undefined) {
        return undefined;
      }
      isMoving = moved || ordered;
    }
    return hasMoved;
  }

  #isOver(): boolean {
    const { microBatches: n, durations } = this.#ways.forwards;
    return this.#heads.some(
      (head, at) => head + durations[Math.floor(at / n)]! + this.#tails[at]! > this.#makespan,
    );
  }

  #direction(isForwards: boolean): Direction {
    return {
      way: isForwards ? this.#ways.forwards : this.#ways.backwards,
      isForwards,
      times: isForwards ? this.#heads : this.#tails,
      counts: this.#counts,
    };
  }

  /** Times by dependencies and orders; in the order of the times as they are. */
  #sweep(isForwards: boolean): boolean {
    const direction = this.#direction(isForwards);
    const { way, times } = direction;
    const n = way.microBatches;
    let isMoving = false;
    for (const at of byTime(direction)) {
      const block = Math.floor(at / n);
      const time = nextTime(direction, block, at - block * n);
      if (time > times[at]!) {
        times[at] = time;
        isMoving = true;
      }
    }
    this.work += times.length;
    return isMoving;
  }

  /** Orders by time and by memory; `undefined`: a contradiction. */
  #order(): boolean | undefined {
    const { microBatches: n, durations } = this.#ways.forwards;
    const counts = this.#counts;
    let isNew = false;
    for (const [block, own] of counts.partners.entries()) {
      for (const partner of own) {
        let count = 0;
        for (let k = 0; k < n; k++) {
          const end = this.#heads[block * n + k]! + durations[block]!;
          while (count < n && this.#latest(partner.block, count) < end) {
            count++;
          }
          isNew = counts.raise(partner, k, count) || isNew;
        }
      }
    }
    if (!counts.agree()) {
      return undefined;
    }
    const remembered = counts.remember();
    return remembered === undefined || !counts.agree() ? undefined : isNew || remembered;
  }

  /** Latest start. */
  #latest(block: number, k: number): number {
    const { microBatches, durations } = this.#ways.forwards;
    return this.#makespan - this.#tails[block * microBatches + k]! - durations[block]!;
  }

  #wait(isForwards: boolean): boolean {
    const direction = this.#direction(isForwards);
    this.work += direction.times.length;
    const moved = direction.way.devices.map((device) => waitForMemory(direction, device));
    return moved.includes(true);
  }

  /** All that is certain to come before, together. */
  #gather(isForwards: boolean): boolean {
    const direction = this.#direction(isForwards);
    const { way, times } = direction;
    const raised = times.slice();
    for (const { blocks } of way.devices) {
      const rank = rankOf(blocks, direction);
      for (const block of blocks) {
        this.#gatherBefore(direction, { block, blocks, rank, raised });
      }
      this.work += blocks.length ** 2 * way.microBatches;
    }
    const isMoving = raised.some((time, at) => time > times[at]!);
    times.set(raised);
    return isMoving;
  }

  /** What comes before the instances of a block grows from one to the next. */
  #gatherBefore(
    { way, isForwards, times, counts }: Direction,
    { block, blocks, rank, raised }: Gathering,
  ): void {
    const { microBatches: n, durations } = way;
    const tree = this.#tree;
    tree.clear(blocks.length * n);
    const own = counts.partners[block]!.filter((each) => blocks.includes(each.block));
    const inside = own.map(() => 0);
    for (let k = 0; k < n; k++) {
      const place = isForwards ? k : n - 1 - k;
      for (const [each, { block: other, at }] of own.entries()) {
        const count = isForwards ? counts.least[at + place]! : n - counts.most[at + place]!;
        for (; inside[each]! < count; inside[each]!++) {
          const item = other * n + (isForwards ? inside[each]! : n - 1 - inside[each]!);
          tree.insert(rank[item]!, times[item]!, durations[other]!);
        }
      }
      const item = block * n + place;
      raised[item] = Math.max(raised[item]!, tree.end);
      tree.insert(rank[item]!, times[item]!, durations[block]!);
    }
  }
}

interface Gathering {
  readonly block: number;
  /** Of the device. */
  readonly blocks: readonly number[];
  /** By instance: its place among those of the device, by time. */
  readonly rank: Int32Array;
  readonly raised: Float64Array;
}

/** Instances by time; those of equal times along dependencies. */
function byTime({ way, isForwards, times }: Direction): Uint32Array {
  const { microBatches: n, order } = way;
  const list = new Uint32Array(order.length * n);
  let at = 0;
  for (let k = 0; k < n; k++) {
    for (const block of order) {
      list[at++] = block * n + (isForwards ? k : n - 1 - k);
    }
  }
  sortByKey(list, times);
  return list;
}

/** The least time of an instance behind what it waits for, its chain, and what comes just before it. */
function nextTime({ way, isForwards, times, counts }: Direction, block: number, k: number): number {
  const { microBatches: n, durations, before } = way;
  const step = isForwards ? -1 : 1;
  let time = times[block * n + k]!;
  if (k + step >= 0 && k + step < n) {
    time = Math.max(time, times[block * n + k + step]! + durations[block]!);
  }
  for (const wait of before[block]!) {
    time = Math.max(time, times[wait.block * n + k]! + durations[wait.block]! + wait.latency);
  }
  for (const { block: other, at } of counts.partners[block]!) {
    const last = isForwards ? counts.least[at + k]! - 1 : counts.most[at + k]!;
    if (last >= 0 && last < n) {
      time = Math.max(time, times[other * n + last]! + durations[other]!);
    }
  }
  return time;
}

function rankOf(blocks: readonly number[], { way, times }: Direction): Int32Array {
  const n = way.microBatches;
  const order = Uint32Array.from(
    { length: blocks.length * n },
    (_, at) => blocks[Math.floor(at / n)]! * n + (at % n),
  );
  sortByKey(order, times);
  const rank = new Int32Array(times.length);
  order.forEach((at, place) => {
    rank[at] = place;
  });
  return rank;
}
