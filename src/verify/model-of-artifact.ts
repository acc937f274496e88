import { type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ProvenanceInput, ScheduleArtifact } from "../artifact/artifact.js";
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

/**
 * Path of one of the models of an artifact in `file`: by its recorded name in the artifact's folder; `model` is
 * another folder, or the file itself. The file has the recorded digest.
 *
 * Fails: as `modelOfArtifact`.
 */
export function modelFileOf(
  file: string,
  model: string | undefined,
  recorded: ProvenanceInput,
): Result<string> {
  const isFolder = model !== undefined && statAt(model)?.isDirectory() === true;
  const path =
    model !== undefined && !isFolder ? model : join(model ?? dirname(file), recorded.name);
  const found = digestOf(path);
  if (!found.ok) {
    return found;
  }
  return found.value === recorded.sha256
    ? ok(path)
    : fail([modelMismatch(path, recorded.sha256, found.value)]);
}

function statAt(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function digestOf(path: string): Result<string> {
  try {
    return ok(sha256OfFile(path));
  } catch (cause) {
    return fail([modelOfScheduleUnreadable(path, cause)]);
  }
}
