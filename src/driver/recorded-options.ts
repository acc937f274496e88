/** Options that each kind of artifact records. */
import type { ScheduleArtifact } from "../artifact/artifact.js";
import { USUAL_MICRO_BATCHES } from "./pipeline/pipeline-usual.js";

const OF_MODELS = ["device", "dim"] as const;
const OF_OPERATORS = [...OF_MODELS, "algorithm", "batch"] as const;
const OF_GPUS = [...OF_OPERATORS, "estimateUnsupported", "mergeConvolutions"] as const;

const CPU: readonly string[] = OF_OPERATORS;
const DATA_SHEET: readonly string[] = [...OF_GPUS, "math", "progress", "max-streams"];
const CUDA: readonly string[] = [...OF_GPUS, "precision", "fuse", "verified"];

const STAGES: readonly string[] = [
  ...OF_MODELS,
  "math",
  "devices",
  "shape",
  "chunks",
  "mode",
  "backward-ratio",
  "weight-ratio",
  "parameter-copies",
  "tensor-efficiency",
  "link-bandwidth",
  "link-latency",
  "memory",
  "micro-batches",
  "method",
  "pipeline-algorithm",
];

const SEARCH: readonly string[] = [
  "shape",
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
  "maxNodes",
];

/** Options of an artifact that its kind does not have, and those that it lacks: words with the place. */
export function optionProblems(artifact: ScheduleArtifact): readonly string[] {
  const { options } = artifact.provenance;
  const [known, needed] = keysOf(artifact);
  return [
    ...Object.keys(options)
      .filter((key) => !known.includes(key))
      .map((key) => `/provenance/options/${key} is no option of such a schedule`),
    ...needed
      .filter((key) => options[key] === undefined)
      .map((key) => `/provenance/options/${key} is missing`),
  ];
}

/** Keys that may be there, and keys that must. */
function keysOf({
  provenance,
  operators,
  stages,
}: ScheduleArtifact): readonly [readonly string[], readonly string[]] {
  const { options, inputs } = provenance;
  if (operators !== undefined) {
    const device = String(options["device"]);
    const keys = device === "cpu" ? CPU : device === "cuda" ? CUDA : DATA_SHEET;
    return [keys, keys === DATA_SHEET ? ["device", "math"] : ["device"]];
  }
  if (stages !== undefined) {
    const isByHand = inputs.some(({ role }) => role === "placement");
    return [STAGES, isByHand ? ["device"] : ["device", "devices"]];
  }
  return [SEARCH, ["microBatches", "algorithm"]];
}

/** The micro-batches that options ask for. */
export function recordedMicroBatches({ provenance, stages }: ScheduleArtifact): unknown {
  const { options } = provenance;
  return stages === undefined
    ? options["microBatches"]
    : (options["micro-batches"] ?? USUAL_MICRO_BATCHES);
}

/** The pipeline algorithm that options ask for. */
export function recordedAlgorithm({ provenance, stages }: ScheduleArtifact): unknown {
  const { options } = provenance;
  return stages === undefined
    ? options["algorithm"]
    : (options["pipeline-algorithm"] ?? "top-compile");
}
