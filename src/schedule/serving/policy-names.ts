/** Names of the policies that every comparison has, and why one may be missing. */

/** The names, in the order of comparisons. */
export const POLICY_NAMES = ["fifo", "greedy", "opara", "ios", "static", "merged"] as const;

/** One of `POLICY_NAMES`. */
export type PolicyName = (typeof POLICY_NAMES)[number];

/** Names of policies with every model in the schedule of that published scheduler. */
export const BASELINE_NAMES = ["opara", "ios"] as const;

/** One of `BASELINE_NAMES`. */
export type BaselineName = (typeof BASELINE_NAMES)[number];

/**
 * Why a policy of that name is not there: tasks of a CPU are sessions and have no schedules of ours; a model has more
 * operators than IOS takes; not even one task of each model fits into memory in batches as large; no window is small enough.
 */
export const ABSENCE_REASONS = [
  "cpu",
  "too-many-operators",
  "exceeds-memory",
  "no-window",
] as const;

/** One of `ABSENCE_REASONS`. */
export type AbsenceReason = (typeof ABSENCE_REASONS)[number];

/** A name without a policy. */
export interface AbsentPolicy {
  readonly policy: PolicyName;
  readonly reason: AbsenceReason;
}
