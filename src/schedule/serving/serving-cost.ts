import { selectQuantile } from "../../core/statistics.js";
import type { CountedSpan } from "./serving-metrics.js";
import type { ServingRun } from "./serving-run.js";

/** Times its objective that a refused request counts as having taken, at least. */
const REFUSED = 2;

/** The share of requests that are as slow as the tail, or slower; an objective of it is worth as much as these requests. */
const TAIL = 0.01;

/** Where the requests of a run are, as far as they are known: -1 for an answer that is not. */
export type RequestsSoFar = Pick<ServingRun, "arrivalNs" | "endNs" | "isRefused">;

/**
 * What a run costs those who ask, as one number: by model the share of requests that are not answered in time, and a
 * hundredth of the 99th percentile of latency over the objective; of these the mean over models. So requests in time count
 * first, and among policies that answer about as many the slowest ones decide.
 *
 * A refused request is not in time, and counts as one that took twice its objective, or as long as it waited.
 *
 * The share is one of each model's own requests: many requests for a small model are worth no more than few for a large
 * one. The percentile has no cap: a model that is starved for the others' sake costs more the longer it is.
 *
 * `objectives` by model, in nanoseconds. `nowNs`: the run is known up to there, and the cost is the least that it
 * can become. Models without requests in the span count as 0. Cost: O(requests).
 */
export function servingCost(
  { arrivalNs, endNs, isRefused }: RequestsSoFar,
  objectives: readonly number[],
  { fromNs, toNs }: CountedSpan,
  nowNs: number = Number.POSITIVE_INFINITY,
): number {
  let cost = 0;
  for (const [model, objective] of objectives.entries()) {
    const arrival = arrivalNs[model]!;
    const end = endNs[model]!;
    const latency = new Float64Array(arrival.length);
    let requests = 0;
    let lost = 0;
    for (let at = 0; at < arrival.length; at++) {
      if (arrival[at]! < fromNs || arrival[at]! >= toNs) {
        continue;
      }
      const until = end[at]! < 0 ? Math.max(nowNs, arrival[at]!) : end[at]!;
      const took = until - arrival[at]!;
      const refused = isRefused?.[model]?.[at] === 1;
      latency[requests++] = refused ? Math.max(took, REFUSED * objective) : took;
      lost += refused || took > objective ? 1 : 0;
    }
    if (requests > 0) {
      const tail = selectQuantile(latency.subarray(0, requests), 1 - TAIL);
      cost += lost / requests + TAIL * (tail / objective);
    }
  }
  return cost / objectives.length;
}
