import { PRESET_NAMES } from "../../placement/presets/build-preset.js";
import { SHAPE_NAMES } from "../../placement/shapes/build-shape.js";
import {
  PIPELINE_ALGORITHMS,
  type PipelineAlgorithm,
} from "../../schedule/pipeline-algorithm-names.js";
import type { Effort } from "../../schedule/pipeline-efforts.js";
import type { Objective } from "../../schedule/pipeline-objectives.js";
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
  OBJECTIVE,
  PIPELINE_ALGORITHM,
} from "../options/pipeline-options.js";
import { traitIf } from "../options/traits.js";
import { MOST_DEVICES, memorySize, whole } from "../options/values.js";

/** Options of `search`. */
export interface SearchOptions extends CommonOptions {
  readonly shape?: string;
  readonly preset?: string;
  readonly devices?: number;
  readonly mode?: "train" | "infer";
  readonly forward?: number;
  readonly backward?: number;
  readonly weight?: number;
  readonly chunks?: number;
  readonly latency?: number;
  readonly layers?: number;
  readonly layout?: string;
  readonly against?: string;
  readonly embedding?: number;
  readonly head?: number;
  readonly mtp?: number;
  readonly mtpLayers?: number;
  readonly layerMemory?: number;
  readonly memory?: number;
  readonly microBatches?: number;
  readonly algorithm: PipelineAlgorithm;
  readonly effort: Effort;
  readonly objective: Objective;
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

const OF_PRESET = {
  group: "preset",
  not: {
    "placement-file": "it describes a preset",
    "named-shape": "it describes a preset",
  },
} as const;

const OF_LAYOUT_SEARCH = {
  ...OF_PRESET,
  not: { ...OF_PRESET.not, "layout-given": "no layout is searched" },
} as const;

const MOST_LAYERS = 4096;
const MOST_MTP_LAYERS = 64;

/** The value of `--layout` that searches one. */
export const SEARCH_LAYOUT = "search";

/** Forward times of what is no layer. */
function partOption(what: string, usualWords: string): OptionSpec<number> {
  return {
    ...OF_PRESET,
    value: "<time>",
    help: `forward time of ${what}`,
    ...whole(0, MOST_TIME),
    usualWords,
  };
}

/** `--forward`, `--backward`, `--weight`. */
function timeOption(what: string): OptionSpec<number> {
  return {
    ...OF_SHAPE,
    value: "<time>",
    help: `duration of ${what}; of a preset for one layer`,
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
  preset: {
    value: "<name>",
    help: "the placement of a framework's configuration instead of a file",
    choices: PRESET_NAMES,
  },
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
  objective: {
    ...OBJECTIVE,
    usual: "makespan",
    not: { pareto: ONE, "other-algorithm": "only top-compile looks for it" },
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
  pareto: {
    help: "print the best period for every memory limit, and search no schedule",
    not: { "layout-searched": "it is about one layout, and the best depends on memory" },
  },
  out: { ...outOption("schedule", "nowhere"), not: { pareto: ONE } },
  force: { ...forceOption("schedule"), not: { "no-output": "nothing is written" } },
  allInstances: { ...ALL_INSTANCES, not: { pareto: ONE } },
  ascii: { ...ASCII, not: { pareto: "it prints a table" } },
  devices: {
    ...OF_SHAPE,
    value: "<n>",
    help: "devices of the shape, ranks of the preset's pipeline",
    ...whole(1, MOST_DEVICES),
  },
  mode: { ...modeOption("train, as shapes are published"), ...OF_SHAPE },
  forward: timeOption("forward blocks"),
  backward: { ...timeOption("backward blocks"), not: TRAINING },
  weight: { ...timeOption("weight gradients"), not: TRAINING },
  chunks: {
    ...CHUNKS,
    ...OF_SHAPE,
    help: "stages per device of the shape interleaved-1f1b, or of a preset",
    usualWords: "2, of a preset 1",
  },
  latency: {
    ...OF_SHAPE,
    value: "<time>",
    help: "between blocks on different devices",
    ...whole(0, MOST_TIME),
    usualWords: "0",
  },
  layers: { ...OF_PRESET, value: "<n>", help: "layers of the model", ...whole(1, MOST_LAYERS) },
  layout: {
    ...OF_PRESET,
    value: "<text>",
    help: "layers of each stage in Megatron's syntax, such as Et*2|(t*2|)*6,t*2L, or search for the best",
    suggestions: [SEARCH_LAYOUT],
    usualWords: "as the framework spreads them",
  },
  against: {
    ...OF_LAYOUT_SEARCH,
    value: "<text>",
    help: "a layout to compare with",
    usualWords: "the framework's",
  },
  embedding: partOption("the embedding (E)", "0"),
  head: partOption("the head with the loss (L)", "0"),
  mtp: partOption("a layer of multi-token prediction (m)", "that of a layer"),
  mtpLayers: {
    ...OF_LAYOUT_SEARCH,
    value: "<n>",
    help: "layers of multi-token prediction that the layout has",
    ...whole(0, MOST_MTP_LAYERS),
    usualWords: "0",
  },
  layerMemory: {
    ...OF_PRESET,
    value: "<size>",
    help: "activations of a layer for one micro-batch, such as 300MiB",
    parse: memorySize,
    usualWords: "1",
  },
};

/** The traits of a `search` command line that decide which options apply. */
export function searchTraits(file: string | undefined, options: SearchOptions): Traits {
  const { algorithm, mode, pareto, out } = options;
  const words = `with --algorithm ${algorithm}`;
  return {
    ...traitIf(file !== undefined, { "placement-file": "with a placement file" }),
    ...traitIf(options.shape !== undefined, { "named-shape": "with --shape" }),
    ...traitIf(options.layout !== SEARCH_LAYOUT, {
      "layout-given": `without --layout ${SEARCH_LAYOUT}`,
    }),
    ...traitIf(options.layout === SEARCH_LAYOUT, {
      "layout-searched": `with --layout ${SEARCH_LAYOUT}`,
    }),
    ...traitIf(pareto === true, { pareto: "with --pareto" }),
    ...traitIf(out === undefined, { "no-output": "without --out" }),
    ...traitIf(mode === "infer", { inference: "with --mode infer" }),
    ...traitIf(!LIMITED.includes(algorithm), { "unlimited-algorithm": words }),
    ...traitIf(algorithm !== PIPELINE_ALGORITHMS[0], { "other-algorithm": words }),
  };
}
