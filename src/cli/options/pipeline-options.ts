/** Options of pipelines: those of models that are cut into stages, and those of placements. */

import { PARTITION_METHODS } from "../../partition/search-partition.js";
import { SHAPE_NAMES } from "../../placement/shapes/build-shape.js";
import {
  PIPELINE_ALGORITHMS,
  type PipelineAlgorithm,
} from "../../schedule/pipeline-algorithm-names.js";
import { EFFORTS, type Effort } from "../../schedule/pipeline-efforts.js";
import { OBJECTIVES, type Objective } from "../../schedule/pipeline-objectives.js";
import { USUAL_EFFICIENCY, USUAL_MICRO_BATCHES } from "../../staging/pipeline-usual.js";
import type { PipelineCliOptions } from "../pipeline-request.js";
import type { OptionSpec, OptionTable } from "./option-spec.js";
import {
  bandwidth,
  deviceList,
  MOST_DEVICES,
  memorySize,
  positive,
  share,
  whole,
} from "./values.js";

/** Most micro-batches: sums of times stay exact up to here, see the limits of placements. */
const MOST_MICRO_BATCHES = 4096;
const MOST_CHUNKS = 64;

/** Most rounds of fine-tuning: minutes for a model of a thousand operators. */
const MOST_FINE_TUNING = 1000;

/** `--shape`, without what it is for. */
const SHAPE = { value: "<name>", choices: SHAPE_NAMES } as const;

/** `--chunks`, the same for shapes of models and of placements. */
export const CHUNKS: OptionSpec<number> = {
  value: "<n>",
  help: "stages per device of the shape interleaved-1f1b",
  ...whole(1, MOST_CHUNKS),
  usualWords: "2",
};

/** `--mode`; the words say what is usual, which differs: a shape is published as training. */
export function modeOption(usualWords: string): OptionSpec<"infer" | "train"> {
  return {
    value: "<mode>",
    help: "forward blocks alone, or with backward blocks",
    choices: ["infer", "train"],
    usualWords,
  };
}

/** `--micro-batches`. */
export const MICRO_BATCHES: OptionSpec<number> = {
  value: "<n>",
  help: "micro-batches of one run",
  ...whole(1, MOST_MICRO_BATCHES),
  usualWords: String(USUAL_MICRO_BATCHES),
};

/** `--memory`, the same wherever devices have memory. */
export const MEMORY: OptionSpec<number> = {
  value: "<size>",
  help: "memory of every device, such as 16GiB, or 3 where a placement counts units",
  parse: memorySize,
  usualWords: "as the devices say, or no limit",
};

/** The algorithm of a pipeline's schedule. */
export const PIPELINE_ALGORITHM: OptionSpec<PipelineAlgorithm> = {
  value: "<name>",
  help: "how to search the pipeline's schedule",
  choices: PIPELINE_ALGORITHMS,
};

/** What the whole schedule of a pipeline is to be least in. */
export const OBJECTIVE: OptionSpec<Objective> = {
  value: "<name>",
  help: "what the whole schedule is least in: its makespan, the longest span of a device, idle time within all",
  choices: OBJECTIVES,
};

/** The effort of a pipeline search. */
export const EFFORT: OptionSpec<Effort> = {
  value: "<name>",
  help: "work that the search is worth; thorough may take a minute, for proofs",
  choices: EFFORTS,
};

/** `--all-instances`. */
export const ALL_INSTANCES: OptionSpec<boolean> = {
  help: "write every block instance, also above 20,000, where readers usually work them out",
};

const DEVICES: OptionSpec<NonNullable<PipelineCliOptions["devices"]>> = {
  value: "<n|list>",
  help: "devices of the pipeline: how many, or NAME[=SPEED][@MEMORY],... such as big=2@16GiB,small",
  parse: deviceList,
  range: `at most ${MOST_DEVICES}`,
  not: { "by-hand": "both say how to place the model" },
};

const TRAINING = { inference: "it says what training costs; give --mode train as well" } as const;

/** Options of every command that cuts a model into stages. */
const STAGES: OptionTable<PipelineCliOptions> = {
  devices: DEVICES,
  placement: {
    value: "<file>",
    help: "stages by hand: blocks that name operators or patterns, instead of --shape and --method",
  },
  shape: {
    ...SHAPE,
    help: "order of the stages over the devices",
    usualWords: "v",
    not: { "by-hand": "both say how to place the model" },
  },
  chunks: { ...CHUNKS, not: { "by-hand": "both say how to place the model" } },
  method: {
    value: "<name>",
    help: "how to cut the model; gpg takes the best of all methods",
    choices: PARTITION_METHODS,
    usualWords: PARTITION_METHODS[0],
    not: { "by-hand": "both say how to place the model" },
  },
  fineTune: {
    value: "<n>",
    help: "rounds in which the network of gpg goes on learning on this model",
    ...whole(1, MOST_FINE_TUNING),
    usualWords: "none",
    not: {
      "unlearned-method": "only gpg has a network",
      "by-hand": "both say how to place the model",
    },
  },
  mode: modeOption("infer, which is what run executes"),
  backwardRatio: {
    value: "<x>",
    help: "backward pass per forward pass",
    parse: positive,
    usualWords: "2, or 1 where weight gradients are split off",
    not: TRAINING,
  },
  weightRatio: {
    value: "<x>",
    help: "split off weight gradients, this long per forward pass",
    parse: positive,
    usualWords: "1 for zb-h, zb-v, dualpipe",
    not: TRAINING,
  },
  parameterCopies: {
    value: "<x>",
    help: "weights, gradients and optimizer state held in training",
    parse: positive,
    usualWords: "4",
    not: TRAINING,
  },
  tensorEfficiency: {
    value: "<share>",
    help: "speed of a stage on several devices per speed of them all",
    parse: share,
    usualWords: String(USUAL_EFFICIENCY),
  },
  linkBandwidth: {
    value: "<bytes/s>",
    help: "between devices, such as 25G",
    parse: bandwidth,
    usualWords: "as measured; 25G for a GPU",
  },
  linkLatency: {
    value: "<us>",
    help: "between devices, microseconds",
    parse: positive,
    usualWords: "as measured; 10 for a GPU",
  },
  memory: MEMORY,
  microBatches: MICRO_BATCHES,
};

/** The differences between commands in their pipeline options. */
interface StageOptionsUse {
  readonly group: "any" | "pipeline" | "stages";
  /** The reason why they do not apply without a pipeline; absent: there always is one. */
  readonly alone?: string;
}

/** The options of stages under the heading of a group. */
export function stageOptions({ group, alone }: StageOptionsUse): OptionTable<PipelineCliOptions> {
  const not = alone === undefined ? {} : { "one-device": alone };
  const entries = Object.entries(STAGES as Readonly<Record<string, OptionSpec<unknown>>>);
  return Object.fromEntries(
    entries.map(([key, spec]) => {
      // These two ask for the pipeline.
      const makesOne = key === "devices" || key === "placement";
      return [key, { ...spec, group, not: { ...spec.not, ...(makesOne ? {} : not) } }];
    }),
  ) as unknown as OptionTable<PipelineCliOptions>;
}
