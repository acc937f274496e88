/**
 * How many tasks of each model a window launches: the smallest whole numbers whose ratio is that in which
 * tasks are needed, or a little more.
 */

/**
 * By model: tasks in a window. The model that needs most tasks has 1, 2, 3, ... of them, and every other one the
 * least whole number that is not too few for it; the first such numbers are taken of which none is more than `tolerance` times
 * the ratio, and where there are none within `most` tasks, those that are nearest to it.
 *
 * `undefined`: there are more models than tasks. Requires: rates above 0. Cost: O(most x models).
 *
 * Example: 90 and 31 tasks a second. 1 to 1 is far too much for the second, 2 to 1 is 45 % above the ratio, 5 to 2
 * is 16 % above it; 8 to 3 is within 10 %, a tolerance of 1.1.
 */
export function windowLaunches(
  rates: readonly number[],
  batches: readonly number[],
  { most, tolerance }: { readonly most: number; readonly tolerance: number },
): readonly number[] | undefined {
  const needs = rates.map((rate, model) => rate / (batches[model] ?? 1));
  const fastest = Math.max(...needs);
  let best: { readonly launches: readonly number[]; readonly above: number } | undefined;
  for (let count = 1; count <= most; count++) {
    // Quotients of rates are rounded: 3 times a third is 1.
    const launches = needs.map((need) => Math.ceil((count * need) / fastest - 1e-9));
    if (launches.reduce((sum, each) => sum + each, 0) > most) {
      break;
    }
    const above = Math.max(
      ...needs.map((need, model) => ((launches[model] ?? 0) * fastest) / (count * need)),
    );
    if (above <= tolerance) {
      return launches;
    }
    best = best === undefined || above < best.above ? { launches, above } : best;
  }
  return best?.launches;
}

/** The longest period, in nanoseconds, at which windows launch as many tasks as the rates need. */
export function longestPeriodNs(
  rates: readonly number[],
  batches: readonly number[],
  launches: readonly number[],
): number {
  return Math.min(
    ...rates.map((rate, model) => (1e9 * (launches[model] ?? 0) * (batches[model] ?? 1)) / rate),
  );
}
