import type { ModuloProblem } from "./modulo-problem.js";
import type { TimeWindows } from "./time-windows.js";

/** Whether every copy can still run from first start to last end within a latency. */
export class LatencySpans {
  readonly #problem: ModuloProblem;
  readonly #windows: TimeWindows;
  readonly #latency: number | undefined;

  /** Without `latency` everything fits. */
  constructor(problem: ModuloProblem, windows: TimeWindows, latency: number | undefined) {
    this.#problem = problem;
    this.#windows = windows;
    this.#latency = latency;
  }

  fit(): boolean {
    const latency = this.#latency;
    const { base, count } = this.#problem;
    for (let copy = 0; latency !== undefined && copy < count; copy += base) {
      const [first, last] = this.#spanOf(copy);
      if (last - first > latency) {
        return false;
      }
    }
    return true;
  }

  /** The spans so far, as seen from `origin`: what later decisions depend on. Empty without latency. */
  key(origin: number): string {
    const { base, count } = this.#problem;
    let key = "";
    for (let copy = 0; this.#latency !== undefined && copy < count; copy += base) {
      const [first, last] = this.#spanOf(copy);
      key += `;${first - origin},${last - origin}`;
    }
    return key;
  }

  /** Latest first start and earliest last end of a copy, as far as known. */
  #spanOf(copy: number): readonly [number, number] {
    const { base, duration } = this.#problem;
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (let block = copy; block < copy + base; block++) {
      first = Math.min(first, this.#windows.latest[block] ?? 0);
      last = Math.max(last, (this.#windows.earliest[block] ?? 0) + (duration[block] ?? 0));
    }
    return [first, last];
  }
}
