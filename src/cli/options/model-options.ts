/** Options about models, files and devices, each declared once for all commands that take it. */
import { DEVICE_MODELS } from "../../cost/device-models/catalog.js";
import { PRECISIONS, type Precision } from "../../kernels/precision.js";
import { FUSION_LISTS, type FusionList } from "../../onnx/kernel-groups.js";
import {
  GPU_ALGORITHMS,
  type GpuAlgorithm,
  OPERATOR_ALGORITHMS,
} from "../../schedule/algorithm-names.js";
import type { OptionSpec } from "./option-spec.js";
import { addDim, addInput, MOST_TASKS, sharesOfTasks, whole } from "./values.js";

/** Options for the output file; `usualWords` describes the default path. */
export function outOption(what: string, usualWords: string): OptionSpec<string> {
  return { short: "-o", value: "<file>", help: `where to write the ${what}`, usualWords };
}

/** `--force`, for a command that writes a `what`. */
export function forceOption(what: string): OptionSpec<boolean> {
  return { help: `overwrite a file that is not a ${what}` };
}

/** Names of all GPUs that are known by data sheet. */
const SHEETS = DEVICE_MODELS.map(({ name }) => name).join(", ");

/** `--device` of commands that take devices of every kind. */
export const DEVICE: OptionSpec<string> = {
  value: "<name>",
  help: `cpu, cuda or cuda:N, a GPU by its data sheet (${SHEETS}), or the file of a device model`,
  suggestions: ["cpu", "cuda", ...DEVICE_MODELS.map(({ name }) => name)],
  usual: "cpu",
  not: { "cuda-pipeline": "one GPU cannot say what a pipeline of several costs" },
};

/** `--device` of commands that cut models into stages. */
export const PIPELINE_DEVICE: OptionSpec<string> = {
  ...DEVICE,
  help: `cpu, a GPU by its data sheet (${SHEETS}), or the file of a device model`,
};

/** `--profile`. */
export const PROFILE: OptionSpec<string> = {
  value: "<file>",
  help: "take all measurements from this profile, and measure nothing",
};

/** `--remeasure`. */
export const REMEASURE: OptionSpec<boolean> = {
  help: "measure again even if a kept profile fits",
  group: "measured",
  not: {
    profile: "all measurements come from that file",
    "data-sheet": "nothing is measured there",
  },
};

/** `--dim`, repeatable. */
export const DIM: OptionSpec<ReadonlyMap<string, number>> = {
  value: "<name=size>",
  help: "size of a dynamic dim of the model, by its name or as TENSOR[AXIS]; repeatable",
  parse: addDim,
  usual: new Map(),
  usualWords: "1, or what the model suggests; reported",
};

/** `--input`, repeatable. */
export const INPUT: OptionSpec<readonly string[]> = {
  value: "<name=file>",
  help: "an input of the model, by name or position: a .npy file or an ONNX TensorProto; repeatable",
  parse: addInput,
  usual: [],
  usualWords: "drawn from the seed",
  not: { profile: "nothing runs: all measurements come from that file" },
};

/** `--inputs`. */
export const INPUTS: OptionSpec<string> = {
  value: "<folder>",
  help: "inputs in a folder of test data: files input_0.pb or input_0.npy and so on",
  not: INPUT.not ?? {},
};

/** `--seed`. */
export const SEED: OptionSpec<number> = {
  value: "<n>",
  help: "random seed",
  ...whole(0, 4_294_967_295),
  usual: 1,
};

/** `--model` of commands that read a schedule. */
export const MODEL: OptionSpec<string> = {
  value: "<file>",
  help: "the model",
  usualWords: "in the schedule's folder, under its recorded name",
};

/** `--math`. */
export const MATH: OptionSpec<Precision> = {
  value: "<mode>",
  help: "arithmetic of matrix products; f16 also stores floats as halves",
  choices: PRECISIONS,
  usual: "tf32",
  group: "gpu",
  not: {
    cpu: "ONNX Runtime computes in the model's own types there",
    profile: "the profile was measured with the arithmetic that it records",
  },
};

/** `--estimate-unsupported`. */
export const ESTIMATE_UNSUPPORTED: OptionSpec<boolean> = {
  help: "take operators of unknown type or without GPU code as copies, for estimates only",
  group: "gpu",
  not: {
    cpu: "ONNX Runtime computes every operator there",
    profile: "the profile has a figure for every operator",
    pipeline: "stages are made of operators whose costs are known",
  },
};

/** `--fuse`. */
export const FUSE: OptionSpec<FusionList> = {
  value: "<list>",
  help: "what one launch computes together: all patterns of docs/fusion.md, element-wise chains, or nothing",
  choices: FUSION_LISTS,
  usual: FUSION_LISTS[0],
  group: "gpu",
  not: {
    cpu: "ONNX Runtime decides there what is fused",
    profile: "the profile was measured with the list that it records",
  },
};

/** `--merge-convolutions`. */
export const MERGE_CONVOLUTIONS: OptionSpec<boolean> = {
  help: "let the search compute convolutions of one input as one, where that is faster",
  group: "gpu",
  not: {
    cpu: "ONNX Runtime computes each operator by itself there",
    profile: "no profile has figures of operators that are computed together",
    pipeline: "stages are made of operators as they are",
    "unmerged-algorithm": "it schedules operators as they are; ios and top-compile merge them",
  },
};

/** `--algorithm` of operator schedules. */
export const OPERATOR_ALGORITHM: OptionSpec<GpuAlgorithm> = {
  value: "<name>",
  help: "this algorithm's schedule instead of the best; ios is for GPUs",
  choices: GPU_ALGORITHMS,
  not: { pipeline: "it schedules one device; --pipeline-algorithm is for pipelines" },
  only: { cpu: { values: OPERATOR_ALGORITHMS, why: "it plans kernels of a GPU" } },
};

/** `--batch`. */
export const BATCH: OptionSpec<number> = {
  value: "<n>",
  help: "inputs in a batch: the first dim of every input",
  ...whole(1, 1_000_000),
  not: { pipeline: "micro-batches are the model's own inputs; --dim sets sizes of dynamic dims" },
};

const TASKS_NOT = {
  cpu: "tasks in flight are scheduled for GPUs by data sheet",
  cuda: "tasks in flight are scheduled for GPUs by data sheet",
  pipeline: "a pipeline has micro-batches in flight: --micro-batches",
} as const;

/** `--max-streams`. */
export const MAX_STREAMS: OptionSpec<number> = {
  value: "<n>",
  help: "most streams, if fewer than the GPU runs (128)",
  ...whole(1, 4096),
  group: "sheet",
  not: {
    cpu: "there are as many streams as worker threads",
    cuda: "measured schedules have as many streams as are fastest",
    pipeline: "stages run on one stream each",
  },
};

/** `--concurrency`. */
export const CONCURRENCY: OptionSpec<number> = {
  value: "<n>",
  help: "tasks in flight that share the GPU, scheduled together",
  ...whole(1, MOST_TASKS),
  group: "sheet",
  not: TASKS_NOT,
};

/** `--progress`. */
export const TASK_PROGRESS: OptionSpec<readonly number[]> = {
  value: "<shares>",
  help: "how far each task is when the schedule begins, such as 0,0.5",
  parse: sharesOfTasks,
  usualWords: "all at 0",
  group: "sheet",
  not: TASKS_NOT,
};

/** `--compare`. */
export const COMPARE: OptionSpec<boolean> = {
  help: "print all algorithms side by side, with the time of each search",
  group: "sheet",
  not: {
    cpu: "what is measured shows every algorithm anyway",
    cuda: "what is measured shows every algorithm anyway",
    pipeline: "it compares operator algorithms of one device",
  },
};

/** `--ascii`. */
export const ASCII: OptionSpec<boolean> = {
  help: "draw charts with plain characters",
  not: { "one-device": "its report has no chart: see top-compile explain" },
};
