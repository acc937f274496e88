import { fileProblem } from "./error-text.js";
import type { Failure } from "./failure.js";

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

/** A result that cannot be written. */
export function fileUnwritable(path: string, cause: unknown, option?: string): Failure {
  return { ...placeUnwritable(path, fileProblem(cause), otherPlace(option)), cause };
}

/** An output path that is a folder. */
export function outputIsFolder(path: string, option?: string): Failure {
  return placeUnwritable(path, "is a folder", otherPlace(option));
}

/** An output folder for stage models that is a file. */
export function stageFolderIsFile(path: string): Failure {
  return placeUnwritable(path, "is a file, not a folder", "give a folder with --stage-models");
}

/** An output folder for outputs that is a file, or a folder where a file would go. */
export function saveFolderIsFile(path: string): Failure {
  return placeUnwritable(
    path,
    "is in the way: a folder for files is needed",
    "give another folder with --save-outputs",
  );
}

/** The hint to put an output elsewhere. */
export function otherPlace(option: string = "--out FILE"): string {
  return `choose another place with ${option}`;
}

function placeUnwritable(path: string, message: string, hint: string): Failure {
  return { code: "file-unwritable", where: path, message, hint, exit: 1 };
}

/** An output that would overwrite one of the inputs. */
export function outputIsInput(path: string, hint: string = otherPlace()): Failure {
  return {
    code: "output-is-input",
    where: path,
    message: "is read by this command and would be lost",
    hint,
    exit: 2,
  };
}

/** An existing file of another kind than the output. */
export function fileExists(path: string, option?: string): Failure {
  return placeTaken(
    path,
    "exists already, and is not an earlier output of this command",
    `${otherPlace(option)}, or give --force to overwrite it`,
  );
}

/** An existing file in the place of a stage model or of the shared weights. */
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

/** A file or link where the file of an output would go. */
export function savedFileExists(path: string): Failure {
  return placeTaken(
    path,
    "exists already",
    "give --force to overwrite files of outputs, or another folder with --save-outputs",
  );
}

/** A text file larger than any that this program reads. */
export function fileTooLarge(path: string, bytes: number, limit: number): Failure {
  return {
    code: "file-too-large",
    where: path,
    message: `has ${bytes} bytes, more than the ${limit} that are read`,
    hint: "check that this is the right file",
    exit: 1,
  };
}

/** A file that is not text. */
export function fileNotText(path: string, problem: string): Failure {
  return {
    code: "file-not-text",
    where: path,
    message: problem,
    hint: "check that this is the right file, and save it as UTF-8",
    exit: 1,
  };
}
