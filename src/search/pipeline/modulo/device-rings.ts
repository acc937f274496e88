/**
 * The time of every device within one period, step by step: which steps are taken, and what memory
 * is held in each.
 */
import type { ModuloProblem } from "./modulo-problem.js";

/** Steps of a period per device. Requires: an integer period and integer durations. */
export class DeviceRings {
  readonly #taken: Uint8Array;
  readonly #problem: ModuloProblem;
  readonly #period: number;
  /** Durations of blocks without a place, per device. */
  readonly #rest: Float64Array;
  readonly #waiting: readonly Int32Array[];
  readonly #durations: readonly Float64Array[];
  readonly #level: Float64Array;

  constructor(problem: ModuloProblem, period: number) {
    this.#problem = problem;
    this.#period = period;
    this.#taken = new Uint8Array(problem.blocksOn.length * period);
    this.#level = new Float64Array(period + 1);
    const length = (at: number): number => problem.duration[at] ?? 0;
    this.#rest = Float64Array.from(problem.blocksOn, (own) =>
      own.reduce((sum, at) => sum + length(at), 0),
    );
    this.#durations = problem.blocksOn.map((own) =>
      Float64Array.from(new Set(own.map(length))).sort(),
    );
    this.#waiting = problem.blocksOn.map((own, device) =>
      Int32Array.from(
        this.#durations[device] ?? [],
        (duration) => own.filter((at) => length(at) === duration).length,
      ),
    );
  }

  /** Whether all steps of a block that starts at `slot` are free on its devices. */
  isFree(block: number, slot: number): boolean {
    const taken = this.#taken;
    const period = this.#period;
    const problem = this.#problem;
    const duration = problem.duration[block] ?? 0;
    if (duration > period) {
      return false;
    }
    for (const device of problem.devicesOf[block] ?? []) {
      const base = device * period;
      for (let i = 0, at = slot; i < duration; i++, at++) {
        if (at === period) {
          at = 0;
        }
        if (taken[base + at] === 1) {
          return false;
        }
      }
    }
    return true;
  }

  /** Steps from `slot` to the next start of `block` that is free; Infinity without one. */
  nextFree(block: number, slot: number): number {
    const period = this.#period;
    const problem = this.#problem;
    const duration = problem.duration[block] ?? 0;
    const devices = problem.devicesOf[block] ?? [];
    for (
      let i = 0, run = 0, at = slot;
      i < period + duration - 1 && duration <= period;
      i++, at++
    ) {
      if (at === period) {
        at = 0;
      }
      run = this.#isTaken(devices, at) ? 0 : run + 1;
      if (run === duration) {
        return i - duration + 1;
      }
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Steps from `slot` back to the last start of `block` that is free; Infinity without one. */
  previousFree(block: number, slot: number): number {
    const period = this.#period;
    const problem = this.#problem;
    const duration = problem.duration[block] ?? 0;
    const devices = problem.devicesOf[block] ?? [];
    let at = (slot + duration - 1) % period;
    for (let i = 0, run = 0; i < period + duration - 1 && duration <= period; i++, at--) {
      if (at < 0) {
        at = period - 1;
      }
      run = this.#isTaken(devices, at) ? 0 : run + 1;
      if (run === duration) {
        return i - duration + 1;
      }
    }
    return Number.POSITIVE_INFINITY;
  }

  #isTaken(devices: readonly number[], at: number): boolean {
    const taken = this.#taken;
    const period = this.#period;
    for (let i = 0; i < devices.length; i++) {
      if (taken[devices[i]! * period + at] === 1) {
        return true;
      }
    }
    return false;
  }

  /** Takes (or gives back) the steps of a block. */
  mark(block: number, slot: number, isTaken: boolean): void {
    const taken = this.#taken;
    const period = this.#period;
    const problem = this.#problem;
    const rest = this.#rest;
    const duration = problem.duration[block] ?? 0;
    for (const device of problem.devicesOf[block] ?? []) {
      const base = device * period;
      for (let i = 0, at = slot; i < duration; i++, at++) {
        if (at === period) {
          at = 0;
        }
        taken[base + at] = isTaken ? 1 : 0;
      }
      rest[device] = (rest[device] ?? 0) + (isTaken ? -duration : duration);
      const kinds = this.#durations[device];
      const waiting = this.#waiting[device];
      const kind = kinds?.indexOf(duration) ?? 0;
      if (waiting !== undefined) {
        waiting[kind] = (waiting[kind] ?? 0) + (isTaken ? -1 : 1);
      }
    }
  }

  /** Whether the blocks without a place may fit into the gaps of the devices of `block`. */
  leavesRoom(block: number): boolean {
    for (const device of this.#problem.devicesOf[block] ?? []) {
      if ((this.#rest[device] ?? 0) > 0 && this.#room(device) < (this.#rest[device] ?? 0)) {
        return false;
      }
    }
    return true;
  }

  /** Steps in gaps that are no shorter than the shortest waiting block. */
  #room(device: number): number {
    const taken = this.#taken;
    const period = this.#period;
    const waiting = this.#waiting[device];
    const kind = waiting?.findIndex((count) => count > 0) ?? -1;
    const least = this.#durations[device]?.[kind] ?? 0;
    const base = device * period;
    let start = 0;
    while (start < period && taken[base + start] === 0) {
      start++;
    }
    if (start === period) {
      return period;
    }
    let room = 0;
    let gap = 0;
    for (let i = 1, at = start + 1; i <= period; i++, at++) {
      if (at === period) {
        at = 0;
      }
      if (taken[base + at] === 0) {
        gap++;
      } else {
        room += gap >= least ? gap : 0;
        gap = 0;
      }
    }
    return room;
  }

  /**
   * Least highest level of a device whose takes may be as late as `latest` and whose releases as early
   * as `earliest`, without workspace. Infinite window ends: none, 0.
   */
  leastPeak(device: number, earliest: Float64Array, latest: Float64Array): number {
    const level = this.#level;
    const period = this.#period;
    const problem = this.#problem;
    level.fill(0);
    let base = 0;
    for (const { block, boundOffset, change } of problem.events[device] ?? []) {
      const time = change > 0 ? (latest[block] ?? 0) : (earliest[block] ?? 0) + boundOffset;
      if (!Number.isFinite(time)) {
        return 0;
      }
      const turns = Math.floor(time / period);
      const at = time - turns * period;
      level[at] = (level[at] ?? 0) + change;
      base -= change * (turns + 1);
    }
    let highest = 0;
    for (let at = 0; at < period; at++) {
      base += level[at] ?? 0;
      highest = Math.max(highest, base);
    }
    return highest;
  }

  /** Highest level of a device whose blocks all have times, in the steady state. */
  peak(device: number, times: Float64Array): number {
    const level = this.#level;
    const period = this.#period;
    const problem = this.#problem;
    level.fill(0);
    let base = 0;
    const add = (time: number, change: number): void => {
      const turns = Math.floor(time / period);
      const at = time - turns * period;
      level[at] = (level[at] ?? 0) + change;
      base -= change * (turns + 1);
    };
    for (const { block, offset, change } of problem.events[device] ?? []) {
      add((times[block] ?? 0) + offset, change);
    }
    for (const block of problem.blocksOn[device] ?? []) {
      const workspace = problem.workspace[block] ?? 0;
      if (workspace > 0) {
        add(times[block] ?? 0, workspace);
        add((times[block] ?? 0) + (problem.duration[block] ?? 0), -workspace);
      }
    }
    let highest = 0;
    for (let at = 0; at < period; at++) {
      base += level[at] ?? 0;
      highest = Math.max(highest, base);
    }
    return highest;
  }
}
