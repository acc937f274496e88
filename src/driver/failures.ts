import type { Failure } from "../core/failure.js";
import { formatName } from "../core/format.js";

/** A device that is known by its data sheet only. */
export function deviceUnsupported(device: string): Failure {
  return {
    code: "device-unsupported",
    where: `--device ${device}`,
    message: "is known by its data sheet only: nothing can be measured or run there",
    hint: "give --device cpu, or --device cuda where there is a GPU",
    exit: 4,
  };
}

/** Progress for another number of tasks than there are. */
export function progressMismatch(concurrency: number, progress: number): Failure {
  return {
    code: "progress-mismatch",
    where: "--progress",
    message: `gives the progress of ${progress} tasks, but --concurrency asks for ${concurrency}`,
    hint: "give one number for each task, such as --concurrency 2 --progress 0,0.5",
    exit: 2,
  };
}

/** A schedule whose outputs are not the model's. */
export function outputsDiffer(file: string, absolute: number, relative: number): Failure {
  return wrongOutputs(
    file,
    `its outputs differ from the model's by up to ${absolute} (relatively ${relative})`,
    "please report this: a verified schedule must not change results",
  );
}

/** A model without operators: every value is a constant, an input, or a view of one. */
export function nothingToSchedule(model: string): Failure {
  return {
    code: "nothing-to-schedule",
    where: model,
    message: "has only constants and views, no operators that do work",
    hint: "top-compile inspect MODEL shows what it is made of; a tool that folds constants can write its outputs down",
    exit: 1,
  };
}

/** A schedule on a GPU whose outputs are further from ONNX Runtime's than its precision allows. */
export function outputsTooFar(
  file: string,
  precision: string,
  { distance, tolerance }: { readonly distance: number; readonly tolerance: number },
): Failure {
  const far =
    distance === Number.MAX_VALUE
      ? "have NaN or infinity where ONNX Runtime's have none"
      : `are ${distance.toPrecision(3)} from ONNX Runtime's, by norms`;
  return wrongOutputs(
    file,
    `its outputs ${far}; --math ${precision} may be ${tolerance} away`,
    "please report this; --math ieee computes float32 in full",
  );
}

function wrongOutputs(file: string, message: string, hint: string): Failure {
  return { code: "outputs-differ", where: file, message, hint, exit: 1 };
}

/** A schedule whose outputs are not those of the same kernels on one stream. */
export function replayDiffers(file: string): Failure {
  return {
    code: "replay-differs",
    where: file,
    message: "its outputs are not, byte for byte, those of the same kernels on one stream",
    hint: "please report this: a verified schedule must not race",
    exit: 1,
  };
}

/** A schedule of more streams than are executed: each has libraries and workspaces of its own. */
export function streamsTooMany(where: string, streams: number, limit: number): Failure {
  return {
    code: "streams-too-many",
    where,
    message: `uses ${streams} streams; at most ${limit} are executed on a GPU`,
    hint: "choose another algorithm",
    exit: 1,
  };
}

/** A joint schedule of several tasks, which one inference cannot execute. */
export function tasksCannotRun(file: string): Failure {
  return {
    code: "tasks-cannot-run",
    where: file,
    message: "is of several tasks in flight; run executes one inference from its start",
    hint: "compile without --concurrency and --progress",
    exit: 1,
  };
}

/** A recorded profile has the operators of the model, not those that come of merging them. */
export function mergesNotMeasured(): Failure {
  return {
    code: "merges-not-measured",
    where: "--merge-convolutions",
    message: "needs figures of operators that are computed together, which no profile has",
    hint: "omit --profile: name a GPU by its data sheet, or measure them with --device cuda",
    exit: 2,
  };
}

/** Operators computed together, which ONNX Runtime cannot execute. */
export function mergesCannotRun(file: string): Failure {
  return {
    code: "merges-cannot-run",
    where: file,
    message: "computes convolutions together, which only a GPU does",
    hint: "run it with --device cuda, or compile without --merge-convolutions",
    exit: 1,
  };
}

/** Two models whose files have the same name: arrivals could mean either. */
export function modelNameRepeated(name: string): Failure {
  return {
    code: "model-name-repeated",
    where: name,
    message:
      "is the name of two models; arrivals name models by their files, without folder and extension",
    hint: "rename one of the files, or make a link with another name",
    exit: 1,
  };
}

/** Threads of a session that the serving profile of a model has no times of. */
export function threadsNotMeasured(
  model: string,
  threads: number,
  measured: readonly number[],
): Failure {
  return {
    code: "threads-not-measured",
    where: "--threads",
    message: `there are no times of ${model} with ${threads} threads; measured are ${measured.join(", ")}`,
    hint: "give one of these",
    exit: 1,
  };
}

/** A batch that a model cannot be served in. */
export function batchNotServed(model: string, batch: number, most: number): Failure {
  return {
    code: "batch-not-served",
    where: "--batch",
    message: `${model} cannot be served in batches of ${batch}; its largest is ${most}`,
    hint: "the arrivals file lists the batch sizes that may be used (docs/arrivals.md)",
    exit: 1,
  };
}

/** A device on which serving cannot be simulated. */
export function launchDeviceUnsupported(device: string): Failure {
  return {
    code: "launch-device-unsupported",
    where: `--device ${device}`,
    message: "serving is simulated on GPUs known by their data sheet, and on the CPU",
    hint: "give --device cpu, a GPU such as --device h200, or the file of a device model",
    exit: 2,
  };
}

/** Policies of a GPU by its data sheet: nothing here serves on it. */
export function policyNotForCpu(file: string): Failure {
  return {
    code: "policy-not-for-cpu",
    where: file,
    message: "has policies for a GPU by its data sheet; only those for a CPU are run here",
    hint: "make one with: top-compile launch MODEL --device cpu",
    exit: 1,
  };
}

/** A learned policy, which the server of this machine cannot follow. */
export function policyChanges(file: string, name: string, others: readonly string[]): Failure {
  return {
    code: "policy-changes",
    where: file,
    message: `its policy ${name} changes as requests come, which is not served here`,
    hint: `name one that stays the same with --policy: ${others.join(", ")}`,
    exit: 1,
  };
}

/** A policy that a file does not have for the rates. */
export function policyUnknown(file: string, name: string, known: readonly string[]): Failure {
  return {
    code: "policy-unknown",
    where: file,
    message: `has no policy "${formatName(name)}" for these rates`,
    hint: `the policies are ${known.map(formatName).join(", ")}`,
    exit: 1,
  };
}
