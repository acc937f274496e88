/**
 * Proves from the placement alone that no schedule of so many micro-batches ends within a time. It shares no code
 * with the search.
 *
 * Suppose there were such a schedule. Micro-batches are alike, so there is one in which every block takes them in
 * their order. Each instance then has an earliest start and a latest end, and for each two blocks of a device it
 * is known how many instances of the one come before an instance of the other, at least and at most. These follow
 * from each other:
 * - times from dependencies, from what comes before or after for certain, and from all of that together, as a
 *   device runs one at a time;
 * - orders from times: what cannot end before the other must start comes later;
 * - orders from memory: the level of a device before an instance is the sum of what its blocks keep times how
 *   many come before; where it would pass the limit, takes come later and gives earlier;
 * - times from memory: nothing starts before enough can have been given back.
 * Once some instance has no time left, or no order, the assumption was wrong.
 *
 * Example: V-shape on four devices with memory 3, 8 micro-batches: forward k of the first device waits for backward
 * k - 3, 16 later than forward k - 3. So forward 6 starts at 32, and with the work of the last device 52 is least.
 *
 * Source: disjunctive constraints (Carlier, 1982) and the earliest end of a preemptive machine (Jackson, 1955);
 * counts of instances are our own.
 */
import { isPlainInAnyOrder } from "../placement/micro-batches.js";
import type { Placement } from "../placement/placement.js";

/** More comparisons of instances of a device than this are not made; nothing is proved then. */
const MOST_COMPARISONS = 4_000_000;

/** Rounds at most; claims that hold take some dozens. */
const MOST_ROUNDS = 2000;

/** Comparisons of instances that a round makes at worst. */
function comparisonsOf({ blocks, devices }: Placement, microBatches: number): number {
  return devices.reduce((sum, _, device) => {
    const own = blocks.filter((block) => block.devices.includes(device)).length;
    return sum + (own * microBatches) ** 2;
  }, 0);
}

/**
 * Whether it is certain that no schedule of `microBatches` micro-batches ends within `makespan`. False proves
 * nothing: so where micro-batches differ or depend on each other.
 *
 * Cost: O(comparisons) a round.
 */
export function isTooShort(placement: Placement, microBatches: number, makespan: number): boolean {
  if (!isPlainInAnyOrder(placement) || comparisonsOf(placement, microBatches) > MOST_COMPARISONS) {
    return false;
  }
  const assumption = new Assumption(placement, microBatches, makespan);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = assumption.moves;
    if (assumption.isContradicted()) {
      return true;
    }
    if (assumption.moves === before) {
      return false;
    }
  }
  return false;
}

/** Two blocks of a device: how many instances of `second` come before each of `first`. */
interface Pair {
  readonly first: number;
  readonly second: number;
  readonly least: Int32Array;
  readonly most: Int32Array;
}

/** That there is a schedule within a time, and what follows. */
class Assumption {
  /** Changes so far. */
  moves = 0;
  readonly #placement: Placement;
  readonly #count: number;
  /** By block and micro-batch. */
  readonly #starts: readonly Float64Array[];
  readonly #ends: readonly Float64Array[];
  /** By first block, then by second; those that share a device. */
  readonly #pairs: readonly ReadonlyMap<number, Pair>[];
  /** Blocks of each device. */
  readonly #on: readonly (readonly number[])[];

  constructor(placement: Placement, count: number, makespan: number) {
    const { blocks, devices } = placement;
    this.#placement = placement;
    this.#count = count;
    this.#starts = blocks.map(() => new Float64Array(count));
    this.#ends = blocks.map(() => new Float64Array(count).fill(makespan));
    this.#on = devices.map((_, device) =>
      [...blocks.keys()].filter((at) => blocks[at]?.devices.includes(device)),
    );
    this.#pairs = blocks.map((block, first) => {
      const others = [...blocks.keys()].filter(
        (at) => at !== first && blocks[at]?.devices.some((each) => block.devices.includes(each)),
      );
      return new Map(
        others.map((second) => {
          const most = new Int32Array(count).fill(count);
          return [second, { first, second, least: new Int32Array(count), most }];
        }),
      );
    });
    this.#orderPaths();
  }

  /** One round of conclusions; whether they contradict each other. */
  isContradicted(): boolean {
    this.#followTimes();
    this.#orderByTime();
    this.#orderByMemory();
    this.#closeOrders();
    this.#waitForMemory();
    this.#waitForWork();
    return this.#isImpossible();
  }

  #isImpossible(): boolean {
    const isLate = this.#placement.blocks.some(({ duration }, block) =>
      this.#starts[block]!.some((start, k) => start + duration > this.#ends[block]![k]!),
    );
    return (
      isLate ||
      this.#pairs.some((own) =>
        [...own.values()].some(({ least, most }) => least.some((count, k) => count > most[k]!)),
      )
    );
  }

  #startAt(block: number, k: number, time: number): void {
    if (time > this.#starts[block]![k]!) {
      this.#starts[block]![k] = time;
      this.moves++;
    }
  }

  #endBy(block: number, k: number, time: number): void {
    if (time < this.#ends[block]![k]!) {
      this.#ends[block]![k] = time;
      this.moves++;
    }
  }

  #atLeast({ least }: Pair, k: number, count: number): void {
    if (count > least[k]!) {
      least[k] = count;
      this.moves++;
    }
  }

  #atMost({ most }: Pair, k: number, count: number): void {
    if (count < most[k]!) {
      most[k] = count;
      this.moves++;
    }
  }

  #durationOf(block: number): number {
    return this.#placement.blocks[block]?.duration ?? 0;
  }

  /** What a block depends on, however far, comes before it in the same micro-batch. */
  #orderPaths(): void {
    const { dependencies, blocks } = this.#placement;
    for (const target of blocks.keys()) {
      const reached = new Set([target]);
      for (let size = 0; size < reached.size; ) {
        size = reached.size;
        for (const { from, to } of dependencies) {
          if (reached.has(to)) {
            reached.add(from);
          }
        }
      }
      for (const pair of this.#pairs[target]!.values()) {
        for (let k = 0; reached.has(pair.second) && k < this.#count; k++) {
          this.#atLeast(pair, k, k + 1);
        }
      }
    }
  }

  /** Dependencies, the order of micro-batches, and the nearest neighbors of other blocks. */
  #followTimes(): void {
    const { dependencies } = this.#placement;
    const last = this.#count - 1;
    for (let k = 0; k <= last; k++) {
      this.#followNeighbors(k, true);
      for (const { from, to, latency } of dependencies) {
        this.#startAt(to, k, this.#starts[from]![k]! + this.#durationOf(from) + latency);
      }
    }
    for (let k = last; k >= 0; k--) {
      this.#followNeighbors(k, false);
      for (const { from, to, latency } of dependencies.toReversed()) {
        this.#endBy(from, k, this.#ends[to]![k]! - this.#durationOf(to) - latency);
      }
    }
  }

  /** Neighbors of micro-batch k: those before it, or those behind. */
  #followNeighbors(k: number, isBefore: boolean): void {
    for (const [block, own] of this.#pairs.entries()) {
      const duration = this.#durationOf(block);
      if (isBefore && k > 0) {
        this.#startAt(block, k, this.#starts[block]![k - 1]! + duration);
      } else if (!isBefore && k + 1 < this.#count) {
        this.#endBy(block, k, this.#ends[block]![k + 1]! - duration);
      }
      for (const { second, least, most } of own.values()) {
        const other = this.#durationOf(second);
        if (isBefore && least[k]! > 0) {
          this.#startAt(block, k, this.#starts[second]![least[k]! - 1]! + other);
        } else if (!isBefore && most[k]! < this.#count) {
          this.#endBy(block, k, this.#ends[second]![most[k]!]! - other);
        }
      }
    }
  }

  /** What could not end in time comes later. */
  #orderByTime(): void {
    for (const own of this.#pairs) {
      for (const pair of own.values()) {
        const { first, second } = pair;
        const [mine, theirs] = [this.#durationOf(first), this.#durationOf(second)];
        let [must, can] = [0, 0];
        for (let k = 0; k < this.#count; k++) {
          const [start, end] = [this.#starts[first]![k]!, this.#ends[first]![k]!];
          while (must < this.#count && this.#ends[second]![must]! - theirs < start + mine) {
            must++;
          }
          while (can < this.#count && this.#starts[second]![can]! + theirs <= end - mine) {
            can++;
          }
          this.#atLeast(pair, k, must);
          this.#atMost(pair, k, can);
        }
      }
    }
  }

  /** Both blocks of a pair say the same, and micro-batches keep their order. */
  #closeOrders(): void {
    for (const own of this.#pairs) {
      for (const pair of own.values()) {
        const converse = this.#pairs[pair.second]!.get(pair.first);
        for (let k = 0; converse !== undefined && k < this.#count; k++) {
          this.#atLeast(pair, k, pair.least[k - 1] ?? 0);
          if (pair.least[k]! > 0) {
            this.#atMost(converse, pair.least[k]! - 1, k);
          }
          if (pair.most[k]! < this.#count) {
            this.#atLeast(converse, pair.most[k]!, k + 1);
          }
        }
        for (let k = this.#count - 2; k >= 0; k--) {
          this.#atMost(pair, k, pair.most[k + 1]!);
        }
      }
    }
  }

  /** Devices with a limit: its blocks, and the room before an instance where nothing else has run. */
  #limited(): readonly { readonly own: readonly number[]; readonly limit: number }[] {
    return this.#placement.devices.flatMap(({ memory }, device) =>
      memory === undefined ? [] : [{ own: this.#on[device]!, limit: memory }],
    );
  }

  #keepOf(block: number): number {
    return this.#placement.blocks[block]?.memory ?? 0;
  }

  /** Most above the level before a block while it runs. */
  #peakOf(block: number): number {
    const { memory = 0, workspace = 0 } = this.#placement.blocks[block] ?? {};
    const isKept = memory < 0 && this.#placement.memoryRelease === "end";
    return (isKept ? 0 : memory) + workspace;
  }

  #orderByMemory(): void {
    for (const { own, limit } of this.#limited()) {
      for (const block of own) {
        const pairs = own.flatMap((other) => this.#pairs[block]!.get(other) ?? []);
        for (let k = 0; k < this.#count; k++) {
          let room = limit - this.#keepOf(block) * k - this.#peakOf(block);
          for (const { second, least, most } of pairs) {
            const keep = this.#keepOf(second);
            room -= keep * (keep > 0 ? least[k]! : most[k]!);
          }
          for (const pair of pairs) {
            this.#orderWithin(pair, k, room);
          }
          if (room < 0) {
            this.#endBy(block, k, Number.NEGATIVE_INFINITY);
          }
        }
      }
    }
  }

  /** `room`: what is left where takes come as seldom and gives as often as they may. */
  #orderWithin(pair: Pair, k: number, room: number): void {
    const keep = this.#keepOf(pair.second);
    if (keep > 0) {
      this.#atMost(pair, k, pair.least[k]! + Math.floor(room / keep));
    } else if (keep < 0) {
      this.#atLeast(pair, k, pair.most[k]! - Math.floor(room / -keep));
    }
  }

  /** Nothing starts before enough can have been given back, nor ends after too much must have been taken. */
  #waitForMemory(): void {
    for (const { own, limit } of this.#limited()) {
      const gives = this.#sums(own, (block) => -this.#keepOf(block), true);
      const takes = this.#sums(own, (block) => this.#keepOf(block), false);
      const left = own.reduce((sum, block) => sum + this.#keepOf(block) * this.#count, 0);
      for (const block of own) {
        const pairs = own.flatMap((other) => this.#pairs[block]!.get(other) ?? []);
        const keep = this.#keepOf(block);
        for (let k = 0; k < this.#count; k++) {
          const taken = pairs.reduce((sum, { second, least }) => {
            return sum + Math.max(0, this.#keepOf(second)) * least[k]!;
          }, Math.max(0, keep) * k);
          const needed = taken + this.#peakOf(block) - limit;
          if (needed > 0) {
            this.#startAt(block, k, gives.find(({ sum }) => sum >= needed)?.time ?? Infinity);
          }
          // Seen from the end: the level behind is what is left less what is still taken, plus what is still given.
          const behind = this.#count - 1 - k;
          const given = pairs.reduce((sum, { second, most }) => {
            return sum + Math.max(0, -this.#keepOf(second)) * (this.#count - most[k]!);
          }, Math.max(0, -keep) * behind);
          const missing = left + given + this.#peakOf(block) - keep - limit;
          if (missing > 0) {
            this.#endBy(block, k, takes.find(({ sum }) => sum >= missing)?.time ?? -Infinity);
          }
        }
      }
    }
  }

  /** Times by which amounts can have ended, or after which they still can start, and their sums by then. */
  #sums(
    own: readonly number[],
    amountOf: (block: number) => number,
    isFromStart: boolean,
  ): readonly { readonly time: number; readonly sum: number }[] {
    const moments = own.flatMap((block) => {
      const [amount, duration] = [amountOf(block), this.#durationOf(block)];
      const times = isFromStart ? this.#starts[block]! : this.#ends[block]!;
      return amount <= 0
        ? []
        : Array.from(times, (time) => ({
            time: isFromStart ? time + duration : time - duration,
            amount,
          }));
    });
    moments.sort((a, b) => (isFromStart ? a.time - b.time : b.time - a.time));
    let sum = 0;
    return moments.map(({ time, amount }) => {
      sum += amount;
      return { time, sum };
    });
  }

  /** Nothing starts before all that comes before it for certain can have run, nor ends too late for the rest. */
  #waitForWork(): void {
    for (const own of this.#on) {
      const all = own.flatMap((block, at) => {
        const duration = this.#durationOf(block);
        return Array.from(this.#starts[block]!, (start, k) => {
          return { block, at, k, start, end: this.#ends[block]![k]!, duration };
        });
      });
      const byStart = all.toSorted((a, b) => a.start - b.start);
      const byEnd = all.toSorted((a, b) => b.end - a.end);
      for (const { block, k } of all) {
        const pairs = own.map((other) => this.#pairs[block]!.get(other));
        const least = pairs.map((pair) => pair?.least[k] ?? k);
        const most = pairs.map((pair) => pair?.most[k] ?? k + 1);
        let time = Number.NEGATIVE_INFINITY;
        for (const each of byStart) {
          time = each.k < least[each.at]! ? Math.max(time, each.start) + each.duration : time;
        }
        this.#startAt(block, k, time);
        time = Number.POSITIVE_INFINITY;
        for (const each of byEnd) {
          time = each.k >= most[each.at]! ? Math.min(time, each.end) - each.duration : time;
        }
        this.#endBy(block, k, time);
      }
    }
  }
}
