/**
 * The shortest period of a placement, then the least memory, then the least latency.
 *
 * Periods are tried from the lower bound up, so the first that works is the least for its number q of
 * micro-batches per period: each smaller one was searched in full and failed. When one micro-batch
 * per period cannot reach the bound, two and three are tried; they help when the bound is a fraction,
 * or when memory is short. Where the bound is not reached, all numbers are searched at once
 * (`searchConfigurations`). What ends early is reported as `bounded`, or not proved.
 *
 * Small periods are searched in full (`searchModulo`). For large ones (nanoseconds), and where the full
 * search ends early, cyclic orders are searched (`searchOrders`); a result at the bound is optimal all
 * the same.
 *
 * Example: M-shape, four devices, memory for 4 (load 6): 6 is impossible for one micro-batch, 7 works;
 * 12 and 13 are impossible for two; for three 20 works, 6 2/3 per micro-batch. Whether 19 does takes 10
 * million nodes to deny.
 *
 * Source: trying initiation intervals upwards is Rau's (MICRO 1994); several samples per period:
 * Sittel et al., "Modulo scheduling with rational initiation intervals" (2020).
 */
import type { Placement } from "../../placement/placement.js";
import type { PeriodicSchedule } from "../../schedule/pipeline-schedule.js";
import { searchConfigurations } from "./configurations/search-configurations.js";
import { searchOrders } from "./cyclic/search-orders.js";
import { type FoundPeriod, latencyOf, periodicOf } from "./found-period.js";
import { type PeriodBound, periodBounds } from "./lower-bounds.js";
import { memoryNeeds, returnsMemory } from "./memory-needs.js";
import { outwardOrder } from "./modulo/modulo-order.js";
import { type ModuloProblem, moduloProblem } from "./modulo/modulo-problem.js";
import { searchModulo } from "./modulo/modulo-search.js";
import { peakLevel } from "./modulo/steady-memory.js";
import { leaner, quicker } from "./period-polish.js";
import type { OnPipelineProgress, PipelineProgress } from "./progress.js";
import { WorkLimit } from "./work-limit.js";

/** Limits of a period search. */
export interface PeriodOptions {
  /** Placements of blocks tried at most, over all steps. */
  readonly maxNodes: number;
  readonly seed: number;
  /** Ends the search early with what is known. */
  readonly shouldStop?: () => boolean;
  readonly onProgress?: OnPipelineProgress | undefined;
  /** Micro-batches per period at most; default 3. */
  readonly maxMicroBatches?: number;
  /** Whether to look for less memory and latency at the best period; default true. */
  readonly polish?: boolean;
  /** Of `maxNodes`, at most so many for less memory, and for less latency; default: all that is left. */
  readonly memoryNodes?: number | undefined;
  /** Share of the work left for a period of several micro-batches; default 0.1. */
  readonly shareOfMore?: number | undefined;
  readonly latencyNodes?: number | undefined;
}

/** What a period search knows at its end. */
export interface PeriodResult {
  /**
   * `optimal`: the lower bound is reached, unrounded. `bounded`: it is not, but everything shorter may have been
   * searched in full, up to `exhaustedUpTo` micro-batches per period. `infeasible` is proved. `heuristic`: nothing
   * found.
   */
  readonly status: "optimal" | "bounded" | "heuristic" | "infeasible";
  readonly schedule: PeriodicSchedule | undefined;
  /** No schedule has less time per micro-batch than `numerator / denominator`. */
  readonly lowerBound: { readonly numerator: number; readonly denominator: number };
  /** What gives the lower bound; `undefined` without blocks. */
  readonly boundedBy: PeriodBound | undefined;
  /** Least period for one micro-batch per period is proved. */
  readonly leastForOne: boolean;
  /** No shorter time per micro-batch with up to so many per period: proved by search. 0: not proved. */
  readonly exhaustedUpTo: number;
  readonly nodes: number;
  /** Highest level per device; `undefined` where the placement leaves memory behind. */
  readonly peaks: readonly (number | undefined)[];
  /** The highest peak of all devices cannot be lower at this period and number of micro-batches. */
  readonly leastPeak: boolean;
  /** Longest time from the first start to the last end of a micro-batch. */
  readonly latency: number;
  /** It cannot be shorter at this period, peak and number of micro-batches. */
  readonly leastLatency: boolean;
  /** When infeasible: the least limits per device that may do; `undefined` where none does. */
  readonly leastMemory: readonly (number | undefined)[] | undefined;
}

/** Periods above are not searched position by position. */
const MAX_COMPLETE_PERIOD = 256;
const MAX_COMPLETE_BLOCKS = 400;
/** Placements with more blocks are searched by orders first. */
const MANY_BLOCKS = 64;
/** Micro-batches per period that are tried, unless a search is told otherwise. */
export const DEFAULT_MICRO_BATCHES = 3;
/** Share of the work that is left for one period of the full search. */
const SHARE = 0.25;
/** The same with several micro-batches per period. */
const SHARE_OF_MORE = 0.1;
/** Share of the work that is left for all numbers of micro-batches per period at once. */
const CONFIGURATIONS = 0.3;

/** The best period of `placement`; deterministic unless `shouldStop` ends it. */
export function searchPeriod(placement: Placement, options: PeriodOptions): PeriodResult {
  return new PeriodSearch(placement, options).run();
}

class PeriodSearch {
  readonly #placement: Placement;
  readonly #options: PeriodOptions;
  #bound: PeriodBound | undefined;
  readonly #work: WorkLimit;
  readonly #limits: readonly (number | undefined)[];
  /** Per number of micro-batches: periods below are impossible. */
  readonly #denied = new Map<number, number>();
  #known: PipelineProgress["known"];

  constructor(placement: Placement, options: PeriodOptions) {
    this.#placement = placement;
    this.#options = options;
    this.#bound = periodBounds(placement)[0];
    this.#work = new WorkLimit(options.maxNodes, () => this.#isStopped());
    this.#limits = placement.devices.map(({ memory }) => memory);
  }

  run(): PeriodResult {
    const needs = memoryNeeds(this.#placement);
    const short = this.#placement.devices.some(
      ({ memory }, at) => memory !== undefined && memory < (needs[at] ?? Number.POSITIVE_INFINITY),
    );
    if (short) {
      return this.#without("infeasible", needs);
    }
    const found = this.#withConfigurations(this.#withMore(this.#forOne()));
    return found === undefined ? this.#without("heuristic", undefined) : this.#finished(found);
  }

  /** Says how far it is, and asks whether somebody wants it to stop. */
  #isStopped(trying?: PipelineProgress["trying"], nodes = 0): boolean {
    const options = this.#options;
    const known = this.#known;
    const done = Math.min(options.maxNodes, this.#work.spent + nodes);
    options.onProgress?.({ phase: "period", known, trying, done, total: options.maxNodes });
    return options.shouldStop?.() === true;
  }

  /** Remembers the best so far, to be told of. */
  #foundOne(period: number, copies: number): void {
    const known = this.#known;
    if (known === undefined || period * known.microBatchesPerPeriod < known.period * copies) {
      const lowerBound = this.#leastPeriod(copies);
      this.#known = { period, microBatchesPerPeriod: copies, lowerBound };
      this.#isStopped();
    }
  }

  /** Lower bound on the time per micro-batch. */
  #lower(): number {
    return this.#bound === undefined ? 1 : this.#bound.numerator / this.#bound.denominator;
  }

  /** Least integer period that the bound allows for `copies`. */
  #leastPeriod(copies: number): number {
    const { numerator, denominator } = this.#bound ?? { numerator: 1, denominator: 1 };
    return Math.max(1, Math.ceil((numerator * copies) / denominator));
  }

  #isSmall(copies: number): boolean {
    const count = this.#placement.blocks.length * copies;
    return this.#leastPeriod(copies) <= MAX_COMPLETE_PERIOD && count <= MAX_COMPLETE_BLOCKS;
  }

  #forOne(): FoundPeriod | undefined {
    const problem = moduloProblem(this.#placement, 1);
    const least = this.#leastPeriod(1);
    const isSmall = this.#isSmall(1);
    if (isSmall && problem.count <= MANY_BLOCKS) {
      const exact = this.#upwards(problem, 1, Number.POSITIVE_INFINITY);
      const isLeast = exact !== undefined && this.#denied.get(1) === exact.period;
      return isLeast ? exact : shorter(exact, this.#byOrders(problem, exact, 1));
    }
    const orders = this.#byOrders(problem, undefined, isSmall ? 1 - SHARE : 1);
    const rest = isSmall && (orders === undefined || orders.period > least);
    const rate = orders?.period ?? Number.POSITIVE_INFINITY;
    return rest ? shorter(this.#upwards(problem, 1, rate), orders) : orders;
  }

  #byOrders(
    problem: ModuloProblem,
    known: FoundPeriod | undefined,
    share: number,
  ): FoundPeriod | undefined {
    const placement = this.#placement;
    const options = this.#options;
    const work = this.#work;
    const outcome = searchOrders(problem, {
      limits: Float64Array.from(this.#limits, (limit, device) =>
        returnsMemory(problem, device)
          ? (limit ?? Number.POSITIVE_INFINITY)
          : Number.POSITIVE_INFINITY,
      ),
      releasesAtEnd: placement.memoryRelease === "end",
      lowerBound: this.#leastPeriod(1),
      maxNodes: Math.floor(work.left() * share),
      seed: options.seed,
      known: known === undefined ? [] : [known],
      shouldStop: () => work.isStopped(),
      onProgress: (period) => this.#foundOne(period, 1),
    });
    work.spend(outcome.nodes);
    return outcome.best === undefined ? undefined : { problem, copies: 1, ...outcome.best };
  }

  #withMore(first: FoundPeriod | undefined): FoundPeriod | undefined {
    const most = this.#options.maxMicroBatches ?? DEFAULT_MICRO_BATCHES;
    let best = first;
    const numbers = Array.from({ length: Math.max(0, most - 1) }, (_, i) => i + 2);
    const rateOf = (copies: number): number => this.#leastPeriod(copies) / copies;
    // Those that can come nearest to the bound first.
    numbers.sort((a, b) => rateOf(a) - rateOf(b) || a - b);
    for (const copies of numbers) {
      const rate = best === undefined ? Number.POSITIVE_INFINITY : best.period / best.copies;
      if (this.#isSmall(copies) && rateOf(copies) < rate && rate > this.#lower()) {
        const problem = moduloProblem(this.#placement, copies);
        best = this.#upwards(problem, copies, rate) ?? best;
      }
    }
    return best;
  }

  /** What all numbers of micro-batches per period at once give, where the bound is not reached. */
  #withConfigurations(best: FoundPeriod | undefined): FoundPeriod | undefined {
    const bound = this.#bound;
    const rest = Math.floor(this.#work.left() * CONFIGURATIONS);
    const isAtBound =
      best !== undefined &&
      best.period * (bound?.denominator ?? 1) === (bound?.numerator ?? 1) * best.copies;
    const isLimited = this.#options.maxMicroBatches !== undefined;
    if (isAtBound || isLimited || rest === 0 || this.#work.isStopped()) {
      return best;
    }
    const { found, isLeast, choices } = searchConfigurations(this.#placement, rest);
    this.#work.spend(choices);
    if (found === undefined) {
      return best;
    }
    if (isLeast) {
      const { period, copies } = found;
      this.#bound = { kind: "configurations", numerator: period, denominator: copies, blocks: [] };
    }
    const isBetter = best === undefined || found.period * best.copies < best.period * found.copies;
    if (isBetter) {
      this.#foundOne(found.period, found.copies);
    }
    return isBetter ? found : best;
  }

  /** The first period below `rate` per micro-batch that is found. */
  #upwards(problem: ModuloProblem, copies: number, rate: number): FoundPeriod | undefined {
    const start = this.#leastPeriod(copies);
    const serial = problem.duration.reduce((sum, d) => sum + d, 0) + start;
    const order = outwardOrder(moduloProblem(this.#placement, 1));
    const work = this.#work;
    const limits = this.#limits;
    const share = copies === 1 ? SHARE : (this.#options.shareOfMore ?? SHARE_OF_MORE);
    for (let period = start; period <= serial && period / copies < rate; period++) {
      const outcome = searchModulo(problem, period, {
        limits,
        order,
        maxNodes: Math.ceil(work.left() * share),
        shouldStop: (nodes) => this.#isStopped({ period, microBatchesPerPeriod: copies }, nodes),
      });
      work.spend(outcome.nodes);
      if (outcome.exhausted && (this.#denied.get(copies) ?? start) === period) {
        this.#denied.set(copies, period + 1);
      }
      if (outcome.times !== undefined) {
        if (period === start) {
          this.#denied.set(copies, start);
        }
        this.#foundOne(period, copies);
        return { problem, copies, period, times: outcome.times };
      }
      if (work.isSpent()) {
        return undefined;
      }
    }
    return undefined;
  }

  /** Most micro-batches per period up to which nothing shorter than `found` is left; 0 for none. */
  #exhaustedUpTo(found: FoundPeriod): number {
    const most = this.#options.maxMicroBatches ?? DEFAULT_MICRO_BATCHES;
    for (let copies = 1; copies <= most; copies++) {
      const denied = this.#denied.get(copies) ?? this.#leastPeriod(copies);
      if (denied * found.copies < found.period * copies) {
        return copies > found.copies ? copies - 1 : 0;
      }
    }
    return most;
  }

  #finished(best: FoundPeriod): PeriodResult {
    const small =
      best.period <= MAX_COMPLETE_PERIOD &&
      best.problem.count <= MAX_COMPLETE_BLOCKS &&
      best.copies <= DEFAULT_MICRO_BATCHES;
    const polish = small && this.#options.polish !== false;
    const placement = this.#placement;
    const work = this.#work;
    const options = this.#options;
    const lean = polish
      ? this.#within(options.memoryNodes, (share) => leaner(placement, best, share))
      : { found: best, isProved: false };
    const { found, isProved } = polish
      ? this.#within(options.latencyNodes, (share) => quicker(placement, lean.found, share))
      : { found: lean.found, isProved: false };
    const { period, copies, problem, times } = found;
    const { numerator, denominator } = this.#bound ?? { numerator: 1, denominator: 1 };
    const exhaustedUpTo = this.#exhaustedUpTo(best);
    const isOptimal = period * denominator === numerator * copies;
    return {
      status: isOptimal ? "optimal" : "bounded",
      schedule: periodicOf(found),
      lowerBound: { numerator, denominator },
      boundedBy: this.#bound,
      leastForOne: copies === 1 && exhaustedUpTo > 0,
      exhaustedUpTo,
      nodes: work.spent,
      peaks: placement.devices.map((_, device) =>
        returnsMemory(problem, device) ? peakLevel(problem, device, times, period) : undefined,
      ),
      leastPeak: lean.isProved,
      latency: latencyOf(found),
      leastLatency: lean.isProved && isProved,
      leastMemory: undefined,
    };
  }

  /** Does something with at most so much of the work that is left. */
  #within<T>(most: number | undefined, use: (share: WorkLimit) => T): T {
    const work = this.#work;
    const nodes = Math.min(most ?? work.left(), work.left());
    const share = new WorkLimit(nodes, () => work.isStopped());
    const result = use(share);
    work.spend(share.spent);
    return result;
  }

  #without(
    status: "heuristic" | "infeasible",
    leastMemory: readonly (number | undefined)[] | undefined,
  ): PeriodResult {
    const { numerator, denominator } = this.#bound ?? { numerator: 1, denominator: 1 };
    return {
      status,
      schedule: undefined,
      lowerBound: { numerator, denominator },
      boundedBy: this.#bound,
      leastForOne: false,
      exhaustedUpTo: 0,
      nodes: this.#work.spent,
      peaks: this.#placement.devices.map(() => undefined),
      leastPeak: false,
      latency: 0,
      leastLatency: false,
      leastMemory,
    };
  }
}

/** The shorter of two periods of the same number of micro-batches. */
function shorter(
  one: FoundPeriod | undefined,
  other: FoundPeriod | undefined,
): FoundPeriod | undefined {
  return other === undefined || (one !== undefined && one.period <= other.period) ? one : other;
}
