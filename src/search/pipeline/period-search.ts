/**
 * The shortest period of a placement, then the least memory, then the least latency.
 *
 * Periods are tried from the lower bound up, so the first that works is the least for its number q of
 * micro-batches per period: each smaller one was searched in full and failed. When one micro-batch
 * per period cannot reach the bound, two and three are tried; they help when the bound is a fraction,
 * or when memory is short. Where the bound is not reached, all numbers are searched at once
 * (`searchAllNumbers`). What ends early is reported as `bounded`, or not proved.
 *
 * Small periods are searched in full (`FullSearch`). For large ones (nanoseconds), and where the full
 * search ends early, cyclic orders are searched (`searchOrders`), also from what a twin with small
 * durations repeats (`twinOf`); a result at the bound is optimal all the same.
 *
 * The work is done in stages, each four times the one before, beginning with the usual one: whatever a limit on
 * nodes or time finds, a larger one finds first.
 *
 * Example: M-shape, four devices, memory for 4 (load 6): 6 is impossible for one micro-batch, 7 works; with pauses 98 for 16.
 *
 * Source: trying initiation intervals upwards is Rau's (MICRO 1994); several samples per period:
 * Sittel et al., "Modulo scheduling with rational initiation intervals" (2020).
 */
import type { Placement } from "../../placement/placement.js";
import { isGreater } from "../../schedule/max-cycle-ratio.js";
import type { PeriodicSchedule } from "../../schedule/pipeline-schedule.js";
import {
  type AllNumbers,
  leastOfAllNumbers,
  searchAllNumbers,
  searchOthers,
} from "./all-numbers.js";
import { searchOrders } from "./cyclic/search-orders.js";
import { asTwin, type Twin, twinOf } from "./cyclic/twins.js";
import { usualWork } from "./effort.js";
import { type FoundPeriod, isFaster, latencyOf, periodicOf, reaches } from "./found-period.js";
import { FullSearch, MAX_COMPLETE_BLOCKS, MAX_COMPLETE_PERIOD } from "./full-search.js";
import { type PeriodBound, periodBounds } from "./lower-bounds.js";
import { limitsOf, memoryNeeds, returnsMemory } from "./memory-needs.js";
import { moduloProblem } from "./modulo/modulo-problem.js";
import { peakLevel } from "./modulo/steady-memory.js";
import { periodOfWhole } from "./period-of-whole.js";
import { leaner, quicker } from "./period-polish.js";
import {
  DEFAULT_MICRO_BATCHES,
  NO_BOUND,
  type PeriodOptions,
  type PeriodResult,
  withoutSchedule,
} from "./period-result.js";
import type { PipelineProgress } from "./progress.js";
import { middleOf } from "./quick/batched-ends.js";
import { OneAfterTheOther } from "./quick/one-after-the-other.js";
import { pausedPeriod } from "./quick/paused-middle.js";
import { WorkLimit } from "./work-limit.js";

/** Placements with more blocks are searched by orders first. */
const MANY_BLOCKS = 64;
/** Share of the work that is left for one period of the full search. */
const SHARE = 0.25;
/** The same with several micro-batches per period. */
const SHARE_OF_MORE = 0.1;
/** Each stage of the search has so many times the work of the one before. */
const GROWTH = 4;
/** Of all work for the shortest period; the rest is for less memory and latency. */
const SEARCHED = 0.85;
/** Of what is left of a stage, for each method in its turn. */
const SHARES = {
  one: 0.5,
  fewConfigurations: 0.12,
  orders: 0.5,
  oneAgain: 0.4,
  ordersAlone: 0.6,
  ordersOfOne: 0.45,
  closeTwin: 0.6,
  twin: 0.5,
  pauses: 0.2,
  whole: 0.1,
  others: 0.1,
  several: 0.7,
} as const;

/** Work for what is not interrupted by pauses: at first, and in all. */
const LEAST_MIDDLE = 200;
const MOST_MIDDLE = 20_000;

/** Micro-batches per period for which orders are searched, beside one. */
const ORDERED = [2, 3, 4] as const;

/** The best period of `placement`; deterministic unless `shouldStop` ends it. */
export function searchPeriod(placement: Placement, options: PeriodOptions): PeriodResult {
  return new PeriodSearch(placement, options).run();
}

class PeriodSearch {
  readonly #placement: Placement;
  readonly #options: PeriodOptions;
  readonly #full: FullSearch;
  readonly #inTurn: OneAfterTheOther;
  #bound: PeriodBound | undefined;
  readonly #work: WorkLimit;
  readonly #limits: readonly (number | undefined)[];
  /** The best of one micro-batch per period, and of any number. */
  #one: FoundPeriod | undefined;
  #best: FoundPeriod | undefined;
  #known: PipelineProgress["known"];

  constructor(placement: Placement, options: PeriodOptions) {
    this.#placement = placement;
    this.#options = options;
    this.#bound = periodBounds(placement)[0];
    this.#work = new WorkLimit(options.maxNodes, () => this.#isStopped());
    this.#limits = placement.devices.map(({ memory }) => memory);
    this.#inTurn = new OneAfterTheOther(placement);
    this.#full = new FullSearch(placement, {
      leastPeriod: (copies) => this.#leastPeriod(copies),
      isStopped: (trying, nodes) => this.#isStopped(trying, nodes),
    });
  }

  run(): PeriodResult {
    const needs = memoryNeeds(this.#placement);
    if (this.#limits.some((most = Infinity, at) => most < (needs[at] ?? Infinity))) {
      return withoutSchedule(this.#placement, this.#bound, this.#work.spent, needs);
    }
    const earlier = this.#inStages();
    return this.#best === undefined
      ? withoutSchedule(this.#placement, this.#bound, this.#work.spent)
      : this.#finished(this.#best, earlier);
  }

  /** Searches; gives what was the best after each stage that was improved on. */
  #inStages(): readonly FoundPeriod[] {
    const searched = this.#options.polish === false ? 1 : SEARCHED;
    const work = this.#work.share(searched);
    const earlier: FoundPeriod[] = [];
    let most = usualWork(this.#placement.blocks.length) * searched;
    for (let stage = 0; stage === 0 || work.left() >= most / GROWTH; stage++) {
      const before = this.#best;
      this.#stage(stage, work.within(most));
      if (before !== undefined && before !== this.#best) {
        earlier.push(before);
      }
      if (this.#isAtBound() || work.isSpent()) {
        break;
      }
      most *= GROWTH;
    }
    return earlier;
  }

  #stage(stage: number, work: WorkLimit): void {
    this.#byOthers(work.share(SHARES.others));
    const isSmall = this.#full.isPossible(1);
    if (isSmall && this.#placement.blocks.length <= MANY_BLOCKS) {
      this.#upwards(1, work.share(SHARES.one));
      this.#byConfigurations(leastOfAllNumbers, work.share(SHARES.fewConfigurations));
      if (!this.#full.isLeast(this.#one)) {
        this.#byOrders(stage, work.share(SHARES.orders));
        this.#upwards(1, work.share(SHARES.oneAgain));
      }
    } else if (isSmall) {
      this.#byOrders(stage, work.share(1 - SHARE));
      this.#upwards(1, work);
    } else {
      const twin = this.#options.isTwin === true ? undefined : twinOf(this.#placement);
      this.#byTwin(twin, work.share(twin?.isClose === true ? SHARES.closeTwin : 0));
      if (this.#placement.blocks.length <= MANY_BLOCKS) {
        this.#byOrders(stage, work.share(SHARES.ordersOfOne));
        this.#ordersOfSeveral(stage, work.share(SHARES.orders));
      } else {
        this.#byOrders(stage, work.share(1 - SHARE));
      }
      this.#byTwin(twin, work.share(SHARES.twin));
    }
    if (stage === 0) {
      this.#withPauses(work.within(Math.min(MOST_MIDDLE, work.left() * SHARES.pauses)));
    }
    this.#ofSeveral(work.share(SHARES.several));
    if (isSmall && this.#placement.blocks.length <= MANY_BLOCKS) {
      this.#ordersOfSeveral(stage, work.share(SHARES.ordersAlone));
    }
    this.#byWhole(stage, work.share(SHARES.whole));
    this.#byConfigurations(searchAllNumbers, work);
  }

  /** Says how far it is, and asks whether somebody wants it to stop. */
  #isStopped(trying?: PipelineProgress["trying"], nodes = 0): boolean {
    const options = this.#options;
    const known = this.#known;
    const done = Math.min(options.maxNodes, this.#work.spent + nodes);
    options.onProgress?.({ phase: "period", known, trying, done, total: options.maxNodes });
    return options.shouldStop?.() === true;
  }

  /** Keeps a period if it is better than the best so far, or as good with fewer micro-batches. */
  #offer(found: FoundPeriod | undefined): void {
    if (found === undefined) {
      return;
    }
    if (found.copies === 1 && isFaster(found, this.#one)) {
      this.#one = found;
    }
    const best = this.#best;
    const isSimpler = best !== undefined && !isFaster(best, found) && found.copies < best.copies;
    if (isFaster(found, best) || isSimpler) {
      this.#best = found;
      this.#tell(found.period, found.copies);
    }
  }

  /** Remembers the best so far, to be told of. */
  #tell(period: number, copies: number): void {
    const known = this.#known;
    if (known === undefined || period * known.microBatchesPerPeriod < known.period * copies) {
      const lowerBound = this.#leastPeriod(copies);
      this.#known = { period, microBatchesPerPeriod: copies, lowerBound };
      this.#isStopped();
    }
  }

  /** Least integer period that the bound allows for `copies`. */
  #leastPeriod(copies: number): number {
    const { numerator, denominator } = this.#bound ?? NO_BOUND;
    return Math.max(1, Math.ceil((numerator * copies) / denominator));
  }

  #isAtBound(): boolean {
    const bound = this.#bound ?? NO_BOUND;
    return this.#best !== undefined && reaches(this.#best, bound);
  }

  #rate(): number {
    return this.#best === undefined
      ? Number.POSITIVE_INFINITY
      : this.#best.period / this.#best.copies;
  }

  #upwards(copies: number, work: WorkLimit): void {
    if (this.#isAtBound() && (this.#best?.copies ?? 1) <= copies) {
      return;
    }
    // As good with fewer micro-batches is better too.
    const isSimpler = (this.#best?.copies ?? 1) > copies;
    const below = this.#rate() * (isSimpler ? 1 + CLOSE : 1);
    const share = copies === 1 ? SHARE : (this.#options.shareOfMore ?? SHARE_OF_MORE);
    this.#offer(this.#full.upwards({ copies, below, share }, work));
  }

  #byOrders(stage: number, work: WorkLimit, copies = 1): void {
    const isLimited = (this.#options.maxMicroBatches ?? copies) < copies;
    const isOver = work.isSpent() && this.#best !== undefined;
    if (this.#isAtBound() || isLimited || isOver) {
      return;
    }
    const placement = this.#placement;
    const problem = moduloProblem(placement, copies);
    const own = this.#one === undefined || stage === 0 || copies > 1 ? [] : [this.#one];
    const outcome = searchOrders(problem, {
      limits: limitsOf(problem, this.#limits),
      releasesAtEnd: placement.memoryRelease === "end",
      lowerBound: this.#leastPeriod(copies),
      maxNodes: work.left(),
      seed: this.#options.seed + stage,
      // In the first stage what the full search finds depends on the limit of all work.
      known: own,
      others: () => this.#inTurn.repeated(copies, work),
      shouldStop: () => work.isStopped(),
      onProgress: (period) => this.#tell(period, copies),
    });
    work.spend(outcome.nodes);
    this.#offer(outcome.best && { problem, copies, ...outcome.best });
  }

  /** One number after the other, each with as much work. */
  #ordersOfSeveral(stage: number, work: WorkLimit): void {
    for (const [at, copies] of ORDERED.entries()) {
      this.#byOrders(stage, work.share(1 / (ORDERED.length - at)), copies);
    }
  }

  /** What runs for many micro-batches at once, and the rest without it. */
  #withPauses(work: WorkLimit): void {
    const isLimited = this.#options.maxMicroBatches !== undefined;
    const middle = this.#isAtBound() || isLimited ? undefined : middleOf(this.#placement);
    // With more work the middle may be shorter and the whole not: what less work gives is tried too.
    for (let nodes = LEAST_MIDDLE; middle !== undefined && nodes <= work.left(); nodes *= GROWTH) {
      const found = this.#nested(middle.placement, work.within(nodes));
      this.#offer(found && pausedPeriod(this.#placement, middle, found));
    }
  }

  #nested(placement: Placement, work: WorkLimit, isTwin = false): PeriodicSchedule | undefined {
    const { seed, maxMicroBatches } = this.#options;
    const { schedule, nodes } = searchPeriod(placement, {
      maxNodes: work.left(),
      seed,
      shouldStop: () => work.isStopped(),
      polish: false,
      isTwin,
      ...(maxMicroBatches === undefined ? {} : { maxMicroBatches }),
    });
    work.spend(nodes);
    return schedule;
  }

  /** Orders of a placement with nearly the same durations, but small ones. */
  #byTwin(twin: Twin | undefined, work: WorkLimit): void {
    if (twin !== undefined && !this.#isAtBound() && !work.isSpent()) {
      const found = this.#nested(twin.placement, work, true);
      this.#offer(found && asTwin(this.#placement, found));
    }
  }

  /** Two and more micro-batches per period, those that can come nearest to the bound first. */
  #ofSeveral(work: WorkLimit): void {
    const most = this.#options.maxMicroBatches ?? DEFAULT_MICRO_BATCHES;
    const numbers = Array.from({ length: Math.max(0, most - 1) }, (_, i) => i + 2);
    const rateOf = (copies: number): number => this.#leastPeriod(copies) / copies;
    numbers.sort((a, b) => rateOf(a) - rateOf(b) || a - b);
    for (const copies of numbers) {
      if (this.#full.isPossible(copies) && rateOf(copies) <= this.#rate()) {
        this.#upwards(copies, work);
      }
    }
  }

  /** What closes up in a whole schedule of many micro-batches. */
  #byWhole(stage: number, work: WorkLimit): void {
    const isLimited = this.#options.maxMicroBatches !== undefined;
    if (this.#best !== undefined && !this.#isAtBound() && !isLimited) {
      this.#offer(periodOfWhole(this.#placement, this.#best, work, this.#options.seed + stage));
    }
  }

  /** What all numbers of micro-batches per period at once give, where the bound is not reached. */
  #byConfigurations(search: typeof searchAllNumbers, work: WorkLimit): void {
    const isLimited = this.#options.maxMicroBatches !== undefined;
    if (this.#isAtBound() || isLimited || work.isSpent()) {
      return;
    }
    this.#take(search(this.#placement, work.left()), work);
  }

  /** The same of what is left without blocks that stop everything; known once it was proved. */
  #byOthers(work: WorkLimit): void {
    if (this.#bound?.kind !== "configurations" && this.#options.maxMicroBatches === undefined) {
      this.#take(searchOthers(this.#placement, work.left()), work);
    }
  }

  #take({ found, bound, choices }: AllNumbers, work: WorkLimit): void {
    work.spend(choices);
    if (bound !== undefined && isGreater(bound, this.#bound ?? NO_BOUND)) {
      this.#bound = bound;
    }
    this.#offer(found);
  }

  #finished(best: FoundPeriod, earlier: readonly FoundPeriod[]): PeriodResult {
    const small =
      best.period <= MAX_COMPLETE_PERIOD &&
      best.problem.count <= MAX_COMPLETE_BLOCKS &&
      best.copies <= DEFAULT_MICRO_BATCHES;
    const polish = small && this.#options.polish !== false;
    const placement = this.#placement;
    const { memoryNodes, latencyNodes, maxMicroBatches } = this.#options;
    const work = (most: number | undefined): WorkLimit =>
      this.#work.within(most ?? this.#work.left());
    const lean = polish
      ? leaner(placement, best, work(memoryNodes))
      : { found: best, isProved: false };
    const { found, isProved } = polish
      ? quicker(placement, lean.found, work(latencyNodes))
      : { found: lean.found, isProved: false };
    const { period, copies, problem, times } = found;
    const { numerator, denominator } = this.#bound ?? NO_BOUND;
    const exhaustedUpTo = this.#full.exhaustedUpTo(best, maxMicroBatches ?? DEFAULT_MICRO_BATCHES);
    return {
      status: period * denominator === numerator * copies ? "optimal" : "bounded",
      schedule: periodicOf(found),
      earlier: earlier.map(periodicOf),
      lowerBound: { numerator, denominator },
      boundedBy: this.#bound,
      leastForOne: copies === 1 && exhaustedUpTo > 0,
      exhaustedUpTo,
      nodes: this.#work.spent,
      peaks: placement.devices.map((_, device) =>
        returnsMemory(problem, device) ? peakLevel(problem, device, times, period) : undefined,
      ),
      leastPeak: lean.isProved,
      latency: latencyOf(found),
      leastLatency: lean.isProved && isProved,
      leastMemory: undefined,
    };
  }
}

/** Times per micro-batch closer than this, for each, are equal. */
const CLOSE = 1e-9;
