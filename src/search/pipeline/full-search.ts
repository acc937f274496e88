import type { Placement } from "../../placement/placement.js";
import type { FoundPeriod } from "./found-period.js";
import { outwardOrder } from "./modulo/modulo-order.js";
import { type ModuloProblem, moduloProblem } from "./modulo/modulo-problem.js";
import { ModuloSearch } from "./modulo/modulo-search.js";
import type { PipelineProgress } from "./progress.js";
import type { WorkLimit } from "./work-limit.js";

/** Periods above are not searched position by position. */
export const MAX_COMPLETE_PERIOD = 256;

/** Problems with more blocks, all copies together, are not. */
export const MAX_COMPLETE_BLOCKS = 400;

/** Searches that are kept, to go on with more work, for each number of micro-batches. */
const KEPT = 3;

/** What a full search is asked for, and whom it tells. */
export interface FullSearchOptions {
  /** Least integer period that is not proved impossible for a number of micro-batches. */
  readonly leastPeriod: (copies: number) => number;
  /** Asked now and then, with what is tried and its nodes. */
  readonly isStopped: (trying: PipelineProgress["trying"], nodes: number) => boolean;
}

/** How far one number of micro-batches is tried. */
export interface Upwards {
  readonly copies: number;
  /** Only periods with less time per micro-batch. */
  readonly below: number;
  /** Share of the work that is left for one period. */
  readonly share: number;
}

/**
 * Periods from the least upwards, each searched in full as far as the work allows.
 *
 * A period that is denied once is not tried again, and one that was given up goes on where it was.
 */
export class FullSearch {
  readonly #placement: Placement;
  readonly #options: FullSearchOptions;
  /** Per number of micro-batches: periods below are impossible. */
  readonly #denied = new Map<number, number>();
  /** By number of micro-batches and period: what was given up, and its nodes. */
  readonly #kept = new Map<string, { readonly search: ModuloSearch; readonly nodes: number }>();

  constructor(placement: Placement, options: FullSearchOptions) {
    this.#placement = placement;
    this.#options = options;
  }

  /** Whether periods of so many micro-batches are short enough, and blocks few enough. */
  isPossible(copies: number): boolean {
    const count = this.#placement.blocks.length * copies;
    return this.#options.leastPeriod(copies) <= MAX_COMPLETE_PERIOD && count <= MAX_COMPLETE_BLOCKS;
  }

  /** Whether no shorter period of as many micro-batches is left. */
  isLeast(found: FoundPeriod | undefined): boolean {
    return found !== undefined && this.#deniedBelow(found.copies) >= found.period;
  }

  /** The first period that is found; deterministic, and with more work never a longer one. */
  upwards({ copies, below, share }: Upwards, work: WorkLimit): FoundPeriod | undefined {
    const problem = moduloProblem(this.#placement, copies);
    const start = this.#deniedBelow(copies);
    const serial = problem.duration.reduce((sum, d) => sum + d, 0) + start;
    for (let period = start; period <= serial && period / copies < below; period++) {
      const times = this.#search(problem, copies, period, { work, share });
      if (times !== undefined) {
        return { problem, copies, period, times };
      }
      if (work.isSpent()) {
        return undefined;
      }
    }
    return undefined;
  }

  /** Most micro-batches per period, up to `most`, up to which nothing shorter than `found` is left; 0 for none. */
  exhaustedUpTo(found: FoundPeriod, most: number): number {
    for (let copies = 1; copies <= most; copies++) {
      if (this.#deniedBelow(copies) * found.copies < found.period * copies) {
        return copies > found.copies ? copies - 1 : 0;
      }
    }
    return most;
  }

  #deniedBelow(copies: number): number {
    return Math.max(this.#denied.get(copies) ?? 0, this.#options.leastPeriod(copies));
  }

  #search(
    problem: ModuloProblem,
    copies: number,
    period: number,
    { work, share }: { readonly work: WorkLimit; readonly share: number },
  ): Float64Array | undefined {
    const key = `${copies} ${period}`;
    const kept = this.#kept.get(key);
    const before = kept?.nodes ?? 0;
    const search =
      kept?.search ??
      new ModuloSearch(problem, period, {
        limits: this.#placement.devices.map(({ memory }) => memory),
        order: outwardOrder(moduloProblem(this.#placement, 1)),
        shouldStop: (nodes) =>
          this.#options.isStopped({ period, microBatchesPerPeriod: copies }, nodes - before),
      });
    const outcome = search.run(before + Math.ceil(work.left() * share));
    work.spend(outcome.nodes - before);
    this.#kept.delete(key);
    if (outcome.times === undefined && !outcome.exhausted) {
      this.#keep(key, copies, { search, nodes: outcome.nodes });
    }
    if (outcome.exhausted && this.#deniedBelow(copies) === period) {
      this.#denied.set(copies, period + 1);
    }
    return outcome.times;
  }

  /** Keeps those of the shortest periods, which are tried first. */
  #keep(
    key: string,
    copies: number,
    given: { readonly search: ModuloSearch; readonly nodes: number },
  ): void {
    const own = [...this.#kept.keys()].filter((each) => each.startsWith(`${copies} `));
    if (own.length < KEPT) {
      this.#kept.set(key, given);
    }
  }
}
