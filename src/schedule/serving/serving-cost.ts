import type { CountedSpan } from "./serving-metrics.js";
import type { ServingRun } from "./serving-run.js";

/** Times its objective that a refused request counts as having taken. */
const REFUSED = 2;

/**
 * What a run costs those who ask, as one number: by model the mean latency, and twice the mean time by which
 * requests are late, over the objective; of these the mean over models. 1: requests take as long as their
 * objective on average.
 *
 * A refused request counts as one that took twice its objective: more than any in time, less than one that
 * waits for long and takes the time of others.
 *
 * Nothing caps it, so no model can be starved for the others' sake: by Little's law it is the requests in
 * the system, late ones counted three times, which grow without end with a backlog.
 *
 * `objectives` by model, in nanoseconds. Requires: all requests of the run are answered or refused. Models without requests
 * in the span count as 0. Cost: O(requests).
 */
export function servingCost(
  { arrivalNs, endNs, isRefused }: ServingRun,
  objectives: readonly number[],
  { fromNs, toNs }: CountedSpan,
): number {
  let cost = 0;
  for (const [model, objective] of objectives.entries()) {
    const arrival = arrivalNs[model]!;
    const end = endNs[model]!;
    let sum = 0;
    let requests = 0;
    for (let at = 0; at < arrival.length; at++) {
      if (arrival[at]! >= fromNs && arrival[at]! < toNs) {
        const latency =
          isRefused?.[model]?.[at] === 1 ? REFUSED * objective : end[at]! - arrival[at]!;
        sum += latency + 2 * Math.max(0, latency - objective);
        requests++;
      }
    }
    cost += requests === 0 ? 0 : sum / requests / objective;
  }
  return cost / objectives.length;
}
