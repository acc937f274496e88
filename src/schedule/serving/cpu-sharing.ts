import type { TaskSharing } from "./task-sharing.js";

/** What the simulator needs to know of a CPU. */
export interface CpuLaw {
  readonly workers: number;
  readonly slowdown: readonly number[];
}

/**
 * Tasks that are on a CPU at one time: all go at one speed, which depends on how many threads are busy
 * (`slowdown`); more threads than workers take turns.
 */
export class CpuSharing implements TaskSharing {
  count = 0;
  readonly operator: Int32Array;
  readonly phase: Int32Array;
  readonly left: Float64Array;
  readonly rate: Float64Array;
  readonly #threads: Float64Array;
  readonly #law: CpuLaw;

  /** `threads` by stage; room for `most` tasks at a time. */
  constructor(threads: Float64Array, law: CpuLaw, most: number) {
    this.#threads = threads;
    this.#law = law;
    this.operator = new Int32Array(most);
    this.phase = new Int32Array(most);
    this.left = new Float64Array(most);
    this.rate = new Float64Array(most);
  }

  /** Puts a stage of a task behind all others. */
  add(task: number, stage: number, left: number): void {
    this.operator[this.count] = task;
    this.phase[this.count] = stage;
    this.left[this.count] = left;
    this.count++;
  }

  /** Moves a task to an earlier slot, over one that has ended. */
  move(from: number, to: number): void {
    this.operator[to] = this.operator[from]!;
    this.phase[to] = this.phase[from]!;
    this.left[to] = this.left[from]!;
  }

  /** Sets the rates. Returns the time to the first end of a stage. */
  settle(): number {
    const { count, phase, left, rate } = this;
    let threads = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < count; slot++) {
      threads += this.#threads[phase[slot]!]!;
      least = Math.min(least, left[slot]!);
    }
    const speed = cpuSpeed(this.#law, threads);
    rate.fill(speed, 0, count);
    return least / speed;
  }

  /** Lets all tasks go on for `step` nanoseconds. */
  advance(step: number): void {
    const { count, rate, left } = this;
    for (let slot = 0; slot < count; slot++) {
      left[slot] = left[slot]! - step * rate[slot]!;
    }
  }
}

/** The speed of each thread while `threads` are busy; 1 alone. */
export function cpuSpeed({ workers, slowdown }: CpuLaw, threads: number): number {
  const busy = Math.min(Math.ceil(threads), workers, slowdown.length);
  return 1 / ((slowdown[busy - 1] ?? 1) * Math.max(1, threads / workers));
}
