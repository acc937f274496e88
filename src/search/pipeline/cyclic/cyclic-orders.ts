/**
 * The order of blocks on every device, repeated for ever: which block runs after which, and how many
 * micro-batches later. Times play no part, so durations in nanoseconds cost what steps cost.
 *
 * Each device is a ring of entries, one per block on it. The arc from an entry to the next has a
 * height: after block u of micro-batch i comes block v of micro-batch i + height. Once round the ring
 * the heights add up to 1.
 *
 * Memory needs no times either. A device runs one block at a time, and only its own blocks change its
 * memory, so the order says what is held when each block runs.
 *
 * Example: one device with f and b, f(i) after b(i - 2): f -> b has height -1, b -> f has 2, and while
 * b runs two micro-batches are held.
 */
import type { ModuloProblem } from "../modulo/modulo-problem.js";

/** Orders as they were at some time. */
export interface OrderState {
  readonly next: Int32Array;
  readonly previous: Int32Array;
  readonly height: Int32Array;
  readonly level: Float64Array;
}

/** Rings of all devices; changed in place by `swap`. */
export class CyclicOrders {
  readonly problem: ModuloProblem;
  /** Entries of device d: `firstEntry[d]` to `firstEntry[d + 1]`, exclusive. */
  readonly firstEntry: Int32Array;
  readonly blockOf: Int32Array;
  readonly deviceOf: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** Height of the arc from each entry to the next. */
  readonly height: Int32Array;
  /** Entries of block b: `entriesOf[b]`. */
  readonly entriesOf: readonly Int32Array[];
  /** Held on the entry's device before its block starts. */
  readonly #level: Float64Array;
  /** Change by each block: for good, and the most while it runs. */
  readonly #change: Float64Array;
  readonly #most: Float64Array;
  readonly #limits: Float64Array;

  /**
   * The orders of start times that repeat every `period` and do not meet. `limits` per device,
   * Infinity where none applies; `releasesAtEnd` as the placement says.
   */
  constructor(
    problem: ModuloProblem,
    times: Float64Array,
    period: number,
    limits: Float64Array,
    releasesAtEnd: boolean,
  ) {
    this.problem = problem;
    this.#limits = limits;
    const { blocksOn } = problem;
    const count = blocksOn.reduce((sum, own) => sum + own.length, 0);
    this.firstEntry = new Int32Array(blocksOn.length + 1);
    this.blockOf = new Int32Array(count);
    this.deviceOf = new Int32Array(count);
    this.next = new Int32Array(count);
    this.previous = new Int32Array(count);
    this.height = new Int32Array(count);
    this.#level = new Float64Array(count);
    this.#change = new Float64Array(problem.count);
    for (const events of problem.events) {
      for (const { block, change } of events) {
        this.#change[block] = change;
      }
    }
    this.#most = this.#change.map((change, block) => {
      const kept = change < 0 && releasesAtEnd ? 0 : change;
      return kept + (problem.workspace[block] ?? 0);
    });
    const entries: number[][] = Array.from({ length: problem.count }, () => []);
    for (const [device, own] of blocksOn.entries()) {
      const first = this.firstEntry[device] ?? 0;
      this.firstEntry[device + 1] = first + own.length;
      const turns = (block: number): number => Math.floor((times[block] ?? 0) / period);
      const within = (block: number): number => (times[block] ?? 0) - turns(block) * period;
      const ring = [...own].sort((a, b) => within(a) - within(b) || a - b);
      for (const [at, block] of ring.entries()) {
        const entry = first + at;
        const wraps = at === ring.length - 1;
        const follower = ring[wraps ? 0 : at + 1] ?? block;
        this.blockOf[entry] = block;
        this.deviceOf[entry] = device;
        this.next[entry] = wraps ? first : entry + 1;
        this.previous[wraps ? first : entry + 1] = entry;
        this.height[entry] = turns(block) - turns(follower) + (wraps ? 1 : 0);
        entries[block]?.push(entry);
      }
    }
    this.entriesOf = entries.map((list) => Int32Array.from(list));
    for (const device of blocksOn.keys()) {
      this.#measure(device);
    }
  }

  /**
   * Moves the blocks marked in `late` by a micro-batch: where they ran for micro-batch i, they run for
   * i - 1. Memory is not looked at: see `fullDevice` and `repair`.
   */
  retime(late: Uint8Array): void {
    const { blockOf, next, height, firstEntry } = this;
    for (let device = 0; device < this.#limits.length; device++) {
      const end = firstEntry[device + 1] ?? 0;
      let touched = false;
      for (let entry = firstEntry[device] ?? 0; entry < end; entry++) {
        const here = late[blockOf[entry] ?? 0] ?? 0;
        const there = late[blockOf[next[entry] ?? 0] ?? 0] ?? 0;
        if (here !== there) {
          height[entry] = (height[entry] ?? 0) + here - there;
          touched = true;
        }
      }
      if (touched) {
        this.#measure(device);
      }
    }
  }

  /** The first device above its limit; -1 when there is none. */
  fullDevice(): number {
    for (let device = 0; device < this.#limits.length; device++) {
      if (this.peak(device) > (this.#limits[device] ?? 0)) {
        return device;
      }
    }
    return -1;
  }

  /** Lets releases on full devices change places with takes before them; false when that does not do. */
  repair(): boolean {
    for (let device = 0; device < this.#limits.length; device++) {
      if (!this.#repairDevice(device)) {
        return false;
      }
    }
    return true;
  }

  /** Brings a device below its limit by releasing earlier; false when that does not do. */
  #repairDevice(device: number): boolean {
    const first = this.firstEntry[device] ?? 0;
    const end = this.firstEntry[device + 1] ?? 0;
    const limit = this.#limits[device] ?? 0;
    for (let swaps = 0; swaps <= (end - first) * 2; swaps++) {
      const full = this.#fullest(first, end, limit);
      if (full < 0) {
        return true;
      }
      if (!this.#pull(full, end - first)) {
        return false;
      }
    }
    return false;
  }

  /** Moves the next release after an entry before it; false when there is none or devices forbid it. */
  #pull(entry: number, count: number): boolean {
    let release = this.next[entry] ?? 0;
    for (let i = 0; i < count && !this.isRelease(release); i++) {
      release = this.next[release] ?? 0;
    }
    if (release === entry || !this.isRelease(release)) {
      return false;
    }
    for (let i = 0; i < count; i++) {
      const before = this.previous[release] ?? 0;
      if (!this.#isTogether(before)) {
        return false;
      }
      this.swap(before);
      if (before === entry) {
        return true;
      }
    }
    return false;
  }

  /** An entry that passes the limit by most; -1 when none does. */
  #fullest(first: number, end: number, limit: number): number {
    let found = -1;
    let most = limit;
    for (let entry = first; entry < end; entry++) {
      const level = (this.#level[entry] ?? 0) + (this.#most[this.blockOf[entry] ?? 0] ?? 0);
      if (level > most) {
        most = level;
        found = entry;
      }
    }
    return found;
  }

  /** Whether an entry's block and the next one's follow each other on all devices they share. */
  #isTogether(entry: number): boolean {
    const second = this.blockOf[this.next[entry] ?? 0] ?? 0;
    return this.#everyShared(this.blockOf[entry] ?? 0, second, (shared) => {
      const follower = this.next[shared] ?? 0;
      return follower !== shared && this.blockOf[follower] === second;
    });
  }

  /** Computes the levels of a device. */
  #measure(device: number): void {
    const first = this.firstEntry[device] ?? 0;
    const count = (this.firstEntry[device + 1] ?? 0) - first;
    let level = 0;
    let ahead = 0;
    for (let i = 0, entry = first; i < count; i++) {
      level += (this.#change[this.blockOf[entry] ?? 0] ?? 0) * ahead;
      ahead += this.height[entry] ?? 0;
      entry = this.next[entry] ?? 0;
    }
    for (let i = 0, entry = first; i < count; i++) {
      this.#level[entry] = level;
      level += this.#change[this.blockOf[entry] ?? 0] ?? 0;
      entry = this.next[entry] ?? 0;
    }
  }

  /** The orders as they are, for `restore`. */
  save(): OrderState {
    const { next, previous, height } = this;
    const level = this.#level;
    return {
      next: next.slice(),
      previous: previous.slice(),
      height: height.slice(),
      level: level.slice(),
    };
  }

  restore(state: OrderState): void {
    this.next.set(state.next);
    this.previous.set(state.previous);
    this.height.set(state.height);
    this.#level.set(state.level);
  }

  /** How far the fullest moment of every device passes its limit, added up over devices. */
  excess(): number {
    let sum = 0;
    for (let device = 0; device < this.#limits.length; device++) {
      sum += Math.max(0, this.peak(device) - (this.#limits[device] ?? 0));
    }
    return sum;
  }

  /** Most that a device ever holds. */
  peak(device: number): number {
    let peak = 0;
    const end = this.firstEntry[device + 1] ?? 0;
    for (let entry = this.firstEntry[device] ?? 0; entry < end; entry++) {
      const block = this.blockOf[entry] ?? 0;
      const before = this.#level[entry] ?? 0;
      peak = Math.max(peak, before, before + (this.#most[block] ?? 0));
    }
    return peak;
  }

  /** Blocks of a device that take memory for good, the largest takes first. */
  takesOn(device: number): readonly number[] {
    return (this.problem.blocksOn[device] ?? [])
      .filter((block) => (this.#change[block] ?? 0) > 0)
      .sort((a, b) => (this.#change[b] ?? 0) - (this.#change[a] ?? 0) || a - b);
  }

  /** Whether an entry's block gives memory back. */
  isRelease(entry: number): boolean {
    return (this.#change[this.blockOf[entry] ?? 0] ?? 0) < 0;
  }

  /** Whether memory allows an entry's block to come after the next one. */
  maySwap(entry: number): boolean {
    const first = this.blockOf[entry] ?? 0;
    const second = this.blockOf[this.next[entry] ?? 0] ?? 0;
    return this.#everyShared(first, second, (shared) => {
      const limit = this.#limits[this.deviceOf[shared] ?? 0] ?? 0;
      const before = this.#level[shared] ?? 0;
      const between = before + (this.#change[second] ?? 0);
      return (
        this.next[shared] !== shared &&
        this.blockOf[this.next[shared] ?? 0] === second &&
        before + (this.#most[second] ?? 0) <= limit &&
        between <= limit &&
        between + (this.#most[first] ?? 0) <= limit
      );
    });
  }

  /**
   * Lets an entry's block come after the next one, on every device that both share. Requires
   * `maySwap`, or that this undoes a swap. On a ring of two it is its own reverse.
   */
  swap(entry: number): void {
    const first = this.blockOf[entry] ?? 0;
    const second = this.blockOf[this.next[entry] ?? 0] ?? 0;
    this.#everyShared(first, second, (shared) => {
      this.#swapHere(shared);
      return true;
    });
  }

  /** Calls `visit` for the entries of `first` on devices of `second`, until it says false. */
  #everyShared(first: number, second: number, visit: (entry: number) => boolean): boolean {
    const own = this.entriesOf[first] ?? new Int32Array();
    if (own.length === 1) {
      return visit(own[0] ?? 0);
    }
    const others = this.problem.devicesOf[second] ?? [];
    for (const entry of own) {
      if (others.includes(this.deviceOf[entry] ?? 0) && !visit(entry)) {
        return false;
      }
    }
    return true;
  }

  #swapHere(u: number): void {
    const { next, previous, height, blockOf } = this;
    const level = this.#level;
    const change = this.#change;
    const v = next[u] ?? 0;
    const between = height[u] ?? 0;
    const before = level[u] ?? 0;
    level[v] = before;
    level[u] = before + (change[blockOf[v] ?? 0] ?? 0);
    const p = previous[u] ?? 0;
    const s = next[v] ?? 0;
    if (p === v) {
      height[u] = 1 + between;
      height[v] = -between;
      return;
    }
    const intoFirst = height[p] ?? 0;
    const outOfSecond = height[v] ?? 0;
    next[p] = v;
    previous[v] = p;
    next[v] = u;
    previous[u] = v;
    next[u] = s;
    previous[s] = u;
    height[p] = intoFirst + between;
    height[v] = -between;
    height[u] = between + outOfSecond;
  }
}
