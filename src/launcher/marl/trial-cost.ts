import { drawArrivals } from "../../arrivals/draw-arrivals.js";
import { costsOn, type DrawnSample, type LauncherCosts } from "../policy-costs.js";
import { ratesOf, type ServingJob } from "../serving-job.js";
import { pieceOf } from "./training-sample.js";

/** The first training sample that is only for trials: no policy learns from that many. */
const FIRST_TRIAL = 1_000_000;

/** Samples of a trial. */
const TRIAL_SAMPLES = 6;

/** Requests of a sample that are tried; of longer samples it is a piece. */
const MOST_REQUESTS = 20_000;

/** Places of pieces in their samples, one after the other: far from each other, however many. */
const GOLDEN = 0.618034;

/**
 * What requests cost under launchers on training samples that are kept for trials: mean of `servingCost`.
 *
 * `from`: number of the first of them, to try on others. Cost: of a launcher: a simulation of each, or less.
 */
export function trialCosts(
  job: ServingJob,
  seed: number,
  { from = 0, count = TRIAL_SAMPLES }: { readonly from?: number; readonly count?: number } = {},
): LauncherCosts {
  const { workload } = job;
  const rate = ratesOf(job).reduce((sum, each) => sum + each, 0);
  const lengthNs = Math.min(workload.durationNs, Math.ceil((MOST_REQUESTS / rate) * 1e9));
  const samples = Array.from({ length: count }, (_, at): DrawnSample => {
    const episode = FIRST_TRIAL + from + at;
    const place = GOLDEN * (from + at) - Math.floor(GOLDEN * (from + at));
    const begin = Math.floor(place * (workload.durationNs - lengthNs));
    const sample = drawArrivals(workload, { seed, purpose: "training", episode });
    // Times that vary do so in another way in each sample.
    return { arrivals: pieceOf(sample, begin, begin + lengthNs), seed: seed + episode };
  });
  return costsOn(job, samples, lengthNs);
}
