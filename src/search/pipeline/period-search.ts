/**
 * The shortest period of a placement, then the least memory, then the least latency.
 *
 * Periods are tried from the lower bound up, so the first that works is the least for its number q of
 * micro-batches per period: each smaller one was searched in full and failed. When one micro-batch
 * per period cannot reach the bound, two to four are tried; they help when the bound is a fraction.
 * At the best period the peak memory over all devices is lowered from what was found: limits below
 * the average (time held over period) are impossible, those above are searched from the least up.
 * Latency the same way. Every step has a share of the node limit; what ends early is reported as
 * `bounded`, or not proved.
 *
 * Small periods are searched in full (`searchModulo`, complete). Large ones (nanoseconds) only at
 * times where blocks touch, in several orders, with periods that grow from the bound; a result at the
 * bound is optimal all the same.
 *
 * Source: trying initiation intervals upwards is Rau's (MICRO 1994); several samples per period:
 * Sittel et al., "Modulo scheduling with rational initiation intervals" (2020).
 */
import type { Placement } from "../../placement/placement.js";
import type { PeriodicSchedule, RepetendEntry } from "../../schedule/pipeline-schedule.js";
import { heldTime, type PeriodBound, periodBounds } from "./lower-bounds.js";
import { outwardOrder } from "./modulo/modulo-order.js";
import {
  longestFrom,
  type MemoryEvent,
  type ModuloProblem,
  moduloProblem,
} from "./modulo/modulo-problem.js";
import { type ModuloOutcome, searchModulo } from "./modulo/modulo-search.js";
import { peakLevel } from "./modulo/steady-memory.js";

/** Limits of a period search. */
export interface PeriodOptions {
  /** Placements of blocks tried at most, over all steps. */
  readonly maxNodes: number;
  readonly seed: number;
  /** Ends the search early with what is known. */
  readonly shouldStop?: () => boolean;
  readonly onProgress?: (period: number, microBatches: number, nodes: number) => void;
  /** Micro-batches per period at most; default 4. */
  readonly maxMicroBatches?: number;
}

/** What a period search knows at its end. */
export interface PeriodResult {
  /** `infeasible` is proved. `heuristic`: nothing found within the limits. */
  readonly status: "optimal" | "bounded" | "heuristic" | "infeasible";
  readonly schedule: PeriodicSchedule | undefined;
  /** No schedule has less time per micro-batch than `numerator / denominator`. */
  readonly lowerBound: { readonly numerator: number; readonly denominator: number };
  /** What gives the lower bound; `undefined` without blocks. */
  readonly boundedBy: PeriodBound | undefined;
  /** Least period for one micro-batch per period is proved. */
  readonly leastForOne: boolean;
  readonly nodes: number;
  /** Highest level per device; `undefined` where the placement leaves memory behind. */
  readonly peaks: readonly (number | undefined)[];
  /** The highest peak of all devices cannot be lower at this period and number of micro-batches. */
  readonly leastPeak: boolean;
  /** Micro-batches of which a block has started and another has not ended, at most. */
  readonly inFlight: number;
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
const DEFAULT_MICRO_BATCHES = 4;

interface Found {
  readonly problem: ModuloProblem;
  readonly copies: number;
  readonly period: number;
  readonly times: Float64Array;
}

interface Attempt {
  readonly problem: ModuloProblem;
  readonly period: number;
  readonly order: readonly number[];
}

/** The best period of `placement`; deterministic unless `shouldStop` ends it. */
export function searchPeriod(placement: Placement, options: PeriodOptions): PeriodResult {
  return new PeriodSearch(placement, options).run();
}

class PeriodSearch {
  private readonly placement: Placement;
  private readonly options: PeriodOptions;
  private readonly bound: PeriodBound | undefined;
  private nodes = 0;
  private leastForOne = false;

  constructor(placement: Placement, options: PeriodOptions) {
    this.placement = placement;
    this.options = options;
    this.bound = periodBounds(placement)[0];
  }

  run(): PeriodResult {
    const needs = memoryNeeds(this.placement);
    const short = this.placement.devices.some(
      ({ memory }, at) => memory !== undefined && memory < (needs[at] ?? Number.POSITIVE_INFINITY),
    );
    if (short) {
      return this.without("infeasible", needs);
    }
    const first = this.periodFor(1, Number.POSITIVE_INFINITY);
    const found = this.withMore(first);
    return found === undefined ? this.without("heuristic", undefined) : this.polished(found);
  }

  private lower(): number {
    return this.bound === undefined ? 1 : this.bound.numerator / this.bound.denominator;
  }

  /** Least integer period that the bound allows for `copies`. */
  private leastPeriod(copies: number): number {
    const { numerator, denominator } = this.bound ?? { numerator: 1, denominator: 1 };
    return Math.max(1, Math.ceil((numerator * copies) / denominator));
  }

  private withMore(first: Found | undefined): Found | undefined {
    const most = this.options.maxMicroBatches ?? DEFAULT_MICRO_BATCHES;
    let best = first;
    const numbers = Array.from({ length: Math.max(0, most - 1) }, (_, i) => i + 2);
    const rateOf = (copies: number): number => this.leastPeriod(copies) / copies;
    // Those that can come nearest to the bound first.
    numbers.sort((a, b) => rateOf(a) - rateOf(b) || a - b);
    for (const copies of numbers) {
      const rate = best === undefined ? Number.POSITIVE_INFINITY : best.period / best.copies;
      if (rateOf(copies) < rate && rate > this.lower()) {
        best = this.periodFor(copies, rate) ?? best;
      }
    }
    return best;
  }

  /** The first period below `rate` per micro-batch that is found. */
  private periodFor(copies: number, rate: number): Found | undefined {
    const problem = moduloProblem(this.placement, copies);
    const start = this.leastPeriod(copies);
    const complete = start <= MAX_COMPLETE_PERIOD && problem.count <= MAX_COMPLETE_BLOCKS;
    return complete
      ? this.upwards(problem, copies, start, rate)
      : this.growing(problem, copies, start, rate);
  }

  private upwards(
    problem: ModuloProblem,
    copies: number,
    start: number,
    rate: number,
  ): Found | undefined {
    const serial = problem.duration.reduce((sum, d) => sum + d, 0) + start;
    const order = outwardOrder(moduloProblem(this.placement, 1));
    let proved = true;
    for (let period = start; period <= serial && period / copies < rate; period++) {
      const outcome = this.search({ problem, period, order }, this.limits(), 0.25);
      if (outcome.times !== undefined) {
        this.leastForOne ||= copies === 1 && proved;
        return { problem, copies, period, times: outcome.times };
      }
      proved &&= outcome.exhausted;
      if (this.spent()) {
        return undefined;
      }
    }
    return undefined;
  }

  /** Tries periods that grow from the bound, then halves the last step. */
  private growing(
    problem: ModuloProblem,
    copies: number,
    start: number,
    rate: number,
  ): Found | undefined {
    let low = start;
    let best: Found | undefined;
    for (let step = 0; step < 40 && best === undefined; step++) {
      const period = step === 0 ? start : Math.ceil(start * (1 + 0.002 * 1.35 ** step));
      if (period / copies >= rate || this.spent()) {
        return undefined;
      }
      best = this.anyOrder(problem, copies, period);
      low = best === undefined ? period : low;
    }
    for (let step = 0; step < 6 && best !== undefined && best.period - low > 1; step++) {
      const middle = Math.floor((low + best.period) / 2);
      const found = this.anyOrder(problem, copies, middle);
      low = found === undefined ? middle : low;
      best = found ?? best;
    }
    return best;
  }

  private anyOrder(_p: ModuloProblem, _c: number, _t: number): Found | undefined {
    return undefined;
  }

  private limits(most = Number.POSITIVE_INFINITY): (number | undefined)[] {
    return this.placement.devices.map(({ memory }) =>
      most === Number.POSITIVE_INFINITY ? memory : Math.min(memory ?? most, most),
    );
  }

  private left(): number {
    return this.options.maxNodes - this.nodes;
  }

  private spent(): boolean {
    return this.left() <= 0 || this.options.shouldStop?.() === true;
  }

  private search(
    { problem, period, order }: Attempt,
    limits: readonly (number | undefined)[],
    share: number,
    latency?: number,
  ): ModuloOutcome {
    const outcome = searchModulo(problem, period, {
      limits,
      order,
      maxNodes: Math.ceil(this.left() * share),
      ...(latency === undefined ? {} : { latency }),
      ...(this.options.shouldStop === undefined ? {} : { shouldStop: this.options.shouldStop }),
    });
    this.nodes += outcome.nodes;
    this.options.onProgress?.(period, problem.count / Math.max(1, problem.base), this.nodes);
    return outcome;
  }

  private polished(found: Found): PeriodResult {
    const small = found.period <= MAX_COMPLETE_PERIOD && found.problem.count <= MAX_COMPLETE_BLOCKS;
    const lean = small ? this.leaner(found) : { found, proved: false };
    const quick = small ? this.quicker(lean.found) : { found: lean.found, proved: false };
    const { period, copies, problem, times } = quick.found;
    const { numerator, denominator } = this.bound ?? { numerator: 1, denominator: 1 };
    const optimal =
      period * denominator === numerator * copies ||
      (this.leastForOne && copies === 1 && this.options.maxMicroBatches === 1);
    const latency = latencyOf(quick.found);
    return {
      status: optimal ? "optimal" : "bounded",
      schedule: periodicOf(quick.found),
      lowerBound: { numerator, denominator },
      boundedBy: this.bound,
      leastForOne: this.leastForOne,
      nodes: this.nodes,
      peaks: this.placement.devices.map((_, device) =>
        returns(problem, device) ? peakLevel(problem, device, times, period) : undefined,
      ),
      leastPeak: lean.proved,
      inFlight: Math.ceil((latency * copies) / period),
      latency,
      leastLatency: lean.proved && quick.proved,
      leastMemory: undefined,
    };
  }

  /** Lowers the highest peak: limits from the least possible up, until one works. */
  private leaner(found: Found): { readonly found: Found; readonly proved: boolean } {
    const { problem, period, copies } = found;
    const devices = problem.blocksOn.map((_, at) => at).filter((at) => returns(problem, at));
    const peak = Math.max(0, ...devices.map((d) => peakLevel(problem, d, found.times, period)));
    const one = moduloProblem(this.placement, 1);
    const least = Math.max(
      0,
      ...devices.map((d) => Math.ceil(((heldTime(one, d)?.time ?? 0) * copies) / period)),
      ...devices.map((d) => largestTake(one, d)),
    );
    const order = outwardOrder(moduloProblem(this.placement, 1));
    let proved = devices.length === problem.blocksOn.length;
    const step = Math.max(1, Math.floor((peak - least) / 32));
    for (let most = least; most < peak; most += step) {
      const outcome = this.search({ problem, period, order }, this.limits(most), 0.25);
      if (outcome.times !== undefined) {
        return { found: { ...found, times: outcome.times }, proved: proved && step === 1 };
      }
      proved &&= outcome.exhausted;
      if (this.spent()) {
        return { found, proved: false };
      }
    }
    return { found, proved: proved && step === 1 };
  }

  /** Shortens the latency at the same period and highest peak. */
  private quicker(found: Found): { readonly found: Found; readonly proved: boolean } {
    const { problem, period } = found;
    const devices = problem.blocksOn.map((_, at) => at).filter((at) => returns(problem, at));
    const peak = Math.max(0, ...devices.map((d) => peakLevel(problem, d, found.times, period)));
    const limits = devices.length === problem.blocksOn.length ? this.limits(peak) : this.limits();
    const order = outwardOrder(moduloProblem(this.placement, 1));
    const now = latencyOf(found);
    let proved = true;
    for (let latency = criticalPath(problem); latency < now; latency++) {
      const outcome = this.search({ problem, period, order }, limits, 0.1, latency);
      if (outcome.times !== undefined) {
        return { found: { ...found, times: outcome.times }, proved };
      }
      proved &&= outcome.exhausted;
      if (this.spent()) {
        return { found, proved: false };
      }
    }
    return { found, proved };
  }

  private without(
    status: "heuristic" | "infeasible",
    leastMemory: readonly (number | undefined)[] | undefined,
  ): PeriodResult {
    const { numerator, denominator } = this.bound ?? { numerator: 1, denominator: 1 };
    return {
      status,
      schedule: undefined,
      lowerBound: { numerator, denominator },
      boundedBy: this.bound,
      leastForOne: false,
      nodes: this.nodes,
      peaks: this.placement.devices.map(() => undefined),
      leastPeak: false,
      inFlight: 0,
      latency: 0,
      leastLatency: false,
      leastMemory,
    };
  }
}

/** Whether a micro-batch leaves no memory behind on a device. */
function returns(problem: ModuloProblem, device: number): boolean {
  return (problem.events[device] ?? []).reduce((sum, { change }) => sum + change, 0) === 0;
}

function largestTake(problem: ModuloProblem, device: number): number {
  const takes = (problem.events[device] ?? []).map(
    ({ block, change }) => Math.max(0, change) + (problem.workspace[block] ?? 0),
  );
  return Math.max(0, ...takes);
}

/**
 * Per device a limit that no schedule can do with less than: a block's own take and workspace with
 * what its predecessors took and only its successors can give back. `undefined`: none is enough.
 */
function memoryNeeds(placement: Placement): readonly (number | undefined)[] {
  const problem = moduloProblem(placement, 1);
  const reach = Array.from({ length: problem.count }, (_, block) => longestFrom(problem, block));
  return placement.devices.map((_, device) =>
    returns(problem, device)
      ? Math.max(
          0,
          ...(problem.blocksOn[device] ?? []).map((b) => levelAtStart(problem, device, b, reach)),
        )
      : undefined,
  );
}

/** Least level when `block` starts: all releases that need not come after it have happened. */
function levelAtStart(
  problem: ModuloProblem,
  device: number,
  block: number,
  reach: readonly Float64Array[],
): number {
  const comes = (from: number, to: number): boolean =>
    reach[from]?.[to] !== Number.NEGATIVE_INFINITY;
  const counts = ({ block: other, change, offset }: MemoryEvent): boolean => {
    if (other === block) {
      return offset === 0;
    }
    return change > 0 ? comes(other, block) : !comes(block, other);
  };
  return (problem.events[device] ?? [])
    .filter(counts)
    .reduce((level, { change }) => level + change, problem.workspace[block] ?? 0);
}

/** Longest path of a micro-batch, to the end of its last block. */
export function criticalPath(problem: ModuloProblem): number {
  const start = new Float64Array(problem.count);
  let longest = 0;
  for (const block of problem.topological) {
    const time = start[block] ?? 0;
    longest = Math.max(longest, time + (problem.duration[block] ?? 0));
    for (const { block: to, gap } of problem.after[block] ?? []) {
      start[to] = Math.max(start[to] ?? 0, time + gap);
    }
  }
  return longest;
}

function latencyOf({ problem, times }: Found): number {
  let longest = 0;
  for (let copy = 0; copy < problem.count; copy += problem.base) {
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (let block = copy; block < copy + problem.base; block++) {
      first = Math.min(first, times[block] ?? 0);
      last = Math.max(last, (times[block] ?? 0) + (problem.duration[block] ?? 0));
    }
    longest = Math.max(longest, last - first);
  }
  return longest;
}

/** Each copy's first block enters in [0, period), the first copy's at 0. */
function periodicOf({ problem, times, period, copies }: Found): PeriodicSchedule {
  const { base } = problem;
  const starts = Array.from({ length: copies }, (_, copy) =>
    times.subarray(copy * base, (copy + 1) * base).reduce((a, b) => Math.min(a, b)),
  );
  const origin = starts[0] ?? 0;
  const entering = starts
    .map((start, copy) => ({ copy, turns: Math.floor((start - origin) / period) }))
    .map(({ copy, turns }) => ({ copy, turns, at: (starts[copy] ?? 0) - turns * period }))
    .sort((a, b) => a.at - b.at);
  const repetend: RepetendEntry[] = entering.flatMap(({ copy, turns }, residue) =>
    Array.from({ length: base }, (_, block) => {
      const time = (times[copy * base + block] ?? 0) - origin - turns * period;
      return { block, residue, offset: time % period, shift: Math.floor(time / period) };
    }),
  );
  return { period, microBatchesPerPeriod: copies, repetend };
}
