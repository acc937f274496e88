/** Options about serving requests on this machine. */
import type { ServingSource } from "../../driver/obtain-serving-profile.js";
import type { OptionSpec, Traits } from "./option-spec.js";
import { traitIf } from "./traits.js";
import { addPath } from "./values.js";

/** `--profile` of commands that serve, repeatable. */
export const SERVING_PROFILE: OptionSpec<readonly string[]> = {
  value: "<file>",
  help: "take the times of a model from this serving profile, and measure nothing; repeatable",
  parse: addPath,
  usual: [],
  usualWords: "what was kept, else measured",
  group: "measured",
  not: { "data-sheet": "nothing is measured there" },
};

/** What the options say about measured times. */
interface SourceOptions {
  readonly profile: readonly string[];
  readonly remeasure?: boolean;
}

/** Where serving times come from. */
export function servingSource({ profile, remeasure }: SourceOptions): ServingSource {
  if (profile.length > 0) {
    return { kind: "files", paths: profile };
  }
  return { kind: remeasure === true ? "fresh" : "kept" };
}

/** The traits of serving profiles. */
export function servingTraits({ profile }: SourceOptions): Traits {
  return traitIf(profile.length > 0, { profile: "with --profile" });
}
