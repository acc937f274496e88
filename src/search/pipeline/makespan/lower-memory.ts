/**
 * Of schedules that are as short as the shortest, one whose highest level of memory is as low as can be found.
 *
 * Memory limits below what the shortest schedule holds are tried by bisection. Under each, schedules that fit are
 * shortened until they are as short as the shortest one: those of other algorithms, and the shortest itself, made to
 * wait where memory is full. Limits under which it is certain that no schedule is so short (`whole-windows.ts`) are
 * passed over; and for few blocks, one that is so short is looked for through all that the pipeline can be doing
 * (`states/`), where little memory leaves little to look at.
 *
 * Example: interleaved 1F1B on eight devices with four chunks: starting everything as early as possible takes
 * 309 steps for 24 micro-batches and holds 52; as many are held by 39 in the hand-written order, which takes as long.
 */
import type { Placement } from "../../../placement/placement.js";
import { wholeInOrder } from "../../../schedule/in-order.js";
import type { PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { simulatePipeline } from "../../../schedule/simulate-pipeline.js";
import { memoryNeeds } from "../memory-needs.js";
import { greedySchedule } from "../quick/greedy.js";
import { type StatesAnswer, shortestByStates } from "../states/shortest-by-states.js";
import { chainsOf } from "./chain-problem.js";
import { fitMemory } from "./fit-memory.js";
import { Shortening } from "./shorten-schedule.js";
import { WholeWindows } from "./whole-windows.js";

/** What limits the work. */
export interface LowerMemoryOptions {
  /** Blocks placed in all. */
  readonly maxNodes: number;
  readonly seed: number;
}

/** Starts that are shortened under each limit, at most. */
const MOST_STARTS = 3;

/**
 * A schedule that is as long as `shortest` or shorter, and never holds more on the fullest device.
 *
 * Requires: valid schedules of as many micro-batches within the memory limits. Deterministic for equal options.
 */
export function lowerMemory(
  placement: Placement,
  shortest: PipelineSchedule,
  others: readonly PipelineSchedule[],
  options: LowerMemoryOptions,
): PipelineSchedule {
  const asShort = others.filter(({ makespan }) => makespan <= shortest.makespan);
  let best = leanest(placement, [shortest, ...asShort]);
  let low = needed(placement);
  let high = peakOf(placement, best);
  const trial = new Trial(placement, [best, shortest, ...others], best.makespan, options);
  while (low < high && trial.isWilling) {
    const limit = Math.floor((low + high) / 2);
    const found = trial.within(limit);
    if (found === undefined) {
      low = limit + 1;
    } else {
      best = found;
      high = peakOf(placement, found);
    }
  }
  return best;
}

/** The highest level on any device. */
function peakOf(placement: Placement, whole: PipelineSchedule): number {
  return simulatePipeline(placement, whole).reduce(
    (most, each) => Math.max(most, each.peakMemory),
    0,
  );
}

function isWithin(placement: Placement, whole: PipelineSchedule): boolean {
  return simulatePipeline(placement, whole).every(
    ({ peakMemory }, device) => peakMemory <= (placement.devices[device]?.memory ?? Infinity),
  );
}

/** The level of the fullest device first, then the sum of all; of equal ones the first. */
function leanest(placement: Placement, wholes: readonly PipelineSchedule[]): PipelineSchedule {
  const levels = wholes.map((whole) => {
    const peaks = simulatePipeline(placement, whole).map(({ peakMemory }) => peakMemory);
    return { whole, most: Math.max(0, ...peaks), sum: peaks.reduce((a, b) => a + b, 0) };
  });
  const [first] = levels.sort((a, b) => a.most - b.most || a.sum - b.sum);
  return first?.whole ?? wholes[0]!;
}

/** A level that no schedule stays below. */
function needed(placement: Placement): number {
  return memoryNeeds(placement).reduce<number>((most, need) => Math.max(most, need ?? 0), 0);
}

/** Tries to be so short within limits. */
class Trial {
  #nodes = 0;
  readonly #placement: Placement;
  readonly #known: readonly PipelineSchedule[];
  readonly #makespan: number;
  readonly #options: LowerMemoryOptions;

  constructor(
    placement: Placement,
    known: readonly PipelineSchedule[],
    makespan: number,
    options: LowerMemoryOptions,
  ) {
    this.#placement = placement;
    this.#known = known;
    this.#makespan = makespan;
    this.#options = options;
  }

  /** Whether a round of shortening is within the work that is left. */
  get isWilling(): boolean {
    const instances = this.#known[0]?.instances.length ?? 0;
    return this.#options.maxNodes - this.#nodes >= 2 * instances;
  }

  /** A schedule as short within a limit on every device. */
  within(limit: number): PipelineSchedule | undefined {
    const devices = this.#placement.devices.map((device) => {
      return { ...device, memory: Math.min(device.memory ?? limit, limit) };
    });
    const placement: Placement = { ...this.#placement, devices };
    if (this.#isRefuted(placement)) {
      return undefined;
    }
    const exact = this.#byStates(placement);
    if (exact.isProved) {
      return exact.whole;
    }
    const { seed, maxNodes } = this.#options;
    // Half of what is left for this question, so that something is left for the next.
    let left = Math.ceil((maxNodes - this.#nodes) / 2);
    for (const start of this.#startsWithin(placement)) {
      const run = new Shortening(placement, start, seed, this.#makespan);
      while (!run.isShortest && run.nodes < left / MOST_STARTS) {
        run.round();
      }
      this.#nodes += run.nodes;
      left -= run.nodes;
      if (run.least <= this.#makespan) {
        return run.schedule();
      }
    }
    return undefined;
  }

  #isRefuted(placement: Placement): boolean {
    const instances = this.#known[0]?.instances.length ?? 0;
    const ways = chainsOf(placement, this.#known[0]?.microBatches ?? 0);
    const windows = new WholeWindows(ways, this.#makespan);
    const isRefuted = windows.isRefuted(ROUNDS * instances);
    this.#nodes += instances;
    return isRefuted;
  }

  #byStates(placement: Placement): StatesAnswer {
    const left = this.#options.maxNodes - this.#nodes;
    const answer = shortestByStates(placement, this.#known[0]?.microBatches ?? 0, {
      below: this.#makespan + 1,
      choices: Math.ceil((left * SHARE_OF_STATES) / NODES_PER_CHOICE),
    });
    this.#nodes += answer.choices * NODES_PER_CHOICE;
    return answer;
  }

  /** Schedules within the limits, the shortest first. */
  #startsWithin(placement: Placement): readonly PipelineSchedule[] {
    const [best, ...others] = this.#known;
    const waiting = best === undefined ? undefined : fitMemory(placement, wholeInOrder(best));
    const microBatches = best?.microBatches ?? 0;
    const all = [
      ...(waiting === undefined ? [] : [waiting]),
      ...others,
      greedySchedule(placement, microBatches),
    ];
    return all
      .filter((whole) => isWithin(placement, whole))
      .sort((a, b) => a.makespan - b.makespan)
      .slice(0, MOST_STARTS);
  }
}

/** Of what is left, for states at each question; and what a choice there costs. */
const SHARE_OF_STATES = 0.25;
const NODES_PER_CHOICE = 10;

/** Of the windows of all instances, in each of which every instance is looked at. */
const ROUNDS = 100;
