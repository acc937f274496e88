import type { ServingQueues } from "../../schedule/serving/serving-queues.js";

/** Where the requests of a run are, as far as they are known. */
export type RequestTimes = Pick<ServingQueues, "arrivals" | "endNs"> &
  Partial<Pick<ServingQueues, "isRefused">>;

/** Times its objective that a refused request counts as having taken, at least. */
const REFUSED = 2;

/**
 * What requests cost from one moment to the next: the integral of the requests in the system, those older than
 * their objective counted three times, over arrivals in an objective; mean over models.
 *
 * Over a whole run it is, by Little's law, the mean latency and twice the mean lateness over the objective, times the
 * time; nothing caps it, so that leaving a model's requests where they are never pays.
 */
export class RequestCost {
  readonly #rates: readonly number[];
  readonly #objectives: readonly number[];
  /** By model: requests before this one cost nothing any more. */
  readonly #first: Int32Array;
  #now = 0;

  /** `rates` per second and `objectives` in nanoseconds, by model. */
  constructor(rates: readonly number[], objectives: readonly number[]) {
    this.#rates = rates;
    this.#objectives = objectives;
    this.#first = new Int32Array(rates.length);
  }

  /**
   * The cost from the last moment to `untilNs`, in nanoseconds: 1 for each nanosecond in which requests wait as
   * long as their objective. Requires: all that happened before `untilNs` is in `times`; -1 for an end that
   * is not known yet. Cost: O(requests in the system in between).
   */
  until(untilNs: number, { arrivals, endNs, isRefused }: RequestTimes): number {
    const from = this.#now;
    let cost = 0;
    for (const [model, objective] of this.#objectives.entries()) {
      const arrival = arrivals[model]!;
      const end = endNs[model]!;
      const refused = isRefused?.[model];
      const over = (at: number): number => {
        const ended = end[at]! < 0 ? Number.POSITIVE_INFINITY : end[at]!;
        return refused?.[at] === 1 ? Math.max(ended, arrival[at]! + REFUSED * objective) : ended;
      };
      let first = this.#first[model]!;
      while (first < arrival.length && over(first) <= from) {
        first++;
      }
      this.#first[model] = first;
      let sum = 0;
      for (let at = first; at < arrival.length && arrival[at]! < untilNs; at++) {
        const to = Math.min(over(at), untilNs);
        sum += Math.max(0, to - Math.max(from, arrival[at]!));
        sum += 2 * Math.max(0, to - Math.max(from, arrival[at]! + objective));
      }
      cost += (sum * 1e9) / (this.#rates[model]! * objective);
    }
    this.#now = untilNs;
    return cost / this.#objectives.length;
  }
}
