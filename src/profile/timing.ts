import type { Random } from "../core/random.js";
import { median, quantile } from "../core/statistics.js";
import type { RelativeTime, Timing } from "./profile.js";

/** Times of a GPU at least this far apart count as different, whatever the noise floor says. */
export const LEAST_DIFFERENCE = 0.01;

/** Median, 10 % and 90 % quantile of samples, rounded to integer nanoseconds. Requires: not empty. */
export function timingOf(samplesNs: ArrayLike<number>): Timing {
  return {
    medianNs: Math.round(median(samplesNs)),
    p10Ns: Math.round(quantile(samplesNs, 0.1)),
    p90Ns: Math.round(quantile(samplesNs, 0.9)),
    samples: samplesNs.length,
  };
}

const RESAMPLES = 1000;

/**
 * Median ratio of two equally long series of neighboring runs, with the 95 % interval of a
 * percentile bootstrap over the rounds. Ratios of neighbors cancel what slows both down.
 *
 * Units: rounded to 4 decimals. Requires: not empty, no zero in `reference`.
 * Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile interval).
 */
export function relativeTime(
  samplesNs: readonly number[],
  reference: readonly number[],
  random: Random,
): RelativeTime {
  const ratios = Float64Array.from(samplesNs, (sample, i) => sample / (reference[i] ?? 1));
  const medians = new Float64Array(RESAMPLES);
  const resample = new Float64Array(ratios.length);
  for (let i = 0; i < RESAMPLES; i++) {
    for (let j = 0; j < ratios.length; j++) {
      resample[j] = ratios[random.integer(ratios.length)] ?? 1;
    }
    medians[i] = median(resample);
  }
  const middle = median(ratios);
  return {
    median: round4(middle),
    low: round4(Math.min(middle, quantile(medians, 0.025))),
    high: round4(Math.max(middle, quantile(medians, 0.975))),
  };
}

/**
 * The noise floor that an interval of the same thing measured twice shows: its larger distance from
 * 1, rounded to 4 decimals.
 */
export function noiseOf({ low, high }: Pick<RelativeTime, "low" | "high">): number {
  return round4(Math.max(1 - low, high - 1, 0));
}

/** A number rounded to 4 decimals. */
export function round4(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
