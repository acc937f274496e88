/** Options about serving requests on this machine. */
import { USUAL_BATCHES } from "../../arrivals/arrivals-format.js";
import { arrivalsFiles } from "../../arrivals/read-arrivals.js";
import type { Workload } from "../../arrivals/workload.js";
import type { ArrivalsSource } from "../../driver/launch.js";
import type { ServingSource } from "../../driver/obtain-serving-profile.js";
import type { TracePlace } from "../../driver/save-traces.js";
import type { OptionSpec, Traits } from "./option-spec.js";
import { traitIf } from "./traits.js";
import { addPath, addRate } from "./values.js";

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

/** Seconds of requests where rates are given instead of a file. */
const RATE_SECONDS = 10;

/** `--arrivals`. */
export const ARRIVALS: OptionSpec<string> = {
  value: "<file>",
  help: "how requests arrive (docs/arrivals.md)",
};

/** `--rate`, repeatable. */
export const RATE: OptionSpec<ReadonlyMap<string, number>> = {
  value: "<model=n>",
  help: `instead of a file: independent requests for the model, per second, for ${RATE_SECONDS} s; repeatable`,
  parse: addRate,
  usual: new Map(),
  usualWords: "none",
};

/** `--save-trace`. */
export const SAVE_TRACE: OptionSpec<string> = {
  value: "<file>",
  help: "write the requests there as a trace, in microseconds (docs/arrivals.md)",
};

/** What the options say about traces. */
interface TraceOptions {
  readonly saveTrace?: string;
  readonly force?: boolean;
}

/** Where requests go as traces, none of the files of `arrivals` and `others`; `undefined`: nowhere. */
export function tracePlace(
  { saveTrace: path, force }: TraceOptions,
  arrivals: ArrivalsSource | undefined,
  others: readonly string[],
): TracePlace | undefined {
  if (path === undefined) {
    return undefined;
  }
  const given = arrivals?.kind === "file" ? arrivalsFiles(arrivals.path) : [];
  return { path, force: force === true, inputs: [...others, ...given] };
}

/** What the options say about requests. */
interface ArrivalsOptions {
  readonly arrivals?: string;
  readonly rate: ReadonlyMap<string, number>;
}

/** The arrivals that the options name; `undefined`: none, or two kinds. */
export function arrivalsSource({ arrivals, rate }: ArrivalsOptions): ArrivalsSource | undefined {
  if (arrivals !== undefined) {
    return rate.size === 0 ? { kind: "file", path: arrivals } : undefined;
  }
  return rate.size === 0
    ? undefined
    : { kind: "workload", workload: workloadOf(rate), where: "--rate" };
}

function workloadOf(rates: ReadonlyMap<string, number>): Workload {
  return {
    models: [...rates].map(([model, ratePerSecond]) => ({
      model,
      process: { kind: "poisson", ratePerSecond },
      objectiveNs: undefined,
      batches: USUAL_BATCHES,
    })),
    durationNs: RATE_SECONDS * 1e9,
    seed: undefined,
  };
}
