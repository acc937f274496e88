import { formatNs } from "../core/format.js";
import type { Profile } from "./profile.js";

/**
 * Sequential runs further apart than this were measured on a machine that did other things
 * meanwhile.
 */
const MOST_DRIFT = 1.25;

/**
 * A warning about a profile whose operators and schedules were measured at different paces, if they
 * were: predictions come from the operators, the choice from the schedules.
 */
export function noteOnDrift({ method, measurement }: Profile): string | undefined {
  const then = method?.run.medianNs;
  const now = measurement?.baselines.find(({ name }) => name === "sequential")?.latency.medianNs;
  if (then === undefined || now === undefined || Math.max(then / now, now / then) <= MOST_DRIFT) {
    return undefined;
  }
  const factor = Math.max(then / now, now / then).toFixed(1);
  const word = now > then ? "short" : "long";
  return `a run took ${formatNs(then)} while the operators were measured, ${formatNs(now)} while the schedules were: predictions are ${factor} times too ${word}; measure again with --remeasure`;
}
