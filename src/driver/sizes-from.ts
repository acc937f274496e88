import { sizesOfProfile } from "../profile/sizes-of-profile.js";
import { modelInputs } from "../profile/worker-plan-of.js";
import { feedsFrom, type InputSource } from "../runtime/input-source.js";
import type { FeedsOf } from "../runtime/observe-sizes.js";
import type { LoadOptions } from "../runtime/with-sizes.js";

/** Inputs of runs that nobody gave any, nor a seed. */
export const USUAL_INPUTS: InputSource = { seed: 1 };

/** The sizes of a model that options leave open: those of a recorded profile, else those that a run shows. */
export function sizesFrom(
  profile: string | undefined,
  inputs: InputSource,
): Pick<LoadOptions, "assumed" | "dataSizes" | "feedsOf"> {
  const recorded = profile === undefined ? {} : sizesOfProfile(profile);
  return { ...recorded, feedsOf: feedsOfRun(inputs) };
}

/** Inputs for the run that shows sizes which depend on data. */
export function feedsOfRun(inputs: InputSource): FeedsOf {
  return (lowered) => feedsFrom(modelInputs(lowered), inputs);
}
