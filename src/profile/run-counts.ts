/**
 * How often models are run. Runs of a second and longer are steady in themselves: what caches, clocks
 * and thread pools change in them is small, and people wait for each of them.
 */

/** Runs of this length and longer are slow. */
const SLOW_NS = 1e9;

/** Whether a run is one of those that are steady in themselves. */
export function isSlow(runNs: number): boolean {
  return runNs >= SLOW_NS;
}

/** Runs that figures rest on at least: a third of the usual for slow ones, and never below 5. */
export function fewestRuns(usual: number, runNs: number): number {
  return isSlow(runNs) ? Math.max(5, Math.floor(usual / 3)) : usual;
}

/** Runs that are left out before: one of slow ones. */
export function leftOutRuns(usual: number, runNs: number): number {
  return isSlow(runNs) ? Math.min(1, usual) : usual;
}
