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
import { seededRandom } from "../../../core/random.js";
import type { ModuloProblem } from "../modulo/modulo-problem.js";
import { improveOrders } from "./order-search.js";
import type { Repeating } from "./repeating.js";
import { type Start, type StartOptions, startsOf } from "./starts.js";
import { timesOf } from "./times-of.js";

/** How long to look, and for what. */
export interface SearchOrdersOptions extends Omit<StartOptions, "most" | "random"> {
  /** Work at most: an order of n blocks counts n / 32. */
  readonly maxNodes: number;
  readonly seed: number;
  readonly shouldStop?: () => boolean;
  readonly onProgress?: (period: number, nodes: number) => void;
}

/** The best orders found. */
export interface SearchOrdersOutcome {
  /** Integer; times that repeat with it. `undefined`: no start fits into memory. */
  readonly best: Repeating | undefined;
  readonly nodes: number;
}

/** Of all work, for finding starts; the rest is for making them better. */
const STARTING = 0.5;
/** Orders tried from each start in the first round; the better half gets twice as many in the next. */
const TRIES = 1500;
/** Blocks per node of work. */
const BLOCKS_PER_NODE = 32;

/** Searches from all starts until the lower bound is reached or the work is done; deterministic. */
export function searchOrders(
  problem: ModuloProblem,
  options: SearchOrdersOptions,
): SearchOrdersOutcome {
  const { maxNodes, seed, lowerBound, shouldStop, onProgress } = options;
  const random = seededRandom(seed);
  const cost = Math.max(1, problem.count / BLOCKS_PER_NODE);
  let forks = 1;
  const starts = startsOf(problem, {
    ...options,
    most: maxNodes * STARTING,
    random: random.fork(1),
  });
  let nodes = starts.nodes;
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

/** Periods are ratios of whole numbers, with rounding errors below this. */
const CLOSE = 1e-3;
