/** The failures of reading, checking and storing profiles, and of measuring. */
import type { Failure } from "../core/failure.js";
import { type DocumentWording, placeIn } from "../core/json-document.js";
import type { JsonProblem } from "../core/json-shape.js";

/** A profile file that cannot be read. */
export function profileUnreadable(path: string, cause: unknown): Failure {
  return {
    code: "profile-unreadable",
    message: `the profile cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
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

/** How both kinds of profile word their problems. */
export function profileWording(path: string): DocumentWording {
  const invalid = (problem: JsonProblem): Failure => profileInvalid(path, problem);
  return {
    notJson: (reason) => invalid({ pointer: "", message: `is not JSON: ${reason}` }),
    invalid,
  };
}

/** A profile of something else than what it is to be used for. */
export function profileDoesNotFit(what: string, has: string, wanted: string): Failure {
  return {
    code: "profile-stale",
    message: `the profile was measured with another ${what}: ${has}, wanted ${wanted}`,
    hint: "measure it again with: top-compile profile MODEL",
    exit: 1,
  };
}

/** A profile lacks an operator, or has one too many: its file was edited. */
export function profileOperatorsDiffer(operator: string, isMissing: boolean): Failure {
  return {
    code: "profile-stale",
    message: isMissing
      ? "the profile has no time for this operator"
      : "the profile has an operator that the model has not",
    where: operator,
    hint: "measure it again with: top-compile profile MODEL",
    exit: 1,
  };
}

/** A profile cannot be kept for the next time. */
export function profileNotStored(path: string, cause: unknown): Failure {
  return {
    code: "profile-not-stored",
    message: `the profile cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    where: path,
    hint: "choose another place with --out, or set XDG_CACHE_HOME",
    exit: 4,
    cause,
  };
}

/** The profiler's file is missing or unusable. */
export function profilerFailed(cause: unknown): Failure {
  return {
    code: "profiler-failed",
    message: `the profile of ONNX Runtime cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "check that the folder for temporary files (TMPDIR) can be written",
    exit: 4,
    cause,
  };
}
