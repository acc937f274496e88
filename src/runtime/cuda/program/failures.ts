/** The failures that preparing a program for the device can end with. */
import type { Failure } from "../../../core/failure.js";

/** The temporary file for constants cannot be written. */
export function sideFileFailed(path: string, cause: unknown): Failure {
  const text = cause instanceof Error ? cause.message : String(cause);
  return {
    code: "side-file-failed",
    message: `constants for the GPU cannot be written: ${text.split("\n")[0] ?? ""}`,
    where: path,
    hint: "free some space in the folder for temporary files, or set TMPDIR",
    exit: 4,
    cause,
  };
}
