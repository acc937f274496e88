/** In which order samples of policies are simulated again, so that a limit of work goes far. */
import type { ArrivalPurpose } from "../arrivals/draw-arrivals.js";
import type { LauncherSection } from "../artifact/launcher-section.js";
import type { LauncherPolicy, ServingProblem } from "../schedule/serving/serving-model.js";

/** One sample of one policy. */
export interface ReplayedSample {
  readonly regime: number;
  readonly policy: number;
  readonly purpose: ArrivalPurpose;
  readonly episode: number;
}

/** What is served, and how: the policies of a section, by regime and number. */
export interface ReplayedPolicies {
  readonly problem: ServingProblem;
  readonly policies: readonly (readonly LauncherPolicy[])[];
}

/**
 * All samples: the first of every policy, then the second, and so on; of these those that take least work go first. `stages`
 * is the work that is expected, from what was recorded: ends of stages.
 */
export function replayOrder(
  section: LauncherSection,
  served: ReplayedPolicies,
): readonly (ReplayedSample & { readonly stages: number })[] {
  const samples = section.regimes.flatMap(({ policies }, regime) =>
    policies.flatMap(({ heldOut, validation }, policy) =>
      (["held-out", "validation"] as const).flatMap((purpose) =>
        (purpose === "validation" ? validation : heldOut).samples.map((_, episode) => {
          const sample: ReplayedSample = { regime, policy, purpose, episode };
          return { ...sample, stages: expectedStages(section, served, sample) };
        }),
      ),
    ),
  );
  return samples.sort((a, b) => a.episode - b.episode || a.stages - b.stages);
}

/** Requests over the requests of a task, times the stages of a task of so many, or in a window its parts. */
function expectedStages(
  { durationNs, regimes }: LauncherSection,
  { problem, policies }: ReplayedPolicies,
  { regime, policy, purpose, episode }: ReplayedSample,
): number {
  const { ratesPerSecond = [], policies: recorded = [] } = regimes[regime] ?? {};
  const { heldOut, validation } = recorded[policy] ?? {};
  const figures = (purpose === "validation" ? validation : heldOut)?.samples[episode]?.models;
  const { models = [], window } = policies[regime]?.[policy] ?? {};
  return models.reduce((sum, { variant }, model) => {
    const { batch = 1, shed = 0 } = figures?.[model] ?? {};
    const size = Math.max(1, batch);
    const runs = problem.models[model]?.variants[variant]?.runs ?? [];
    const run = runs.find((each) => each.batch >= size) ?? runs.at(-1);
    const requests = ((ratesPerSecond[model] ?? 0) * durationNs * (1 - shed)) / 1e9;
    const parts = window?.window.tasks.find((task) => task.model === model)?.parts.length;
    return sum + (requests / size) * (parts ?? run?.profile.ns.length ?? 1);
  }, 0);
}
