/** Options that each kind of artifact records. */
import type { ScheduleArtifact } from "../artifact/artifact.js";
import { longName, type RecordedKey } from "../artifact/recorded-options.js";
import { TENSOR_LAYOUTS } from "../kernels/operator-call.js";
import { PRECISIONS, precisionNamed } from "../kernels/precision.js";
import { EFFORTS } from "../schedule/pipeline-efforts.js";
import { USUAL_MICRO_BATCHES } from "../staging/pipeline-usual.js";

const OF_MODELS: readonly RecordedKey[] = ["device", "dim", "input"];
const CPU: readonly RecordedKey[] = [...OF_MODELS, "algorithm", "batch"];
const OF_GPUS: readonly RecordedKey[] = [
  ...CPU,
  "math",
  "estimateUnsupported",
  "fuse",
  "mergeConvolutions",
];
const DATA_SHEET: readonly RecordedKey[] = [...OF_GPUS, "progress", "maxStreams"];
const CUDA: readonly RecordedKey[] = [...OF_GPUS, "tensorLayout", "verified"];

const STAGES: readonly RecordedKey[] = [
  ...OF_MODELS,
  "math",
  "fuse",
  "devices",
  "shape",
  "chunks",
  "mode",
  "backwardRatio",
  "weightRatio",
  "parameterCopies",
  "tensorEfficiency",
  "linkBandwidth",
  "linkLatency",
  "memory",
  "microBatches",
  "method",
  "fineTune",
  "pipelineAlgorithm",
  "effort",
];

const SEARCH: readonly RecordedKey[] = [
  "shape",
  "preset",
  "layers",
  "layout",
  "embedding",
  "head",
  "mtp",
  "layerMemory",
  "devices",
  "mode",
  "forward",
  "backward",
  "weight",
  "chunks",
  "latency",
  "memory",
  "microBatches",
  "algorithm",
  "effort",
  "objective",
  "maxNodes",
];

const IMPORTED: readonly RecordedKey[] = ["chains", "forward", "backward", "weight", "latency"];

const LAUNCH: readonly RecordedKey[] = [
  "device",
  "math",
  "fuse",
  "rate",
  "ratesScale",
  "samples",
  "trainSteps",
  "dim",
];

/**
 * Options of an artifact that its kind does not have, those that it lacks, and those that contradict
 * each other: words with the place.
 */
export function optionProblems(artifact: ScheduleArtifact): readonly string[] {
  const { options } = artifact.provenance;
  const [known, needed] = keysOf(artifact).map((keys) => keys.map(longName));
  const { effort } = options;
  const isEffort = effort === undefined || (EFFORTS as readonly unknown[]).includes(effort);
  return [
    ...(isEffort ? [] : [`/provenance/options/effort must be one of ${EFFORTS.join(", ")}`]),
    ...Object.keys(options)
      .filter((key) => known?.includes(key) !== true)
      .map((key) => `/provenance/options/${key} is not an option of this kind of schedule`),
    ...(needed ?? [])
      .filter((key) => options[key] === undefined)
      .map((key) => `/provenance/options/${key} is missing`),
    ...mathProblems(artifact),
    ...layoutProblems(artifact),
    ...objectiveProblems(artifact),
    ...fineTuneProblems(artifact),
  ];
}

/** What is no arithmetic of products. */
function mathProblems({ provenance }: ScheduleArtifact): readonly string[] {
  const { math } = provenance.options;
  return math === undefined || precisionNamed(math) !== undefined
    ? []
    : [`/provenance/options/math must be one of ${PRECISIONS.join(", ")}`];
}

/** What is no layout of a program. */
function layoutProblems({ provenance }: ScheduleArtifact): readonly string[] {
  const { "tensor-layout": layout } = provenance.options;
  return layout === undefined || (TENSOR_LAYOUTS as readonly unknown[]).includes(layout)
    ? []
    : [`/provenance/options/tensor-layout must be one of ${TENSOR_LAYOUTS.join(", ")}`];
}

/** What was asked for is what the schedule says it was made for. */
function objectiveProblems({ provenance, pipeline }: ScheduleArtifact): readonly string[] {
  return provenance.options["objective"] === pipeline?.objective?.kind
    ? []
    : ["/provenance/options/objective is not that of /pipeline/objective"];
}

/** Only `gpg` has a network that learns, and only where the stages were searched. */
function fineTuneProblems({ provenance }: ScheduleArtifact): readonly string[] {
  const { "fine-tune": rounds, method = "gpg" } = provenance.options;
  if (rounds === undefined) {
    return [];
  }
  const isCount = Number.isSafeInteger(rounds) && Number(rounds) > 0;
  const isByHand = provenance.inputs.some(({ role }) => role === "placement");
  return [
    ...(isCount ? [] : ["/provenance/options/fine-tune is not a number of rounds"]),
    ...(method === "gpg" && !isByHand
      ? []
      : ["/provenance/options/fine-tune is there, but the stages are not cut by gpg"]),
  ];
}

/** The cost model since which every estimate records its kernel list. */
const LISTS_SINCE = 3;

/** Keys that may be there, and keys that must. */
function keysOf({
  provenance,
  device,
  operators,
  stages,
  imported,
  launcher,
}: ScheduleArtifact): readonly [readonly RecordedKey[], readonly RecordedKey[]] {
  const { options, inputs } = provenance;
  const list: readonly RecordedKey[] = (device?.costModel ?? 1) < LISTS_SINCE ? [] : ["fuse"];
  if (launcher !== undefined) {
    const estimated: readonly RecordedKey[] =
      launcher.device.kind === "gpu" ? ["math", "fuse"] : [];
    return [LAUNCH, ["device", "samples", ...estimated]];
  }
  if (operators !== undefined) {
    const device = String(options["device"]);
    const keys = device === "cpu" ? CPU : device === "cuda" ? CUDA : DATA_SHEET;
    return [keys, keys === DATA_SHEET ? ["device", "math", ...list] : ["device"]];
  }
  if (imported !== undefined) {
    return [IMPORTED, []];
  }
  if (stages !== undefined) {
    const isByHand = inputs.some(({ role }) => role === "placement");
    return [STAGES, ["device", ...(isByHand ? [] : ["devices" as const]), ...list]];
  }
  return [SEARCH, ["microBatches", "algorithm"]];
}

/** The micro-batches that options ask for. */
export function recordedMicroBatches({ provenance, stages }: ScheduleArtifact): unknown {
  const { options } = provenance;
  const { "micro-batches": asked } = options;
  return stages === undefined ? asked : (asked ?? USUAL_MICRO_BATCHES);
}

/** The pipeline algorithm that options ask for. */
export function recordedAlgorithm({ provenance, stages }: ScheduleArtifact): unknown {
  const { options } = provenance;
  return stages === undefined
    ? options["algorithm"]
    : (options["pipeline-algorithm"] ?? "top-compile");
}
