import type { LauncherPolicy, ShedRule } from "./serving-model.js";

/** By model: which requests are refused, whatever the policy. */
export type ShedRules = readonly (ShedRule | undefined)[];

/** The same policy with rules by which requests are refused; without any, itself. */
export function withShedRules(
  policy: LauncherPolicy,
  rules: ShedRules | undefined,
): LauncherPolicy {
  if (rules === undefined) {
    return policy;
  }
  const models = policy.models.map((each, at) => {
    const rule = rules[at];
    return rule === undefined ? each : { ...each, shed: rule };
  });
  return { ...policy, models };
}
