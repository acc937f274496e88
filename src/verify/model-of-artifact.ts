import { dirname, join } from "node:path";
import type { ScheduleArtifact } from "../artifact/artifact.js";
import { sha256OfFile } from "../core/digest.js";
import { fail, ok, type Result } from "../core/result.js";
import { modelMismatch, modelNotNamed, modelOfScheduleUnreadable } from "./failures.js";

/**
 * Path of the model that the artifact in `file` was made from: `model` if the user names it, else its
 * recorded name in the artifact's folder. If a digest is recorded, the file has it.
 *
 * Fails: `model-unreadable`, `schedule-of-another-model`, `schedule-without-model` when nothing is
 * recorded or named.
 */
export function modelOfArtifact(
  file: string,
  model: string | undefined,
  { provenance }: ScheduleArtifact,
): Result<string> {
  const recorded = provenance.inputs.find(({ role }) => role === "model");
  const path = model ?? (recorded === undefined ? undefined : join(dirname(file), recorded.name));
  if (path === undefined) {
    return fail([modelNotNamed(file)]);
  }
  if (recorded !== undefined) {
    const found = digestOf(path);
    if (!found.ok) {
      return found;
    }
    if (found.value !== recorded.sha256) {
      return fail([modelMismatch(path, recorded.sha256, found.value)]);
    }
  }
  return ok(path);
}

function digestOf(path: string): Result<string> {
  try {
    return ok(sha256OfFile(path));
  } catch (cause) {
    return fail([modelOfScheduleUnreadable(path, cause)]);
  }
}
