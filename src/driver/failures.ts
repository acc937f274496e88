import { fileProblem } from "../core/error-text.js";
import type { Failure } from "../core/failure.js";
import { someOf } from "../core/some-of.js";
import { modelUnreadable } from "../onnx/failures.js";

/** A file that cannot be read. */
export function fileUnreadable(path: string, cause: unknown): Failure {
  return {
    code: "file-unreadable",
    where: path,
    message: fileProblem(cause),
    hint: "check the path and its permissions",
    exit: 1,
    cause,
  };
}

/** The model of a schedule is not where it is looked for. */
export function modelOfScheduleUnreadable(path: string, cause: unknown): Failure {
  return {
    ...modelUnreadable(path, cause),
    message: `the model of this schedule: ${fileProblem(cause)}`,
    hint: "say where it is with --model FILE",
  };
}

/** A result that cannot be written. */
export function fileUnwritable(path: string, cause: unknown): Failure {
  return { ...placeUnwritable(path, fileProblem(cause), OTHER_PLACE), cause };
}

/** A folder where a file is to be written. */
export function outputIsFolder(path: string): Failure {
  return placeUnwritable(path, "is a folder", OTHER_PLACE);
}

/** A file where stage models were to go. */
export function stageFolderIsFile(path: string): Failure {
  return placeUnwritable(path, "is a file, not a folder", "give a folder with --stage-models");
}

const OTHER_PLACE = "choose another place with --out FILE";

function placeUnwritable(path: string, message: string, hint: string): Failure {
  return { code: "file-unwritable", where: path, message, hint, exit: 1 };
}

/** An output that would overwrite what it is made from. */
export function outputIsInput(path: string): Failure {
  return {
    code: "output-is-input",
    where: path,
    message: "is read by this command and would be lost",
    hint: "choose another place with --out FILE",
    exit: 2,
  };
}

/** A file that is there already and is not one of the kind that is to be written. */
export function fileExists(path: string): Failure {
  return placeTaken(
    path,
    "exists already, and is not an earlier output of this command",
    `${OTHER_PLACE}, or give --force to overwrite it`,
  );
}

/** A file in the place of a stage model or of the weights of all. */
export function stageModelExists(path: string): Failure {
  return placeTaken(
    path,
    "exists already",
    "give --force to overwrite stage models, or another folder with --stage-models",
  );
}

function placeTaken(path: string, message: string, hint: string): Failure {
  return { code: "file-exists", where: path, message, hint, exit: 1 };
}

/** A schedule of another model. */
export function modelMismatch(model: string, expected: string, found: string): Failure {
  return {
    code: "schedule-of-another-model",
    where: model,
    message: `its SHA-256 is ${found.slice(0, 16)}..., the schedule was made for ${expected.slice(0, 16)}...`,
    hint: "give the model that the schedule was compiled from, or compile this one",
    exit: 1,
  };
}

/** A schedule that names what the model does not have, or breaks a rule of schedules. */
export function scheduleBroken(file: string, problem: string): Failure {
  return {
    code: "schedule-broken",
    where: file,
    message: problem,
    hint: "compile the model again",
    exit: 1,
  };
}

/** An artifact without the section that a command needs. */
export function sectionMissing(file: string, section: string): Failure {
  return {
    code: "schedule-without-section",
    where: file,
    message: `has no "${section}" section`,
    hint: "this command needs one; compile a model to get it",
    exit: 1,
  };
}

/** A schedule, such as one of a placement, that does not say which model it is of. */
export function modelNotNamed(file: string): Failure {
  return {
    code: "schedule-without-model",
    where: file,
    message: "does not say which model it is of",
    hint: "give --model FILE",
    exit: 1,
  };
}

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

/** Operators that no CUDA graph can hold, because what they run depends on data. */
export function operatorsNotCapturable(
  model: string,
  operators: readonly NamedOperator[],
): Failure {
  return {
    code: "operators-not-capturable",
    where: model,
    message: `has control flow, which a CUDA graph cannot hold: ${someOperators(operators)}`,
    hint: "export the model without it, or compile for --device cpu",
    exit: 1,
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

/** Operators of which only the bytes are known, so that no kernel can be estimated. */
export function operatorsUnknown(model: string, operators: readonly NamedOperator[]): Failure {
  return {
    code: "operators-unknown",
    where: model,
    message: `has operators of unknown type: ${someOperators(operators)}`,
    hint: "--estimate-unsupported takes them as copies of their bytes, for estimates only",
    exit: 1,
  };
}

/** An algorithm that did not take the model. */
export function algorithmRefused(algorithm: string, reason: Failure): Failure {
  return { ...reason, where: `--algorithm ${algorithm}` };
}

/** A model that works at none of the sizes that were assumed for its dynamic dims, the defaults first. */
export function sizesRefused(reason: Failure, sizes: readonly string[]): Failure {
  const [defaults = "", ...tried] = sizes;
  const more = tried.length === 0 ? "" : `; also tried: ${tried.join(", ")}`;
  return {
    ...reason,
    hint: `these are default sizes of dynamic dims: ${defaults}${more}; give the sizes that the model is used with (--dim NAME=VALUE)`,
  };
}

/** A text file that is too large to be one of ours. */
export function fileTooLarge(path: string, bytes: number, limit: number): Failure {
  return {
    code: "file-too-large",
    where: path,
    message: `has ${bytes} bytes, more than the ${limit} that are read`,
    hint: "check that this is the right file",
    exit: 1,
  };
}

/** A file that should be text and is not. */
export function fileNotText(path: string, problem: string): Failure {
  return {
    code: "file-not-text",
    where: path,
    message: problem,
    hint: "check that this is the right file, and save it as UTF-8",
    exit: 1,
  };
}

/** A schedule whose outputs are not the model's. */
export function outputsDiffer(file: string, absolute: number, relative: number): Failure {
  return {
    code: "outputs-differ",
    where: file,
    message: `its outputs differ from the model's by up to ${absolute} (relatively ${relative})`,
    hint: "please report this: a verified schedule must not change results",
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
  return {
    code: "outputs-differ",
    where: file,
    message: `its outputs ${far}; --math ${precision} may be ${tolerance} away`,
    hint: "please report this; --math ieee computes float32 in full",
    exit: 1,
  };
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
    hint: "leave out --profile: give a GPU by its data sheet, or --device cuda to measure them",
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

interface NamedOperator {
  readonly type: string;
  readonly name: string;
}

function someOperators(operators: readonly NamedOperator[]): string {
  return someOf(operators.map(({ type, name }) => `${type} "${name}"`));
}

/** Bytes that the device must hold at a time, whatever the schedule, and does not. */
export function deviceMemoryExceeded(
  path: string,
  what: string,
  bytes: number,
  { product, memoryBytes }: { readonly product: string; readonly memoryBytes: number },
): Failure {
  return {
    code: "device-memory-exceeded",
    where: path,
    message: `${what} ${bytes} bytes; ${product} has ${memoryBytes}`,
    hint: "give smaller sizes with --dim, or another --device",
    exit: 1,
  };
}
