/** What a launcher sees at a tick. Sums, products, quotients and comparisons only: the same on every machine. */
import type { ServingEngine } from "./serving-engine.js";

/** Weights of the newest tick in the two averages of a rate. */
const FAST = 0.4;
const SLOW = 0.05;

/** Progress this near to a quarter is in it: times are sums of many, rounded in another order elsewhere. */
const ROUNDING = 1e-6;

/** A server as its launcher sees it: the state of all models at the latest tick. */
export class LauncherObserver {
  /** By model: requests per second, averaged over about the last 2 and the last 20 ticks. */
  readonly fastRate: Float64Array;
  readonly slowRate: Float64Array;
  /** By model: requests that wait, and how long the first of them has. */
  readonly waiting: Float64Array;
  readonly headWaitNs: Float64Array;
  /** By model: tasks in flight, and how many of them are in each quarter of their time. */
  readonly inFlight: Float64Array;
  readonly quarters: readonly Float64Array[];
  readonly #tickNs: number;
  readonly #arrived: Float64Array;

  /** `rates` by model: where the averages begin. */
  constructor(rates: readonly number[], tickNs: number) {
    this.fastRate = Float64Array.from(rates);
    this.slowRate = Float64Array.from(rates);
    this.waiting = new Float64Array(rates.length);
    this.headWaitNs = new Float64Array(rates.length);
    this.inFlight = new Float64Array(rates.length);
    this.quarters = rates.map(() => new Float64Array(4));
    this.#tickNs = tickNs;
    this.#arrived = new Float64Array(rates.length);
  }

  /** Looks at the server, a tick after it did last. Cost: O(tasks in flight x models). */
  look(engine: ServingEngine): void {
    const { queues, nowNs } = engine;
    for (let model = 0; model < this.waiting.length; model++) {
      const arrived = queues.tail[model]!;
      const rate = ((arrived - this.#arrived[model]!) * 1e9) / this.#tickNs;
      this.#arrived[model] = arrived;
      this.fastRate[model] = FAST * rate + (1 - FAST) * this.fastRate[model]!;
      this.slowRate[model] = SLOW * rate + (1 - SLOW) * this.slowRate[model]!;
      this.waiting[model] = queues.waiting(model);
      this.headWaitNs[model] = Math.max(0, nowNs - queues.headNs(model));
      this.inFlight[model] = queues.inFlight[model]!;
      const quarters = this.quarters[model]!.fill(0);
      for (const progress of this.inFlight[model] === 0 ? [] : engine.progressOf(model)) {
        quarters[Math.min(3, Math.floor(4 * progress + ROUNDING))]! += 1;
      }
    }
  }
}
