import type { ModuloProblem } from "../modulo/modulo-problem.js";

/**
 * What is taken of every device's period: the blocks that have a place, in the order of their phases.
 *
 * Blocks on a device never overlap, so whether a place is free is a question to the two blocks around
 * it. Asking all blocks of the device instead costs as many times more as there are blocks on it.
 */
export class TakenTimes {
  readonly #problem: ModuloProblem;
  readonly #period: number;
  readonly #lines: readonly Line[];
  /** Blocks with a place that were looked at since the beginning: the work of all questions. */
  looked = 0;

  /** Nothing is taken yet. Requires: `period` above 0. */
  constructor(problem: ModuloProblem, period: number) {
    this.#problem = problem;
    this.#period = period;
    this.#lines = problem.blocksOn.map((blocks) => ({
      phases: new Float64Array(blocks.length),
      durations: new Float64Array(blocks.length),
      count: 0,
    }));
  }

  /** Gives `block` its place at `time`. Requires: the place is free. Cost: O(blocks per device). */
  take(block: number, time: number): void {
    const phase = modulo(time, this.#period);
    for (const device of this.#problem.devicesOf[block] ?? []) {
      const line = this.#lines[device] as Line;
      const { phases, durations, count } = line;
      const at = firstFrom(line, phase);
      phases.copyWithin(at + 1, at, count);
      durations.copyWithin(at + 1, at, count);
      phases[at] = phase;
      durations[at] = this.#problem.duration[block]!;
      line.count++;
    }
  }

  /** Takes the place of `block` away again, which has it at `time`. Cost: O(blocks per device). */
  release(block: number, time: number): void {
    const phase = modulo(time, this.#period);
    for (const device of this.#problem.devicesOf[block] ?? []) {
      const line = this.#lines[device] as Line;
      const { phases, durations, count } = line;
      const at = firstFrom(line, phase);
      phases.copyWithin(at, at + 1, count);
      durations.copyWithin(at, at + 1, count);
      line.count--;
    }
  }

  /** Whether `block` can be at `time` on all of its devices. Cost: O(log(blocks per device)). */
  isFree(block: number, time: number): boolean {
    const duration = this.#problem.duration[block]!;
    const period = this.#period;
    if (duration > period) {
      return false;
    }
    const phase = modulo(time, period);
    for (const device of this.#problem.devicesOf[block] ?? []) {
      const line = this.#lines[device] as Line;
      const { phases, durations, count } = line;
      this.looked++;
      if (count > 0) {
        const at = firstFrom(line, phase);
        const ahead = (at < count ? phases[at]! : phases[0]! + period) - phase;
        const last = at > 0 ? at - 1 : count - 1;
        const since = phase - phases[last]! + (at > 0 ? 0 : period);
        if (ahead < duration || since < durations[last]!) {
          return false;
        }
      }
    }
    return true;
  }

  /** Calls `visit` with the phase and the duration of every block that shares a device with `block`. */
  forEachBeside(block: number, visit: (phase: number, duration: number) => void): void {
    for (const device of this.#problem.devicesOf[block] ?? []) {
      const { phases, durations, count } = this.#lines[device] as Line;
      this.looked += count;
      for (let at = 0; at < count; at++) {
        visit(phases[at]!, durations[at]!);
      }
    }
  }
}

/** The blocks of a device that have places, by ascending phase. */
interface Line {
  readonly phases: Float64Array;
  readonly durations: Float64Array;
  count: number;
}

/** Position of the first phase that is not below `phase`. */
function firstFrom({ phases, count }: Line, phase: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (phases[middle]! < phase) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** The rest of `value`, in [0, `period`). */
export function modulo(value: number, period: number): number {
  const rest = value % period;
  return rest < 0 ? rest + period : rest;
}
