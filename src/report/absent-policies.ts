/** Policies that every comparison has, where some have none, in words. */
import type { AbsenceReason, AbsentPolicy } from "../schedule/serving/policy-names.js";

const REASONS: Readonly<Record<AbsenceReason, string>> = {
  cpu: "a CPU has sessions, no schedules of operators",
  "too-many-operators": "a model has more operators than it takes",
  "exceeds-memory": "no task in batches as large fits into memory",
  "no-window": "no window is small enough",
};

/** A line for each reason: `No opara, ios: ...`. */
export function absentLines(absent: readonly AbsentPolicy[]): readonly string[] {
  const reasons = [...new Set(absent.map(({ reason }) => reason))];
  return reasons.map((reason) => {
    const names = absent.filter((each) => each.reason === reason).map(({ policy }) => policy);
    return `No ${names.join(", ")}: ${REASONS[reason]}.`;
  });
}
