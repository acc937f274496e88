/**
 * Repeating schedules in which blocks that hold no memory run for many micro-batches at once.
 *
 * The middle of the placement (`middleOf`) has a repeating schedule of its own. Every few of its periods all devices
 * pause, finish what they are at, and run heads and tails for as many micro-batches; then the middle goes on where it was.
 * What is on its way stays there, so memory is as it was, and blocks over all devices cost their time, and what devices wait
 * for each other at a pause, once for many micro-batches. A pause may come at any start of the middle's period;
 * the orders that each gives are compared by their exact least period.
 *
 * Example: M-shape on four devices, memory 4: the middle takes 4 for each, heads and tails 2, and a pause 2 more:
 * 98 for 16 micro-batches.
 */
import type { Placement } from "../../../placement/placement.js";
import type { PeriodicSchedule } from "../../../schedule/pipeline-schedule.js";
import { retimed } from "../cyclic/retimed.js";
import { type FoundPeriod, isFaster } from "../found-period.js";
import { type ModuloProblem, moduloProblem } from "../modulo/modulo-problem.js";
import type { Middle } from "./batched-ends.js";

/** Micro-batches per pause, about. */
const MOST_COPIES = 16;
/** Block instances per pause, about. */
const MOST_INSTANCES = 400;

/**
 * The shortest period of all pauses, of equal ones that of fewer micro-batches; `undefined` where none fits. Cost: O(starts of the
 * middle * orders' period).
 */
export function pausedPeriod(
  placement: Placement,
  middle: Middle,
  periodic: PeriodicSchedule,
): FoundPeriod | undefined {
  const { microBatchesPerPeriod: q } = periodic;
  const most = Math.min(MOST_COPIES, MOST_INSTANCES / placement.blocks.length);
  const often = pausedEvery(placement, middle, periodic, 1);
  const seldom =
    most < 2 * q ? undefined : pausedEvery(placement, middle, periodic, Math.floor(most / q));
  return isFaster(seldom, often) ? seldom : often;
}

function pausedEvery(
  placement: Placement,
  middle: Middle,
  periodic: PeriodicSchedule,
  turns: number,
): FoundPeriod | undefined {
  const { microBatchesPerPeriod: q, repetend } = periodic;
  const problem = moduloProblem(placement, q * turns);
  const starts = [...new Set(repetend.map(({ offset }) => offset))].sort((a, b) => a - b);
  let best: FoundPeriod | undefined;
  for (const start of starts) {
    const paused = new Pause(placement, middle, periodic, turns, start);
    const { period } = paused;
    const found = retimed(placement, problem, { times: paused.times(problem), period });
    if (found !== undefined && (best === undefined || found.period < best.period)) {
      best = { problem, copies: q * turns, ...found };
    }
  }
  return best;
}

/** A pause before what starts at `start` in every so many periods of the middle. */
class Pause {
  readonly #placement: Placement;
  readonly #middle: Middle;
  readonly #periodic: PeriodicSchedule;
  readonly #turns: number;
  readonly #start: number;
  /** From the pause until the last device has finished what it is at. */
  readonly #finish: number;
  readonly #length: number;

  constructor(
    placement: Placement,
    middle: Middle,
    periodic: PeriodicSchedule,
    turns: number,
    start: number,
  ) {
    this.#placement = placement;
    this.#middle = middle;
    this.#periodic = periodic;
    this.#turns = turns;
    this.#start = start;
    const ends = periodic.repetend.map(({ block, offset }) => {
      const since = (start - offset + periodic.period) % periodic.period;
      return since === 0 ? 0 : (middle.placement.blocks[block]?.duration ?? 0) - since;
    });
    this.#finish = Math.max(0, ...ends);
    this.#length = this.#finish + this.#copies * this.#time([...middle.head, ...middle.tail]);
  }

  get #copies(): number {
    return this.#turns * this.#periodic.microBatchesPerPeriod;
  }

  get #middlePeriod(): number {
    return this.#turns * this.#periodic.period;
  }

  /** A period in which everything has a place. */
  get period(): number {
    return this.#middlePeriod + this.#length;
  }

  /** Start times of all blocks. */
  times(problem: ModuloProblem): Float64Array {
    const times = new Float64Array(problem.count).fill(Number.NaN);
    const { microBatchesPerPeriod: q, period, repetend } = this.#periodic;
    for (const { block, residue, offset, shift } of repetend) {
      for (let turn = 0; turn < this.#turns; turn++) {
        const at = (turn * q + residue) * problem.base + (this.#middle.blocks[block] ?? 0);
        times[at] = this.#afterPauses(offset + (turn + shift) * period);
      }
    }
    let place = this.#start + this.#finish;
    for (let copy = 0; copy < this.#copies; copy++) {
      for (const block of this.#middle.tail) {
        const at = copy * problem.base + block;
        times[at] = place + this.#turnsUntil(problem, times, at, place) * this.period;
        place += problem.duration[at] ?? 0;
      }
    }
    for (let copy = 0; copy < this.#copies; copy++) {
      const own = place;
      const heads = this.#middle.head.map((block) => copy * problem.base + block);
      const turn = Math.min(...heads.map((at) => this.#turnsBefore(problem, times, at, own)));
      for (const at of heads) {
        times[at] = place + turn * this.period;
        place += problem.duration[at] ?? 0;
      }
    }
    return times;
  }

  #time(blocks: readonly number[]): number {
    return blocks.reduce((sum, at) => sum + (this.#placement.blocks[at]?.duration ?? 0), 0);
  }

  /** A time of the middle with all pauses before it. */
  #afterPauses(time: number): number {
    const pauses = Math.floor((time - this.#start) / this.#middlePeriod) + 1;
    return time + pauses * this.#length;
  }

  /** Periods until all that a tail waits for has ended by `place`. */
  #turnsUntil(problem: ModuloProblem, times: Float64Array, at: number, place: number): number {
    const ready = (problem.before[at] ?? []).map(({ block, gap }) => (times[block] ?? 0) + gap);
    const last = Math.max(...ready.filter((time) => !Number.isNaN(time)), place);
    return Math.ceil((last - place) / this.period);
  }

  /** Periods, below 0 for earlier ones, so that what waits for the heads of a micro-batch finds them done. */
  #turnsBefore(problem: ModuloProblem, times: Float64Array, at: number, place: number): number {
    const heads = this.#time(this.#middle.head);
    const due = (problem.after[at] ?? []).map(({ block, gap }) => {
      return (times[block] ?? 0) - (gap - (problem.duration[at] ?? 0));
    });
    const first = Math.min(...due.filter((time) => !Number.isNaN(time)), place + heads);
    return Math.floor((first - place - heads) / this.period);
  }
}
