/**
 * Short periods for placements of any size and any durations: many starts, each improved by swaps.
 *
 * A start is a placement of all blocks at some period (`placeTimes`), as good as one pass gives: orders
 * by the longest path behind each block, mixed by chance. Memory is looked at afterwards; starts that
 * pass a limit are dropped. The best ones by the least period of their order are improved
 * (`improveOrders`), one after the other, because the search from one start alone often ends in a
 * valley that another never sees.
 *
 * Example: 208 blocks on 47 devices in nanoseconds, with memory for little more than the least: of 440
 * placements the best is 30 % above the bound, and its improvement reaches the bound.
 */
import { type Random, seededRandom } from "../../../core/random.js";
import type { ModuloProblem } from "../modulo/modulo-problem.js";
import { CycleRatio } from "./cycle-ratio.js";
import { CyclicOrders } from "./cyclic-orders.js";
import { listTimes } from "./list-times.js";
import { improveOrders } from "./order-search.js";
import { placeTimes } from "./place-times.js";
import { placementOrder } from "./placement-order.js";
import { timesOf } from "./times-of.js";

/** Start times that repeat. */
export interface Repeating {
  readonly times: Float64Array;
  readonly period: number;
}

/** How long to look, and for what. */
export interface SearchOrdersOptions {
  /** Per device; Infinity where none applies. */
  readonly limits: Float64Array;
  readonly releasesAtEnd: boolean;
  /** No period is shorter. */
  readonly lowerBound: number;
  /** Work at most: an order of n blocks counts n / 32. */
  readonly maxNodes: number;
  readonly seed: number;
  /** Start times that repeat and fit into memory, to begin with. */
  readonly known: readonly Repeating[];
  /** More of them; asked for where nothing else is found. */
  readonly others?: (() => readonly Repeating[]) | undefined;
  readonly shouldStop?: () => boolean;
  readonly onProgress?: (period: number, nodes: number) => void;
}

/** The best orders found. */
export interface SearchOrdersOutcome {
  /** Integer; times that repeat with it. `undefined`: no start fits into memory. */
  readonly best: Repeating | undefined;
  readonly nodes: number;
}

/** Periods of starts, over the lower bound. */
const STRETCHES = [
  1, 1.01, 1.02, 1.04, 1.07, 1.1, 1.15, 1.2, 1.3, 1.4, 1.6, 2, 3, 5, 8, 13, 21, 34, 55,
];
/** Orders mixed by chance, per period. */
const MIXES = 20;
/** How far chance moves a path. */
const MIXING = 0.3;
/** Orders tried from each start in the first round; the better half gets twice as many in the next. */
const TRIES = 1500;
/** Blocks per node of work. */
const BLOCKS_PER_NODE = 32;

interface Start {
  readonly period: number;
  readonly orders: CyclicOrders;
}

/** Searches from all starts until the lower bound is reached or the work is done; deterministic. */
export function searchOrders(
  problem: ModuloProblem,
  options: SearchOrdersOptions,
): SearchOrdersOutcome {
  const { maxNodes, seed, lowerBound, shouldStop, onProgress } = options;
  const random = seededRandom(seed);
  const cost = Math.max(1, problem.count / BLOCKS_PER_NODE);
  let forks = 1;
  const starts = startsOf(problem, options, random.fork(1));
  let nodes = Math.ceil(starts.tried * cost);
  let best: Start | undefined;
  let alive = starts.found.sort((a, b) => a.period - b.period);
  let isOver = false;
  for (let tries = TRIES; alive.length > 0 && !isOver; tries *= 2) {
    const improved: Start[] = [];
    for (const start of alive) {
      const left = Math.floor((maxNodes - nodes) / cost);
      isOver = left <= 0 || shouldStop?.() === true;
      if (isOver && best !== undefined) {
        break;
      }
      const outcome = improveOrders(start.orders, {
        target: lowerBound,
        maxNodes: Math.min(tries, Math.max(0, left)),
        random: random.fork(++forks),
        ...(shouldStop === undefined ? {} : { shouldStop }),
      });
      nodes += Math.ceil(outcome.nodes * cost);
      const period = Math.ceil(Math.min(outcome.period, start.period) - CLOSE);
      improved.push({ orders: start.orders, period });
      if (best === undefined || period < best.period) {
        best = { orders: start.orders, period };
        onProgress?.(period, nodes);
      }
      if (period <= lowerBound) {
        isOver = true;
        break;
      }
    }
    improved.sort((a, b) => a.period - b.period);
    alive = improved.slice(0, Math.max(2, Math.ceil(improved.length / 2)));
  }
  if (best === undefined) {
    return { best: undefined, nodes };
  }
  const period = Math.ceil(best.period);
  return { best: { period, times: timesOf(best.orders, period) }, nodes };
}

/** Comparisons for one placement at most; larger placements start from a list schedule alone. */
const MOST_PLACING = 2e7;

/** Comparisons of blocks with others of their devices, at worst. */
function placingCost({ blocksOn }: ModuloProblem): number {
  return blocksOn.reduce((sum, own) => sum + own.length ** 3, 0);
}

/** Periods are ratios of whole numbers, with rounding errors below this. */
const CLOSE = 1e-3;

function startsOf(
  problem: ModuloProblem,
  options: SearchOrdersOptions,
  random: Random,
): { readonly found: Start[]; readonly tried: number } {
  const { limits, releasesAtEnd, lowerBound, known, others } = options;
  const found: Start[] = [];
  const add = (times: Float64Array, period: number): void => {
    const orders = new CyclicOrders(problem, times, period, limits, releasesAtEnd);
    if (orders.fullDevice() < 0) {
      found.push({ period: new CycleRatio(orders).compute(), orders });
    }
  };
  for (const { times, period } of known) {
    add(times, period);
  }
  let tried = 0;
  const stretches = placingCost(problem) > MOST_PLACING ? [] : STRETCHES;
  for (const stretch of stretches) {
    const period = Math.ceil(lowerBound * stretch);
    for (let mix = 0; mix < MIXES && found.length < MIXES; mix++) {
      const order = placementOrder(problem, mix === 0 ? 0 : MIXING, random);
      for (const touching of [false, true]) {
        tried++;
        const times = placeTimes(problem, { period, order, touching });
        if (times !== undefined) {
          add(times, period);
        }
      }
    }
  }
  for (const inFlight of [Number.POSITIVE_INFINITY, 1]) {
    if (found.length === 0) {
      add(...listTimes(problem, inFlight));
    }
  }
  if (found.length === 0) {
    for (const { times, period } of others?.() ?? []) {
      add(times, period);
    }
  }
  return { found, tried };
}
