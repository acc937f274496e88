import type { Profile } from "../profile/profile.js";
import { formatNs } from "../report/format.js";

/** Sequential runs further apart than this were measured on a machine that did other things meanwhile. */
const MOST_DRIFT = 1.25;

/**
 * A line on a profile whose operators and schedules were measured at different paces, if they were:
 * predictions come from the ones, and what is chosen from the others.
 */
export function noteOnDrift({ method, measurement }: Profile): string | undefined {
  const then = method.run.medianNs;
  const now = measurement?.baselines.find(({ name }) => name === "sequential")?.latency.medianNs;
  if (now === undefined || Math.max(then / now, now / then) <= MOST_DRIFT) {
    return undefined;
  }
  return `the operators were measured while a run took ${formatNs(then)}, the schedules while it took ${formatNs(now)}: predictions are off by that much; measure again with --remeasure`;
}
