import type { TaskSharing } from "./task-sharing.js";

/** What the simulator needs to know of a CPU. */
export interface CpuLaw {
  readonly workers: number;
  readonly slowdown: readonly number[];
}

/** What the stages of tasks ask of a CPU; by stage. */
export interface CpuUse {
  /** Threads. */
  readonly share: Float64Array;
  /** See `BatchRun`. */
  readonly contention: readonly (readonly number[] | undefined)[];
}

/**
 * Tasks that are on a CPU at one time: how fast each goes depends on how many threads are busy. What was
 * measured of the task itself counts (`contention`), else what is known of the device (`slowdown`), where more
 * threads than workers take turns.
 */
export class CpuSharing implements TaskSharing {
  count = 0;
  readonly operator: Int32Array;
  readonly phase: Int32Array;
  readonly left: Float64Array;
  readonly rate: Float64Array;
  readonly #use: CpuUse;
  readonly #law: CpuLaw;

  /** Room for `most` tasks at a time. */
  constructor(use: CpuUse, law: CpuLaw, most: number) {
    this.#use = use;
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
    const { share, contention } = this.#use;
    let threads = 0;
    for (let slot = 0; slot < count; slot++) {
      threads += share[phase[slot]!]!;
    }
    const usual = cpuSpeed(this.#law, threads);
    let least = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < count; slot++) {
      const measured = contention[phase[slot]!];
      const speed = measured === undefined ? usual : 1 / contentionAt(measured, threads);
      rate[slot] = speed;
      least = Math.min(least, left[slot]! / speed);
    }
    return least;
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

/** Times that a task takes longer than alone while `threads` are busy, from what was measured. */
export function contentionAt(contention: readonly number[], threads: number): number {
  const busy = Math.ceil(threads);
  const last = contention.length;
  return (contention[Math.min(busy, last) - 1] ?? 1) * Math.max(1, busy / last);
}
