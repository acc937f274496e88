import { drawArrivals } from "../../arrivals/draw-arrivals.js";
import type { Launcher } from "../../schedule/serving/adaptive-launcher.js";
import { servingCost } from "../../schedule/serving/serving-cost.js";
import { simulateLauncher } from "../../schedule/serving/simulate-adaptive.js";
import { countedSpan } from "../evaluate-policy.js";
import { ratesOf, type ServingJob } from "../serving-job.js";
import { pieceOf } from "./training-sample.js";

/** The first training sample that is only for trials: no policy learns from that many. */
const FIRST_TRIAL = 1_000_000;

/** Samples of a trial. */
const TRIAL_SAMPLES = 3;

/** Requests of a sample that are tried; of longer samples it is a piece. */
const MOST_REQUESTS = 20_000;

/** Places of pieces in their samples, one after the other: far from each other, however many. */
const GOLDEN = 0.618034;

/**
 * What requests cost under a launcher on training samples that are kept for trials: mean of `servingCost`.
 *
 * `from`: number of the first of them, to try on others. Cost: a simulation of each.
 */
export function trialCost(
  job: ServingJob,
  launcher: Launcher,
  seed: number,
  { from = 0, count = TRIAL_SAMPLES }: { readonly from?: number; readonly count?: number } = {},
): number {
  const { problem, workload, objectives } = job;
  const rate = ratesOf(job).reduce((sum, each) => sum + each, 0);
  const lengthNs = Math.min(workload.durationNs, Math.ceil((MOST_REQUESTS / rate) * 1e9));
  const span = countedSpan(lengthNs);
  let sum = 0;
  for (let at = from; at < from + count; at++) {
    const sample = { seed, purpose: "training", episode: FIRST_TRIAL + at } as const;
    const place = GOLDEN * at - Math.floor(GOLDEN * at);
    const begin = Math.floor(place * (workload.durationNs - lengthNs));
    const arrivals = pieceOf(drawArrivals(workload, sample), begin, begin + lengthNs);
    sum += servingCost(simulateLauncher(problem, arrivals, launcher), objectives, span);
  }
  return sum / count;
}
