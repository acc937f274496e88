/**
 * Shortens the period of cyclic orders by swapping neighbors on the critical cycle.
 *
 * The period is the largest ratio over all cycles (`CycleRatio`). Only a swap on the largest cycle can
 * lower it, and among the blocks of one device that follow each other on it only the first or last
 * pair matters: another swap leaves the cycle's ends and its time as they are. Such a swap never makes
 * orders that no period satisfies: a second way from the first block to the second with no more height
 * would take longer than the arc, and then the arc would not be on the largest cycle.
 *
 * Each round estimates all such swaps that memory allows (`SwapEstimate`), tries the few that promise
 * most, takes the best of them, even when it is worse than what is, and forbids its reverse for some
 * rounds (tabu search). When nothing is left to try, or nothing got better for long, some random
 * swaps start anew from the best.
 *
 * Now and then, and when no swap is left, whole parts move behind a dependency of the cycle: all that
 * follows it runs a micro-batch later. Trying each of them took nine tenths of the time and won one
 * round in thirty.
 *
 * Example: one device, f (1) and b (3), and between f and b 4 elsewhere. f(i), b(i) in turn: the cycle
 * f, elsewhere, b, f has height 1 and time 1 + 4 + 3. Swapping b(i) with f(i + 1) gives height 2 to
 * the path back, period 4, and holds one more micro-batch.
 *
 * Source: the neighborhood is Nowicki and Smutnicki's for job shops (1996), on cycles instead of
 * paths; memory as a hard limit on orders is our own.
 */
import type { Random } from "../../../core/random.js";
import type { Edge } from "../modulo/modulo-problem.js";
import { CycleRatio } from "./cycle-ratio.js";
import type { CyclicOrders, OrderState } from "./cyclic-orders.js";
import { SwapEstimate } from "./swap-estimate.js";

/** How long to look. */
export interface OrderSearchOptions {
  /** A period that is good enough: a lower bound. */
  readonly target: number;
  /** Orders tried at most. */
  readonly maxNodes: number;
  readonly random: Random;
  readonly shouldStop?: () => boolean;
}

/** What was reached; the orders are left as the best found. */
export interface OrderSearchOutcome {
  /** Least period of the orders; a ratio, not rounded. */
  readonly period: number;
  readonly nodes: number;
}

const LONGEST_TABU = 12;
const SHORTEST_TABU = 5;
/** Rounds without gain before a restart from the best. */
const PATIENCE = 150;

/** Periods closer than this are equal. */
const CLOSE = 1e-3;

/** Swaps that are tried of those with the best estimates; a forbidden one counts a third. */
const TRIED = 3;
const TRIED_FORBIDDEN = 1 / 3;
/** Rounds between moves of whole parts: they cost much and seldom win. */
const PARTS_EVERY = 32;

/** Rounds of the largest cycle after a swap, about; where parts move, orders of many blocks take many times more. */
const ROUNDS_PER_NODE = 6;

/** Takes that join a part at most. */
const MOST_GROWN = 24;

/** Improves `orders` in place. */
export function improveOrders(
  orders: CyclicOrders,
  options: OrderSearchOptions,
): OrderSearchOutcome {
  return new OrderSearch(orders, options).run();
}

class OrderSearch {
  readonly #orders: CyclicOrders;
  readonly #ratio: CycleRatio;
  readonly #options: OrderSearchOptions;
  /** First blocks, second blocks and the round until which the first may not come before the second. */
  readonly #tabu = new Map<number, number>();
  #nodes = 0;
  readonly #estimate: SwapEstimate;
  #best: OrderState;
  /** Blocks that follow each block, and that come before it; with itself. */
  readonly #behind = new Map<number, Uint8Array>();
  readonly #ahead = new Map<number, Uint8Array>();

  constructor(orders: CyclicOrders, options: OrderSearchOptions) {
    this.#orders = orders;
    this.#options = options;
    this.#ratio = new CycleRatio(orders);
    this.#best = orders.save();
    this.#estimate = new SwapEstimate(orders, this.#ratio);
  }

  run(): OrderSearchOutcome {
    const { target, maxNodes, shouldStop } = this.#options;
    let best = this.#ratio.compute();
    let idle = 0;
    for (let round = 0; best > target && this.#nodes < maxNodes; round++) {
      if (shouldStop?.() === true) {
        break;
      }
      const now = this.#step(round, best);
      if (now < best - CLOSE) {
        best = now;
        this.#best = this.#orders.save();
        idle = 0;
      } else if (++idle > PATIENCE || now === Number.POSITIVE_INFINITY) {
        this.#orders.restore(this.#best);
        this.#tabu.clear();
        this.#shake();
        idle = 0;
      }
    }
    this.#orders.restore(this.#best);
    return { period: this.#ratio.compute(), nodes: this.#nodes };
  }

  /** Makes the best move and gives its period; Infinity when there was none. */
  #step(round: number, best: number): number {
    const orders = this.#orders;
    const cycle = this.#ratio.criticalCycle();
    const swap = this.#bestSwap(cycle, round, best);
    const looks = round % PARTS_EVERY === 0 || swap.entry === undefined;
    const late = looks ? this.#bestPart(cycle, swap.period) : undefined;
    if (late !== undefined) {
      orders.retime(late);
      orders.repair();
    } else if (swap.entry !== undefined) {
      this.#swap(swap.entry, round);
    } else {
      return Number.POSITIVE_INFINITY;
    }
    this.#nodes++;
    return this.#ratio.compute();
  }

  /** The swap with the shortest period among those that promise most. */
  #bestSwap(
    cycle: readonly number[],
    round: number,
    best: number,
  ): { readonly entry: number | undefined; readonly period: number } {
    this.#estimate.prepare();
    this.#nodes++;
    const choices = this.#swapsOn(cycle)
      .filter((entry) => this.#orders.maySwap(entry))
      .map((entry) => ({ entry, estimate: this.#estimate.of(entry) }))
      .sort((a, b) => a.estimate - b.estimate || a.entry - b.entry);
    let found: number | undefined;
    let period = Number.POSITIVE_INFINITY;
    let tries = 0;
    for (const { entry } of choices) {
      if (tries >= TRIED) {
        break;
      }
      const isTabu = this.#isTabu(entry, round);
      tries += isTabu ? TRIED_FORBIDDEN : 1;
      const limit = isTabu ? Math.min(period, best - CLOSE) : period;
      const tried = this.#trySwap(entry, limit);
      if (tried < limit) {
        period = tried;
        found = entry;
      }
    }
    return { entry: found, period };
  }

  /** The part whose move behind gives the shortest period, when shorter than `most`. */
  #bestPart(cycle: readonly number[], most: number): Uint8Array | undefined {
    const orders = this.#orders;
    let least = most;
    let late: Uint8Array | undefined;
    const state = orders.save();
    for (const part of this.#partsBehind(cycle)) {
      if (this.#nodes >= this.#options.maxNodes) {
        break;
      }
      const before = this.#ratio.rounds;
      orders.retime(part);
      const tried = orders.repair() ? this.#ratio.compute(least) : Number.POSITIVE_INFINITY;
      this.#nodes += Math.max(1, (this.#ratio.rounds - before) / ROUNDS_PER_NODE);
      orders.restore(state);
      if (tried < least) {
        least = tried;
        late = part;
      }
    }
    return late;
  }

  /** The period after a swap, if less than `limit`. */
  #trySwap(entry: number, limit: number): number {
    const follower = this.#orders.next[entry] ?? 0;
    this.#orders.swap(entry);
    const period = this.#ratio.compute(limit);
    this.#orders.swap(follower);
    this.#nodes++;
    return period;
  }

  #isTabu(entry: number, round: number): boolean {
    const { blockOf, next, problem } = this.#orders;
    const [first, second] = [blockOf[entry] ?? 0, blockOf[next[entry] ?? 0] ?? 0];
    return (this.#tabu.get(second * problem.count + first) ?? -1) >= round;
  }

  #swap(entry: number, round: number): void {
    const { blockOf, next, problem } = this.#orders;
    const [first, second] = [blockOf[entry] ?? 0, blockOf[next[entry] ?? 0] ?? 0];
    const spread = LONGEST_TABU - SHORTEST_TABU + 1;
    const until = round + SHORTEST_TABU + this.#options.random.integer(spread);
    this.#tabu.set(first * problem.count + second, until);
    this.#orders.swap(entry);
  }

  /** The first and last pair of every run of blocks on one device. */
  #swapsOn(cycle: readonly number[]): readonly number[] {
    const { deviceOf } = this.#orders;
    const deviceAt = (at: number): number => {
      const arc = cycle[(at + cycle.length) % cycle.length] ?? 0;
      return arc >= 0 ? -1 : (deviceOf[~arc] ?? 0);
    };
    return cycle.flatMap((arc, at) => {
      const device = deviceAt(at);
      const isEnd = deviceAt(at - 1) !== device || deviceAt(at + 1) !== device;
      return arc < 0 && isEnd ? [~arc] : [];
    });
  }

  /** For each dependency on the cycle: what follows it, and all that does not come before it. */
  #partsBehind(cycle: readonly number[]): readonly Uint8Array[] {
    return cycle.flatMap((arc) => {
      if (arc < 0) {
        return [];
      }
      const [from, to] = this.#ratio.endsOf(arc);
      const never = this.#aheadOf(from);
      const behind = this.#behindOf(to);
      return [this.#grown(behind, never) ?? behind, never.map((is) => 1 - is)];
    });
  }

  /**
   * A part that holds `part` and what follows its blocks, nothing of `never`, and fits into memory:
   * takes of full devices join it with all that follows them. `undefined` without such takes.
   */
  #grown(part: Uint8Array, never: Uint8Array): Uint8Array | undefined {
    const orders = this.#orders;
    const state = orders.save();
    const grown = part.slice();
    for (let size = 0; size < MOST_GROWN; size++) {
      orders.retime(grown);
      const device = orders.fullDevice();
      orders.restore(state);
      if (device < 0) {
        return grown;
      }
      const take = orders.takesOn(device).find((b) => grown[b] === 0 && never[b] === 0);
      if (take === undefined) {
        return undefined;
      }
      const joins = this.#behindOf(take);
      for (let block = 0; block < grown.length; block++) {
        grown[block] = (grown[block] ?? 0) | (joins[block] ?? 0);
      }
    }
    return undefined;
  }

  #behindOf(block: number): Uint8Array {
    const known = this.#behind.get(block);
    const found = known ?? reached(this.#orders.problem.after, block);
    this.#behind.set(block, found);
    return found;
  }

  #aheadOf(block: number): Uint8Array {
    const known = this.#ahead.get(block);
    const found = known ?? reached(this.#orders.problem.before, block);
    this.#ahead.set(block, found);
    return found;
  }

  /** Some random swaps that some period satisfies. */
  #shake(): void {
    const orders = this.#orders;
    const ratio = this.#ratio;
    const options = this.#options;
    const { random } = options;
    const swaps = 2 + random.integer(7);
    for (let i = 0, done = 0; i < swaps * 4 && done < swaps; i++) {
      const entry = random.integer(orders.blockOf.length);
      const follower = orders.next[entry] ?? 0;
      if (follower !== entry && orders.maySwap(entry)) {
        orders.swap(entry);
        this.#nodes++;
        if (ratio.compute() === Number.POSITIVE_INFINITY) {
          orders.swap(follower);
        } else {
          done++;
        }
      }
    }
    ratio.compute();
  }
}

/** `root` and all that can be reached from it. */
function reached(edges: readonly (readonly Edge[])[], root: number): Uint8Array {
  const marks = new Uint8Array(edges.length);
  const stack = [root];
  marks[root] = 1;
  for (let block = stack.pop(); block !== undefined; block = stack.pop()) {
    for (const { block: to } of edges[block] ?? []) {
      if (marks[to] === 0) {
        marks[to] = 1;
        stack.push(to);
      }
    }
  }
  return marks;
}
