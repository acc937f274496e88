/**
 * Orders to begin a search with: placements at longer and longer periods, by orders that chance mixes.
 *
 * Their work is counted in places looked at, because what a placement takes differs by orders of magnitude: 24 blocks on four
 * devices take 2,000 of them, four copies of 32 blocks on one device half a million. Where all of it would be more than
 * `most`, a period gets at most a share of what is left, and one order at least.
 */
import type { Random } from "../../../core/random.js";
import type { ModuloProblem } from "../modulo/modulo-problem.js";
import { CycleRatio } from "./cycle-ratio.js";
import { CyclicOrders } from "./cyclic-orders.js";
import { listTimes } from "./list-times.js";
import { placeTimes } from "./place-times.js";
import { placementOrder } from "./placement-order.js";
import type { Repeating } from "./repeating.js";

/** Orders and the least period with which they repeat. */
export interface Start {
  readonly period: number;
  readonly orders: CyclicOrders;
}

/** What starts have to heed. */
export interface StartOptions {
  /** Per device; Infinity where none applies. */
  readonly limits: Float64Array;
  readonly releasesAtEnd: boolean;
  /** No period is shorter. */
  readonly lowerBound: number;
  /** Start times that repeat and fit into memory, to begin with. */
  readonly known: readonly Repeating[];
  /** More of them; asked for where nothing else is found. */
  readonly others?: (() => readonly Repeating[]) | undefined;
  /** Nodes at most, about: the first placement, and what nothing is found without, go beyond. */
  readonly most: number;
  readonly random: Random;
}

/** Periods of starts, over the lower bound. */
const STRETCHES = [
  1, 1.01, 1.02, 1.04, 1.07, 1.1, 1.15, 1.2, 1.3, 1.4, 1.6, 2, 3, 5, 8, 13, 21, 34, 55,
];
/** Orders mixed by chance, per period. */
const MIXES = 20;
/** How far chance moves a path. */
const MIXING = 0.3;
/** Comparisons for one placement at most; larger placements start from a list schedule alone. */
const MOST_PLACING = 2e7;
/** Of the work that is left, for one period. */
const SHARE = 0.25;
/** Looking at so many places takes as long as a node. */
const PLACES_PER_NODE = 64;
/** Blocks per node where orders are made of times and their least period is computed. */
const BLOCKS_PER_NODE = 8;
/** Blocks per node where they are brought into an order. */
const BLOCKS_PER_ORDER = 32;

/** Starts that fit into memory, in the order in which they were found, and the nodes they took. */
export function startsOf(
  problem: ModuloProblem,
  options: StartOptions,
): { readonly found: Start[]; readonly nodes: number } {
  const starts = new Starts(problem, options);
  starts.addAll(options.known);
  if (placingCost(problem) <= MOST_PLACING) {
    starts.place();
  }
  for (const inFlight of [Number.POSITIVE_INFINITY, 1]) {
    if (starts.found.length === 0) {
      const [times, period] = listTimes(problem, inFlight);
      starts.addAll([{ times, period }]);
    }
  }
  if (starts.found.length === 0) {
    starts.addAll(options.others?.() ?? []);
  }
  return { found: starts.found, nodes: Math.ceil(starts.nodes) };
}

/** Comparisons of blocks with others of their devices, at worst. */
function placingCost({ blocksOn }: ModuloProblem): number {
  return blocksOn.reduce((sum, own) => sum + own.length ** 3, 0);
}

class Starts {
  readonly found: Start[] = [];
  nodes = 0;
  readonly #problem: ModuloProblem;
  readonly #options: StartOptions;

  constructor(problem: ModuloProblem, options: StartOptions) {
    this.#problem = problem;
    this.#options = options;
  }

  addAll(all: readonly Repeating[]): void {
    const { limits, releasesAtEnd } = this.#options;
    for (const { times, period } of all) {
      const orders = new CyclicOrders(this.#problem, times, period, limits, releasesAtEnd);
      if (orders.fullDevice() < 0) {
        this.found.push({ period: new CycleRatio(orders).compute(), orders });
      }
      this.nodes += this.#problem.count / BLOCKS_PER_NODE;
    }
  }

  /** Placements at every period, as far as the work allows. */
  place(): void {
    const { lowerBound, most } = this.#options;
    for (const stretch of STRETCHES) {
      const left = most - this.nodes;
      if (left > 0) {
        this.#placeAt(Math.ceil(lowerBound * stretch), this.nodes + left * SHARE);
      }
    }
  }

  #placeAt(period: number, most: number): void {
    const { random } = this.#options;
    const problem = this.#problem;
    for (let mix = 0; mix < MIXES && this.found.length < MIXES; mix++) {
      const order = placementOrder(problem, mix === 0 ? 0 : MIXING, random);
      for (const touching of [false, true]) {
        const { times, looked } = placeTimes(problem, { period, order, touching });
        this.nodes += looked / PLACES_PER_NODE + problem.count / BLOCKS_PER_ORDER;
        if (times !== undefined) {
          this.addAll([{ times, period }]);
        }
      }
      if (this.nodes >= most) {
        return;
      }
    }
  }
}
