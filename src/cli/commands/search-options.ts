import { SHAPE_NAMES } from "../../placement/shapes/build-shape.js";
import {
  PIPELINE_ALGORITHMS,
  type PipelineAlgorithm,
} from "../../schedule/pipeline-algorithm-names.js";
import type { Effort } from "../../schedule/pipeline-efforts.js";
import type { CommonOptions } from "../io.js";
import { ASCII, forceOption, outOption, SEED } from "../options/model-options.js";
import type { OptionSpec, OptionTable, Traits } from "../options/option-spec.js";
import {
  ALL_INSTANCES,
  CHUNKS,
  EFFORT,
  MEMORY,
  MICRO_BATCHES,
  modeOption,
  PIPELINE_ALGORITHM,
} from "../options/pipeline-options.js";
import { traitIf } from "../options/traits.js";
import { MOST_DEVICES, whole } from "../options/values.js";

/** Options of `search`. */
export interface SearchOptions extends CommonOptions {
  readonly shape?: string;
  readonly devices?: number;
  readonly mode?: "train" | "infer";
  readonly forward?: number;
  readonly backward?: number;
  readonly weight?: number;
  readonly chunks?: number;
  readonly latency?: number;
  readonly memory?: number;
  readonly microBatches?: number;
  readonly algorithm: PipelineAlgorithm;
  readonly effort: Effort;
  readonly seed: number;
  readonly maxNodes?: number;
  readonly timeLimit?: number;
  readonly pareto?: boolean;
  readonly out?: string;
  readonly force?: boolean;
  readonly allInstances?: boolean;
  readonly ascii?: boolean;
}

/** Times of shapes: sums stay exact up to here, see the limits of placements. */
const MOST_TIME = 2 ** 26;
const MOST_NODES = 1e12;
const MOST_SECONDS = 1e6;

/** Algorithms whose work `--max-nodes` limits. */
const LIMITED: readonly PipelineAlgorithm[] = ["top-compile", "tessel", "tessel-fast"];

const ONE = "it is about one schedule, and none is searched for";

const OF_SHAPE = {
  group: "shape",
  not: { "placement-file": "it describes a named shape" },
} as const;

/** `--forward`, `--backward`, `--weight`. */
function timeOption(what: string): OptionSpec<number> {
  return {
    ...OF_SHAPE,
    value: "<time>",
    help: `duration of ${what}`,
    ...whole(1, MOST_TIME),
    usualWords: "the shape's own",
  };
}

const TRAINING: OptionSpec<number>["not"] = {
  ...OF_SHAPE.not,
  inference: "it is the time of blocks that only training has",
};

/** The options of `search`, each with what it is not for. */
export const SEARCH: OptionTable<SearchOptions> = {
  shape: { value: "<name>", help: "a named shape instead of a file", choices: SHAPE_NAMES },
  memory: {
    ...MEMORY,
    not: { pareto: "every memory limit is compared" },
  },
  microBatches: { ...MICRO_BATCHES, not: { pareto: ONE } },
  algorithm: { ...PIPELINE_ALGORITHM, usual: PIPELINE_ALGORITHMS[0], not: { pareto: ONE } },
  effort: {
    ...EFFORT,
    usual: "default",
    not: { "other-algorithm": "only top-compile takes more or less of it" },
  },
  seed: SEED,
  maxNodes: {
    value: "<n>",
    help: "work at most: the result depends on it, not on the machine",
    ...whole(1, MOST_NODES),
    usualWords: "by --effort",
    not: { "unlimited-algorithm": "that algorithm has no search that could be limited" },
  },
  timeLimit: {
    value: "<seconds>",
    help: "stop earlier, with what is found by then: another machine may find something else",
    ...whole(1, MOST_SECONDS),
    not: { "other-algorithm": "only top-compile can be stopped early" },
  },
  pareto: { help: "print the best period for every memory limit, and search no schedule" },
  out: { ...outOption("schedule", "nowhere"), not: { pareto: ONE } },
  force: { ...forceOption("schedule"), not: { "no-output": "nothing is written" } },
  allInstances: { ...ALL_INSTANCES, not: { pareto: ONE } },
  ascii: { ...ASCII, not: { pareto: "it prints a table" } },
  devices: {
    ...OF_SHAPE,
    value: "<n>",
    help: "devices of the shape",
    ...whole(1, MOST_DEVICES),
  },
  mode: { ...modeOption("train, as shapes are published"), ...OF_SHAPE },
  forward: timeOption("forward blocks"),
  backward: { ...timeOption("backward blocks"), not: TRAINING },
  weight: { ...timeOption("weight gradients"), not: TRAINING },
  chunks: { ...CHUNKS, ...OF_SHAPE },
  latency: {
    ...OF_SHAPE,
    value: "<time>",
    help: "between blocks on different devices",
    ...whole(0, MOST_TIME),
    usualWords: "0",
  },
};

/** The traits of a `search` command line that decide which options apply. */
export function searchTraits(file: string | undefined, options: SearchOptions): Traits {
  const { algorithm, mode, pareto, out } = options;
  const words = `with --algorithm ${algorithm}`;
  return {
    ...traitIf(file !== undefined, { "placement-file": "with a placement file" }),
    ...traitIf(pareto === true, { pareto: "with --pareto" }),
    ...traitIf(out === undefined, { "no-output": "without --out" }),
    ...traitIf(mode === "infer", { inference: "with --mode infer" }),
    ...traitIf(!LIMITED.includes(algorithm), { "unlimited-algorithm": words }),
    ...traitIf(algorithm !== PIPELINE_ALGORITHMS[0], { "other-algorithm": words }),
  };
}
