import type { NamedDevice } from "../../driver/device-named.js";
import type { Precision } from "../../kernels/precision.js";
import type { FusionList } from "../../onnx/kernel-groups.js";
import type { GpuAlgorithm } from "../../schedule/algorithm-names.js";
import {
  PIPELINE_ALGORITHMS,
  type PipelineAlgorithm,
} from "../../schedule/pipeline-algorithm-names.js";
import type { Effort } from "../../schedule/pipeline-efforts.js";
import { isMerging } from "../../search/operator/gpu/gpu-candidates.js";
import type { CommonOptions } from "../io.js";
import {
  ASCII,
  BATCH,
  COMPARE,
  CONCURRENCY,
  DEVICE,
  DIM,
  ESTIMATE_UNSUPPORTED,
  FUSE,
  forceOption,
  INPUT,
  INPUTS,
  MATH,
  MAX_STREAMS,
  MERGE_CONVOLUTIONS,
  OPERATOR_ALGORITHM,
  outOption,
  PROFILE,
  REMEASURE,
  SEED,
  TASK_PROGRESS,
} from "../options/model-options.js";
import type { OptionTable, Traits } from "../options/option-spec.js";
import {
  ALL_INSTANCES,
  EFFORT,
  PIPELINE_ALGORITHM,
  stageOptions,
} from "../options/pipeline-options.js";
import { deviceTraits, pipelineTraits, profileTraits, traitIf } from "../options/traits.js";
import { type PipelineCliOptions, wantsPipeline } from "../pipeline-request.js";

/** Options of `compile`. */
export interface CompileOptions extends CommonOptions, PipelineCliOptions {
  readonly pipelineAlgorithm?: PipelineAlgorithm;
  readonly effort?: Effort;
  readonly allInstances?: boolean;
  readonly out?: string;
  readonly force?: boolean;
  readonly device: string;
  readonly profile?: string;
  readonly remeasure?: boolean;
  readonly algorithm?: GpuAlgorithm;
  readonly math: Precision;
  readonly estimateUnsupported?: boolean;
  readonly fuse: FusionList;
  readonly mergeConvolutions?: boolean;
  readonly batch?: number;
  readonly maxStreams?: number;
  readonly compare?: boolean;
  readonly concurrency?: number;
  readonly progress?: readonly number[];
  readonly seed: number;
  readonly dim: ReadonlyMap<string, number>;
  readonly input: readonly string[];
  readonly inputs?: string;
  readonly ascii?: boolean;
}

/** The options of `compile`, each with what it is not for. */
export const COMPILE: OptionTable<CompileOptions> = {
  out: outOption("schedule", "<model>.schedule.json"),
  force: forceOption("schedule"),
  device: DEVICE,
  profile: PROFILE,
  algorithm: OPERATOR_ALGORITHM,
  batch: BATCH,
  dim: DIM,
  input: INPUT,
  inputs: INPUTS,
  seed: SEED,
  remeasure: REMEASURE,
  math: MATH,
  mergeConvolutions: MERGE_CONVOLUTIONS,
  estimateUnsupported: ESTIMATE_UNSUPPORTED,
  fuse: FUSE,
  maxStreams: MAX_STREAMS,
  concurrency: CONCURRENCY,
  progress: TASK_PROGRESS,
  compare: COMPARE,
  ...stageOptions({ group: "pipeline", alone: "it describes a pipeline" }),
  pipelineAlgorithm: {
    ...PIPELINE_ALGORITHM,
    usualWords: PIPELINE_ALGORITHMS[0],
    group: "pipeline",
    not: { "one-device": "it searches pipelines; --algorithm is for one device" },
  },
  effort: {
    ...EFFORT,
    usualWords: "default",
    group: "pipeline",
    not: {
      "one-device": "it searches pipelines",
      "other-algorithm": "only top-compile takes more or less of it",
    },
  },
  allInstances: {
    ...ALL_INSTANCES,
    group: "pipeline",
    not: { "one-device": "it is about pipelines" },
  },
  ascii: { ...ASCII, group: "pipeline" },
};

/** The traits of a `compile` command line that decide which options apply. */
export function compileTraits(device: NamedDevice, options: CompileOptions): Traits {
  const { algorithm, pipelineAlgorithm } = options;
  return {
    ...deviceTraits(device, options.device),
    ...profileTraits(options),
    ...(wantsPipeline(options)
      ? pipelineTraits(device, options.device, options, "--devices")
      : { "one-device": "without --devices or --placement" }),
    ...traitIf((pipelineAlgorithm ?? PIPELINE_ALGORITHMS[0]) !== PIPELINE_ALGORITHMS[0], {
      "other-algorithm": `with --pipeline-algorithm ${pipelineAlgorithm}`,
    }),
    ...traitIf(algorithm !== undefined && !isMerging(algorithm), {
      "unmerged-algorithm": `with --algorithm ${algorithm}`,
    }),
  };
}
