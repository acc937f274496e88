import type { AdaptiveLauncher } from "../schedule/serving/adaptive-launcher.js";
import type { LauncherPolicy } from "../schedule/serving/serving-model.js";
import {
  type ComparedPolicy,
  chosen,
  evaluated,
  type PolicyComparison,
} from "./compare-policies.js";
import type { LearnedCandidate } from "./marl/learn-launchers.js";

/**
 * A comparison with learned launchers beside its policies, tried on the same samples. They were learned from `static`, which
 * must be there. The best is chosen among all of them by the same gate: a learned launcher is used only where it costs less
 * beyond doubt than what would be used without it.
 *
 * Cost: a simulation in full detail of every sample for each launcher.
 */
export function withLearned(
  { job, policies, absent }: PolicyComparison,
  launchers: readonly LearnedCandidate[],
  options: { readonly seed: number; readonly samples: number },
): PolicyComparison {
  const start = policies.find(({ name }) => name === "static");
  const learned = launchers.flatMap(({ name, launcher }): ComparedPolicy[] =>
    start === undefined
      ? []
      : [evaluated(job, { name, policy: beginOf(launcher, start), adaptive: launcher }, options)],
  );
  return { job, absent, ...chosen(job, [...policies, ...learned], options.seed) };
}

/** What a launcher does at first: what it was learned from, or what a reaction does while little waits. */
function beginOf(launcher: AdaptiveLauncher, start: ComparedPolicy): LauncherPolicy {
  if (launcher.kind !== "reactive") {
    return start.policy;
  }
  const { models, ...rest } = launcher.policy;
  return { ...rest, models: models.map(({ reaction: _, ...knobs }) => knobs) };
}
