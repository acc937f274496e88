import { encodeParameters } from "../learn/fixed-point.js";
import type { AdaptiveLauncher, LearnedModel } from "../schedule/serving/adaptive-launcher.js";
import type { ModelPolicy, ServingProblem } from "../schedule/serving/serving-model.js";
import type { ArtifactAdaptive, ArtifactKnobs, ArtifactLearnedModel } from "./adaptive-policy.js";

/** A launcher as it is recorded. */
export function adaptivePolicyOf(
  problem: ServingProblem,
  launcher: AdaptiveLauncher,
): ArtifactAdaptive {
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

function knobsOf(
  { models }: ServingProblem,
  { variant, batch, concurrency, periodNs }: ModelPolicy,
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
