/** The failures of reading, checking and storing profiles, and of measuring. */
import { errorText, fileProblem } from "../core/error-text.js";
import type { Failure } from "../core/failure.js";
import { type DocumentWording, placeIn } from "../core/json-document.js";
import type { JsonProblem } from "../core/json-shape.js";

/** A profile file that cannot be read. */
export function profileUnreadable(path: string, cause: unknown): Failure {
  return {
    code: "profile-unreadable",
    message: `the profile cannot be read: ${fileProblem(cause)}`,
    where: path,
    hint: "measure one with: top-compile profile MODEL",
    exit: 1,
    cause,
  };
}

function profileInvalid(path: string, problem: JsonProblem): Failure {
  return {
    code: "profile-invalid",
    message: problem.message,
    where: placeIn(path, problem),
    hint: "give a profile that this version wrote: top-compile profile MODEL",
    exit: 1,
  };
}

/** A profile whose figures, each possible, lead to a schedule that contradicts itself. */
export function profileContradictory(path: string, problem: string): Failure {
  return profileInvalid(path, {
    pointer: "",
    message: `its figures contradict each other: in the schedule, ${problem}`,
  });
}

/** The wording of problems of both kinds of profile. */
export function profileWording(path: string): DocumentWording {
  const invalid = (problem: JsonProblem): Failure => profileInvalid(path, problem);
  return {
    notJson: (reason) => invalid({ pointer: "", message: `is not JSON: ${reason}` }),
    invalid,
  };
}

/** A profile of something else than what it is to be used for. */
export function profileDoesNotFit(
  file: string,
  what: string,
  has: string,
  wanted: string,
): Failure {
  return profileStale(
    file,
    `was measured with another ${what}: ${short(has)}, wanted ${short(wanted)}`,
  );
}

/** A profile lacks an operator, or has one too many: its file was edited. */
export function profileOperatorsDiffer(
  file: string,
  operator: string,
  isMissing: boolean,
): Failure {
  return profileStale(
    file,
    isMissing
      ? `has no time for operator "${operator}" of the model`
      : `has an operator "${operator}" that the model does not have`,
  );
}

function profileStale(file: string, message: string): Failure {
  return {
    code: "profile-stale",
    where: file,
    message,
    hint: "measure it again with: top-compile profile MODEL",
    exit: 1,
  };
}

/** A profile cannot be kept for the next time. */
export function profileNotStored(path: string, cause: unknown): Failure {
  return {
    code: "profile-not-stored",
    message: `the profile cannot be written: ${fileProblem(cause)}`,
    where: path,
    hint: "choose another place with --out, or set XDG_CACHE_HOME",
    exit: 4,
    cause,
  };
}

/** The profiler's file is missing or unusable. */
export function profilerFailed(cause: unknown): Failure {
  return profileUnusable(
    errorText(cause),
    "check that the folder for temporary files (TMPDIR) can be written",
    { cause },
  );
}

/** A profile of ONNX Runtime without any kernel of the model: nothing could be attributed. */
export function kernelsNotFound(where: string): Failure {
  return profileUnusable(
    "it has none of the model's kernels, so operators have no times",
    "give the nodes of the model plain names, without quotes and backslashes",
    { where },
  );
}

function profileUnusable(
  problem: string,
  hint: string,
  more: Pick<Failure, "cause" | "where">,
): Failure {
  const message = `the profile of ONNX Runtime cannot be used: ${problem}`;
  return { code: "profiler-failed", message, hint, exit: 4, ...more };
}

/** Digests by their beginning, which is enough to tell them apart. */
function short(value: string): string {
  return /^[0-9a-f]{64}$/.test(value) ? `${value.slice(0, 16)}...` : value || "none";
}
