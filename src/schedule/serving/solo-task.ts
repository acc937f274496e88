import type { RunTable } from "./run-table.js";

/** A stage of a task, and how much of it is left, in nanoseconds as if alone. */
export interface StagePlace {
  readonly stage: number;
  readonly left: number;
}

/**
 * A task that has a GPU to itself. It goes through its stages at their own speed, so nothing happens until it ends
 * or another joins it: the simulator need not stop at its stages.
 */
export class SoloTask {
  /** -1: there is none. */
  task = -1;
  /** When it is over if it stays alone; `Infinity`: there is none. */
  endNs: number = Number.POSITIVE_INFINITY;
  readonly #runs: RunTable;
  /** By run: no stage wants more of anything than there is. */
  readonly #isFree: readonly boolean[];
  #run = 0;
  #scale = 1;
  #from = 0;
  #stage = 0;
  #left = 0;

  /** Cost: O(stages). */
  constructor(runs: RunTable) {
    this.#runs = runs;
    this.#isFree = Array.from(runs.start, (start, run) => isFree(runs, start, runs.end[run]!));
  }

  /** Whether tasks of a run go at their own speed alone. */
  mayHold(run: number): boolean {
    return this.#isFree[run]!;
  }

  /** Takes up a task that is at a place now, with the factor of its times. */
  begin(task: number, run: number, { stage, left }: StagePlace, now: number, scale: number): void {
    const { before, ns, wholeNs } = this.#runs;
    this.task = task;
    this.#run = run;
    this.#scale = scale;
    this.#from = now;
    this.#stage = stage;
    this.#left = left;
    this.endNs = now + left + (wholeNs[run]! - before[stage]! - ns[stage]!) * scale;
  }

  /** Where the task is. Requires: there is one, and it is not over. Cost: O(log stages). */
  placeAt(now: number): StagePlace {
    const { before, ns, end } = this.#runs;
    const elapsed = now - this.#from;
    if (elapsed < this.#left) {
      return { stage: this.#stage, left: this.#left - elapsed };
    }
    const scale = this.#scale;
    const done = before[this.#stage]! + ns[this.#stage]! + (elapsed - this.#left) / scale;
    let low = this.#stage;
    let high = end[this.#run]! - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (before[middle]! <= done) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return { stage: low, left: Math.max(0, (before[low]! + ns[low]! - done) * scale) };
  }

  /** Gives the task up, and returns how many stages it has ended since it was taken up. */
  release(stage: number): number {
    this.task = -1;
    this.endNs = Number.POSITIVE_INFINITY;
    return stage - this.#stage;
  }
}

/** Rounding of shares that add up to all there is. */
const SLACK = 1e-9;

function isFree({ share, arithmetic, bandwidth }: RunTable, start: number, end: number): boolean {
  for (let stage = start; stage < end; stage++) {
    if (Math.max(share[stage]!, arithmetic[stage]!, bandwidth[stage]!) > 1 + SLACK) {
      return false;
    }
  }
  return true;
}
