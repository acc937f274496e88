/**
 * The least period of given cyclic orders: the largest ratio of time to height over all cycles of
 * dependencies and orders.
 *
 * Every cycle of arcs t[v] + height * T >= t[u] + gap forces T >= sum of gaps / sum of heights, and
 * the largest of these ratios is enough. Howard's policy iteration: every block holds on to one
 * outgoing arc; following them from anywhere ends in a cycle, which gives the block a ratio and a
 * distance; blocks change to arcs that give a larger one, until none does. It starts from the arcs
 * of the last call, and after a small change of the orders few of them change.
 *
 * Source: Cochet-Terrasson et al., "Numerical computation of spectral elements in max-plus algebra"
 * (1998); Dasdan, "Experimental analysis of the fastest optimum cycle ratio and mean algorithms",
 * TODAES 2004. Orders and dependencies as one graph: Hanen and Munier, cyclic job shop (1995).
 */
import type { CyclicOrders } from "./cyclic-orders.js";

/** Ratios closer than this are equal. Times are whole numbers. */
const CLOSE = 1e-4;
/** Rounds of improvement; a few are usual. */
const MAX_ROUNDS = 400;

/** Computes ratios for one set of rings, again and again as they change. */
export class CycleRatio {
  readonly #orders: CyclicOrders;
  readonly #firstOut: Int32Array;
  readonly #out: Int32Array;
  readonly #gap: Float64Array;
  /** Arc held by each block: a dependency, or the complement of an entry. */
  readonly #held: Int32Array;
  readonly #ratio: Float64Array;
  readonly #distance: Float64Array;
  /** Where the arc held leads, its gap and its height: as `evaluate` found them. */
  readonly #to: Int32Array;
  readonly #heldGap: Float64Array;
  readonly #heldHeight: Int32Array;
  /** Entries of block b: `entries` from `firstEntry[b]` to `firstEntry[b + 1] - 1`. */
  readonly #firstEntry: Int32Array;
  readonly #entries: Int32Array;
  readonly #seen: Int32Array;
  readonly #path: Int32Array;
  #worst = 0;
  #rounds = 0;

  constructor(orders: CyclicOrders) {
    const { problem } = orders;
    this.#orders = orders;
    this.#firstOut = new Int32Array(problem.count + 1);
    const edges = problem.after.flat();
    problem.after.forEach((list, block) => {
      this.#firstOut[block + 1] = (this.#firstOut[block] ?? 0) + list.length;
    });
    this.#out = Int32Array.from(edges, ({ block }) => block);
    this.#gap = Float64Array.from(edges, ({ gap }) => gap);
    this.#firstEntry = new Int32Array(problem.count + 1);
    orders.entriesOf.forEach((list, block) => {
      this.#firstEntry[block + 1] = (this.#firstEntry[block] ?? 0) + list.length;
    });
    this.#entries = Int32Array.from(orders.entriesOf.flatMap((list) => [...list]));
    this.#held = Int32Array.from(orders.entriesOf, (list) => ~(list[0] ?? 0));
    this.#to = new Int32Array(problem.count);
    this.#heldGap = new Float64Array(problem.count);
    this.#heldHeight = new Int32Array(problem.count);
    this.#ratio = new Float64Array(problem.count);
    this.#distance = new Float64Array(problem.count);
    this.#seen = new Int32Array(problem.count);
    this.#path = new Int32Array(problem.count);
  }

  /**
   * The least period of the orders as they are now; Infinity when some cycle has no height, which no
   * period can satisfy. Where it is no less than `limit`, any value from `limit` on: the cycles of the arcs held are
   * cycles, and one of them is enough.
   */
  compute(limit: number = Number.POSITIVE_INFINITY): number {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      this.#rounds++;
      if (!this.#evaluate()) {
        return Number.POSITIVE_INFINITY;
      }
      if (this.period >= limit || !this.#improve()) {
        break;
      }
    }
    return this.#ratio[this.#worst] ?? 0;
  }

  /** The least period, as `compute` left it. */
  get period(): number {
    return this.#ratio[this.#worst] ?? 0;
  }

  /** Rounds of all calls of `compute`: its work, each O(blocks + dependencies). */
  get rounds(): number {
    return this.#rounds;
  }

  /** A block on the largest cycle. */
  get onCycle(): number {
    return this.#worst;
  }

  /**
   * Longest way from a block to `onCycle`, arcs worth their gap less the period times their height;
   * -Infinity when its own largest cycle is another, smaller one.
   */
  tail(block: number): number {
    const isSmaller = (this.#ratio[block] ?? 0) < this.period - CLOSE;
    return isSmaller ? Number.NEGATIVE_INFINITY : (this.#distance[block] ?? 0);
  }

  /** The arcs of a cycle with the largest ratio, as `compute` left it: see `held`. */
  criticalCycle(): number[] {
    const cycle: number[] = [];
    const start = this.#worst;
    let block = start;
    do {
      cycle.push(this.#held[block] ?? 0);
      block = this.#to[block] ?? 0;
    } while (block !== start && cycle.length <= this.#seen.length);
    return cycle;
  }

  /** The blocks of a dependency arc. */
  endsOf(arc: number): readonly [number, number] {
    let from = 0;
    while ((this.#firstOut[from + 1] ?? 0) <= arc) {
      from++;
    }
    return [from, this.#out[arc] ?? 0];
  }

  /** Follows the arc held by a block to its end. */
  #follow(block: number): number {
    const arc = this.#held[block]!;
    if (arc >= 0) {
      this.#heldGap[block] = this.#gap[arc]!;
      this.#heldHeight[block] = 0;
      this.#to[block] = this.#out[arc]!;
    } else {
      const { blockOf, next, height, problem } = this.#orders;
      this.#heldGap[block] = problem.duration[block]!;
      this.#heldHeight[block] = height[~arc]!;
      this.#to[block] = blockOf[next[~arc]!]!;
    }
    return this.#to[block]!;
  }

  /** Ratio and distance of every block under the arcs held; false when a cycle has no height. */
  #evaluate(): boolean {
    const seen = this.#seen;
    const path = this.#path;
    const ratio = this.#ratio;
    const distance = this.#distance;
    const count = seen.length;
    seen.fill(0);
    let most = Number.NEGATIVE_INFINITY;
    for (let root = 0; root < count; root++) {
      let length = 0;
      let block = root;
      while (seen[block] === 0) {
        seen[block] = root + 1;
        path[length++] = block;
        block = this.#follow(block);
      }
      if (seen[block] === root + 1) {
        const found = this.#ratioFrom(block);
        if (found === undefined) {
          return false;
        }
        if (found > most + CLOSE) {
          most = found;
          this.#worst = block;
        }
        ratio[block] = found;
        distance[block] = 0;
        for (; path[length - 1] !== block; length--) {
          this.#settle(path[length - 1] ?? 0);
        }
        length--;
      }
      for (; length > 0; length--) {
        this.#settle(path[length - 1] ?? 0);
      }
    }
    return true;
  }

  #settle(block: number): void {
    const to = this.#to[block]!;
    const ratio = this.#ratio[to]!;
    this.#ratio[block] = ratio;
    this.#distance[block] =
      this.#heldGap[block]! - ratio * this.#heldHeight[block]! + this.#distance[to]!;
  }

  /** Time over height of the cycle through `start`; `undefined` without height. */
  #ratioFrom(start: number): number | undefined {
    let time = 0;
    let height = 0;
    let block = start;
    do {
      time += this.#heldGap[block]!;
      height += this.#heldHeight[block]!;
      block = this.#to[block]!;
    } while (block !== start);
    return height > 0 ? time / height : undefined;
  }

  /** Lets blocks hold better arcs; false when there are none. */
  #improve(): boolean {
    let better = false;
    for (let block = 0; block < this.#held.length; block++) {
      const best = this.#bestArc(block);
      if (best !== this.#held[block]) {
        this.#held[block] = best;
        better = true;
      }
    }
    return better;
  }

  /** The arc out of a block with the largest ratio, then the largest distance; the one held if equal. */
  #bestArc(block: number): number {
    const ratio = this.#ratio;
    const distance = this.#distance;
    const firstOut = this.#firstOut;
    const out = this.#out;
    const gap = this.#gap;
    const firstEntry = this.#firstEntry;
    const entries = this.#entries;
    const { blockOf, next, height, problem } = this.#orders;
    let mostRatio = ratio[block]!;
    let most = distance[block]!;
    let best = this.#held[block]!;
    const end = firstOut[block + 1]!;
    for (let arc = firstOut[block]!; arc < end; arc++) {
      const to = out[arc]!;
      const reached = ratio[to]!;
      const total = gap[arc]! + distance[to]!;
      if (isBetter(reached - mostRatio, total - most)) {
        mostRatio = Math.max(mostRatio, reached);
        most = total;
        best = arc;
      }
    }
    const duration = problem.duration[block]!;
    const last = firstEntry[block + 1]!;
    for (let i = firstEntry[block]!; i < last; i++) {
      const entry = entries[i]!;
      const to = blockOf[next[entry]!]!;
      const reached = ratio[to]!;
      const total = duration - reached * height[entry]! + distance[to]!;
      if (isBetter(reached - mostRatio, total - most)) {
        mostRatio = Math.max(mostRatio, reached);
        most = total;
        best = ~entry;
      }
    }
    return best;
  }
}

function isBetter(ratio: number, distance: number): boolean {
  return ratio > CLOSE || (ratio > -CLOSE && distance > CLOSE);
}
