import type { JsonProblem } from "../core/json-shape.js";

/** Longest profile file that is read: 100,000 operators take about 20 MB. */
export const MAX_PROFILE_BYTES: number = 256 << 20;

/** Most nanoseconds that a whole model may take, slowed down: thirteen days, and sums stay exact. */
const MAX_TIME_NS = 2 ** 50;

/** Slowest memory that a profile may have: a megabyte per second. */
export const MAX_BYTE_NS = 1000;

/** Times that predictions are sums of; with more than this in all they would no longer be exact. */
export function timeProblems(
  pointer: string,
  timesNs: Iterable<number>,
  slowdown: number = 1,
): JsonProblem[] {
  let total = 0;
  for (const ns of timesNs) {
    total += ns * slowdown;
  }
  return total <= MAX_TIME_NS
    ? []
    : [{ pointer, message: `times add up to ${total} ns, more than ${MAX_TIME_NS}` }];
}

/** Most samples of one thing: more would take too long to measure. */
export const MAX_SAMPLES = 1e9;

/** Largest recorded difference between outputs: larger ones are cut to it. */
export const MOST_DIFFERENCE = 1e9;

/** Most threads inside an operator. */
export const MAX_THREADS = 4096;

/** Largest relative noise: beyond, nothing was measured. */
export const MAX_NOISE = 1e6;
