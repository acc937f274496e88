/** The failures that preparing a program for the device can end with. */
import { fileProblem } from "../../../core/error-text.js";
import type { Failure } from "../../../core/failure.js";

/** The temporary file for constants cannot be written. */
export function sideFileFailed(path: string, cause: unknown): Failure {
  return {
    code: "side-file-failed",
    message: `constants for the GPU cannot be written: ${fileProblem(cause)}`,
    where: path,
    hint: "free some space in the folder for temporary files, or set TMPDIR",
    exit: 4,
    cause,
  };
}
