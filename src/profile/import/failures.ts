/** The failures of importing measurements. */
import type { Failure } from "../../core/failure.js";
import { formatPercent } from "./format-percent.js";

const SEE = "see docs/importing-profiles.md";

/** A file that is in none of the formats. */
export function importFormatUnknown(path: string): Failure {
  return {
    code: "import-format-unknown",
    where: path,
    message: "is in no format that is read",
    hint: `${SEE} for the formats, and for a CSV that any tool can be adapted to`,
    exit: 1,
  };
}

/** Files that do not belong together. */
export function importFilesConflict(path: string, message: string): Failure {
  return {
    code: "import-files-conflict",
    where: path,
    message,
    hint: `${SEE} for the files of each tool`,
    exit: 2,
  };
}

/** A profile of ONNX Runtime on a GPU without what the kernels took. */
export function importLaunchTimesOnly(path: string, provider: string): Failure {
  return {
    code: "import-launch-times-only",
    where: path,
    message: `has launch times of ${provider} only: its Node events are what the host took, and there are no Kernel events`,
    hint: "record with a build that has CUDA profiling (--enable_cuda_profiling), or measure with Nsight Systems or trtexec; CUDA_LAUNCH_BLOCKING=1 only makes upper bounds",
    exit: 1,
  };
}

/** Layers without the nodes that they are of. */
export function importLayersOpaque(path: string, layer: string): Failure {
  return {
    code: "import-layers-opaque",
    where: path,
    message: `layer "${layer}" stands for many nodes and does not say which`,
    hint: "record with --profilingVerbosity=detailed --exportLayerInfo=FILE and give FILE as well",
    exit: 1,
  };
}

/** Too much of the time is of nothing in the model. */
export function importCoverageLow(
  path: string,
  { coverage, least, unmatched }: CoverageFigures,
): Failure {
  const largest = unmatched.slice(0, 3).map((label) => `"${label}"`);
  return {
    code: "import-coverage-low",
    where: path,
    message: `only ${formatPercent(coverage)} of the time belongs to operators of the model, at least ${formatPercent(least)} must${largest.length === 0 ? "" : `; of none are ${largest.join(", ")}`}`,
    hint: "give the model that was measured, with the names of its nodes as they were",
    exit: 1,
  };
}

/** What is said of too little coverage. */
export interface CoverageFigures {
  readonly coverage: number;
  readonly least: number;
  /** The parts that no operator was found for, largest first. */
  readonly unmatched: readonly string[];
}

/** Operators that take time, and have none. */
export function importOperatorsMissing(
  path: string,
  missing: readonly { readonly name: string; readonly type: string }[],
): Failure {
  const [first] = missing;
  const others = missing.length === 1 ? "" : ` and ${missing.length - 1} more`;
  return {
    code: "import-operators-missing",
    where: path,
    message: `has no time for ${first?.type ?? ""} "${first?.name ?? ""}"${others}, which cannot take none`,
    hint: "give the model that was measured; for ONNX Runtime, give its optimized model as well",
    exit: 1,
  };
}

/** A trace without names of nodes. */
export function importOrderNeeded(path: string): Failure {
  return {
    code: "import-order-needed",
    where: path,
    message: "names operators of PyTorch, not nodes of the model",
    hint: "give --match-by-order to match them by type, size and order",
    exit: 2,
  };
}

/** Nothing was timed. */
export function importNothingMeasured(path: string, what: string): Failure {
  return {
    code: "import-nothing-measured",
    where: path,
    message: `has no ${what}`,
    hint: SEE,
    exit: 1,
  };
}

/** The device that was named is not of the kind that was measured. */
export function importDeviceWrong(device: string, measured: "cpu" | "gpu"): Failure {
  return {
    code: "import-device-wrong",
    where: `--device ${device}`,
    message:
      measured === "gpu"
        ? "must be a GPU by its data sheet: the measurements are of one, and do not say what launching costs"
        : "must be cpu: the measurements are of a CPU",
    hint:
      measured === "gpu"
        ? "give --device h200, another name of a data sheet, or the file of a device model"
        : "leave out --device",
    exit: 2,
  };
}
