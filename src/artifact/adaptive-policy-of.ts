import { encodeParameters } from "../learn/fixed-point.js";
import type { AdaptiveLauncher, LearnedModel } from "../schedule/serving/adaptive-launcher.js";
import type {
  LaunchKnobs,
  ModelPolicy,
  ServingProblem,
} from "../schedule/serving/serving-model.js";
import type {
  ArtifactAdaptive,
  ArtifactKnobs,
  ArtifactLearnedModel,
  ArtifactReaction,
} from "./adaptive-policy.js";

/** A launcher as it is recorded. */
export function adaptivePolicyOf(
  problem: ServingProblem,
  launcher: AdaptiveLauncher,
): ArtifactAdaptive {
  if (launcher.kind === "reactive") {
    const { models } = launcher.policy;
    return { kind: "reactive", models: models.map((each, at) => reactionOf(problem, each, at)) };
  }
  const { tickNs } = launcher;
  if (launcher.kind === "regimes") {
    const rows = launcher.regimes.map(({ rates, policy }) => ({
      ratesPerSecond: rates,
      models: policy.models.map((each, at) => knobsOf(problem, each, at)),
    }));
    return { kind: "regimes", tickNs, rows };
  }
  const { hidden, models, launcher: launches, scheduler } = launcher;
  return {
    kind: "learned",
    tickNs,
    hidden,
    models: models.map(learnedModelOf),
    launcher: encodeParameters(launches),
    scheduler: encodeParameters(scheduler),
  };
}

function reactionOf(
  problem: ServingProblem,
  { reaction }: ModelPolicy,
  at: number,
): ArtifactReaction {
  const { steps = [], fill = 0, dueNs = 0, atLeast = 1, busy = 0, holdNs = 0 } = reaction ?? {};
  const recorded = steps.map((step) => {
    return { waiting: step.waiting, ...knobsOf(problem, step, at) };
  });
  return { steps: recorded, fill, dueNs, atLeast, busy, holdNs };
}

function knobsOf(
  { models }: ServingProblem,
  { variant, batch, concurrency, periodNs }: LaunchKnobs,
  at: number,
): ArtifactKnobs {
  return { variant: models[at]?.variants[variant]?.name ?? "", batch, concurrency, periodNs };
}

function learnedModelOf({
  ratePerSecond,
  aloneNs,
  shareNs,
  levels,
  start,
}: LearnedModel): ArtifactLearnedModel {
  const { periodShares, batches, concurrencies } = levels;
  return { ratePerSecond, aloneNs, shareNs, periodShares, batches, concurrencies, start };
}
