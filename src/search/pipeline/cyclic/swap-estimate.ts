/**
 * How much a swap of two neighbors on a device shortens the largest cycle, without computing all
 * cycles again.
 *
 * At the period P of the largest cycle no cycle is longer than its height times P. So with arcs worth
 * their gap less P times their height there is a longest way from a block of the largest cycle to
 * every other block, its head, and one back, its tail; head and tail of a block on the largest cycle
 * add up to 0. A swap of u and v changes the arcs at u and v alone: new head and tail follow from
 * those of their neighbors, and head plus tail says by how much the largest cycle through u or v is
 * over (or under) P. It is an estimate, because the neighbors' heads and tails may have come through
 * u and v too.
 *
 * Source: Taillard's estimate for swaps in job shops (1994), on cycles instead of paths.
 */
import type { CycleRatio } from "./cycle-ratio.js";
import type { CyclicOrders } from "./cyclic-orders.js";

/** Passes over all blocks at most. */
const MAX_PASSES = 40;
const CLOSE = 1e-4;

/** Estimates swaps of one set of rings, again and again as they change. */
export class SwapEstimate {
  readonly #orders: CyclicOrders;
  readonly #ratio: CycleRatio;
  readonly #head: Float64Array;
  #period = 0;

  constructor(orders: CyclicOrders, ratio: CycleRatio) {
    this.#orders = orders;
    this.#ratio = ratio;
    this.#head = new Float64Array(orders.problem.count);
  }

  /** Requires that `ratio` was computed for the orders as they are. Cost: O(n + m) a pass. */
  prepare(): void {
    const head = this.#head;
    const orders = this.#orders;
    const ratio = this.#ratio;
    this.#period = ratio.period;
    head.fill(Number.NEGATIVE_INFINITY);
    head[ratio.onCycle] = 0;
    let moves = true;
    for (let pass = 0; moves && pass < MAX_PASSES; pass++) {
      moves = false;
      for (const block of orders.problem.topological) {
        if (head[block] !== Number.NEGATIVE_INFINITY) {
          moves = this.#spread(block) || moves;
        }
      }
    }
  }

  /** Raises the heads of what follows a block; whether any moved. */
  #spread(block: number): boolean {
    const { problem, entriesOf, blockOf, next, height } = this.#orders;
    const from = this.#head[block] ?? 0;
    const edges = problem.after[block] ?? [];
    let moves = false;
    for (let i = 0; i < edges.length; i++) {
      const edge = edges[i];
      moves = (edge !== undefined && this.#raise(edge.block, from + edge.gap)) || moves;
    }
    const end = from + (problem.duration[block] ?? 0);
    const entries = entriesOf[block] ?? [];
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] ?? 0;
      const time = end - this.#period * (height[entry] ?? 0);
      moves = this.#raise(blockOf[next[entry] ?? 0] ?? 0, time) || moves;
    }
    return moves;
  }

  #raise(block: number, time: number): boolean {
    const rises = time > (this.#head[block] ?? 0) + CLOSE;
    if (rises) {
      this.#head[block] = time;
    }
    return rises;
  }

  /** Time of the largest cycle through the two blocks after a swap, over the period as it is. */
  of(entry: number): number {
    const { blockOf, next } = this.#orders;
    const first = blockOf[entry] ?? 0;
    const second = blockOf[next[entry] ?? 0] ?? 0;
    const headSecond = this.#headWithout(second, first);
    const headFirst = this.#headAfter(first, second, headSecond);
    const tailFirst = this.#tailWithout(first, second);
    const tailSecond = this.#tailBefore(second, first, tailFirst);
    return Math.max(headSecond + tailSecond, headFirst + tailFirst);
  }

  #dependencyHead(block: number): number {
    let most = Number.NEGATIVE_INFINITY;
    const edges = this.#orders.problem.before[block] ?? [];
    for (let i = 0; i < edges.length; i++) {
      const edge = edges[i];
      if (edge !== undefined) {
        most = Math.max(most, (this.#head[edge.block] ?? 0) + edge.gap);
      }
    }
    return most;
  }

  #dependencyTail(block: number): number {
    let most = Number.NEGATIVE_INFINITY;
    const edges = this.#orders.problem.after[block] ?? [];
    for (let i = 0; i < edges.length; i++) {
      const edge = edges[i];
      if (edge !== undefined) {
        most = Math.max(most, edge.gap + this.#ratio.tail(edge.block));
      }
    }
    return most;
  }

  /** Head of an arc's end, when the arc leaves an entry with so much height. */
  #through(entry: number, height: number): number {
    const block = this.#orders.blockOf[entry] ?? 0;
    const duration = this.#orders.problem.duration[block] ?? 0;
    return (this.#head[block] ?? 0) + duration - this.#period * height;
  }

  /** Head of the later block once it no longer waits for `other`. */
  #headWithout(block: number, other: number): number {
    const { entriesOf, previous, blockOf, height } = this.#orders;
    let most = this.#dependencyHead(block);
    for (const entry of entriesOf[block] ?? []) {
      const before = previous[entry] ?? 0;
      if (blockOf[before] !== other) {
        most = Math.max(most, this.#through(before, height[before] ?? 0));
      } else if (previous[before] !== entry) {
        const far = previous[before] ?? 0;
        most = Math.max(most, this.#through(far, (height[far] ?? 0) + (height[before] ?? 0)));
      }
    }
    return most;
  }

  /** Head of the block that comes after `other` now, whose head is given. */
  #headAfter(block: number, other: number, otherHead: number): number {
    const { entriesOf, previous, next, blockOf, height, problem } = this.#orders;
    let most = this.#dependencyHead(block);
    for (const entry of entriesOf[block] ?? []) {
      const before = previous[entry] ?? 0;
      const turned =
        otherHead + (problem.duration[other] ?? 0) + this.#period * (height[entry] ?? 0);
      const isTurned = blockOf[next[entry] ?? 0] === other;
      most = Math.max(most, isTurned ? turned : this.#through(before, height[before] ?? 0));
    }
    return most;
  }

  #tailWithout(block: number, other: number): number {
    const { entriesOf, next, blockOf, height, problem } = this.#orders;
    const duration = problem.duration[block] ?? 0;
    let most = this.#dependencyTail(block);
    for (const entry of entriesOf[block] ?? []) {
      const after = next[entry] ?? 0;
      if (blockOf[after] !== other) {
        const tail = this.#ratio.tail(blockOf[after] ?? 0);
        most = Math.max(most, duration - this.#period * (height[entry] ?? 0) + tail);
      } else if (next[after] !== entry) {
        const tail = this.#ratio.tail(blockOf[next[after] ?? 0] ?? 0);
        const far = (height[entry] ?? 0) + (height[after] ?? 0);
        most = Math.max(most, duration - this.#period * far + tail);
      }
    }
    return most;
  }

  #tailBefore(block: number, other: number, otherTail: number): number {
    const { entriesOf, previous, next, blockOf, height, problem } = this.#orders;
    const duration = problem.duration[block] ?? 0;
    let most = this.#dependencyTail(block);
    for (const entry of entriesOf[block] ?? []) {
      const before = previous[entry] ?? 0;
      const tail =
        blockOf[before] === other
          ? this.#period * (height[before] ?? 0) + otherTail
          : this.#ratio.tail(blockOf[next[entry] ?? 0] ?? 0) - this.#period * (height[entry] ?? 0);
      most = Math.max(most, duration + tail);
    }
    return most;
  }
}
