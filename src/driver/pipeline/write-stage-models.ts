import { realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileUnwritable, stageFolderIsFile, stageModelExists } from "../../core/file-failures.js";
import { makeFolder } from "../../core/make-folder.js";
import { fail, ok, type Result } from "../../core/result.js";
import { linkStatusAt } from "../../core/status-at.js";
import { writeFileAtomically } from "../../core/write-file.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { stageModels } from "../../onnx/stage-models.js";
import { StageWeights } from "../../onnx/stage-weights.js";
import type { PlacedModel } from "../../staging/place-model.js";

/**
 * Writes every stage as `<model>.<stage>.onnx` into a folder, which is created if necessary, and their
 * weights once, next to them, as `<model>.stages.weights`. In the model's own folder, weights that are
 * external data already are referenced in place.
 *
 * Fails: `file-exists` without `force`, `file-unwritable`, `weights-unwritable`, `weights-missing`,
 * `stage-boundary-not-tensor`.
 */
export function writeStageModels(
  lowered: LoweredModel,
  { stages, partition }: PlacedModel,
  folder: string,
  force: boolean,
): Result<void> {
  try {
    makeFolder(folder);
  } catch (cause) {
    return fail([fileUnwritable(folder, cause)]);
  }
  if (!statSync(folder).isDirectory()) {
    return fail([stageFolderIsFile(folder)]);
  }
  const stem = basename(lowered.model.path).replace(/\.onnx$/i, "");
  const weightsName = `${stem}.stages.weights`;
  const weights = new StageWeights(
    lowered.model,
    weightsName,
    isSameFolder(folder, dirname(lowered.model.path)),
  );
  const options = { weights, withAnchors: false };
  const models = stageModels(lowered, partition.stageOf, partition.stageCount, options);
  if (!models.ok) {
    return models;
  }
  const files = models.value.map((model, at) => ({
    path: join(folder, `${stem}.${stages[at]?.id ?? at}.onnx`),
    bytes: model.bytes,
  }));
  const taken = [...files.map(({ path }) => path), join(folder, weightsName)].find(isTaken);
  if (taken !== undefined && !force) {
    return fail([stageModelExists(taken)]);
  }
  const written = weights.write(join(folder, weightsName));
  if (!written.ok) {
    return written;
  }
  for (const { path, bytes } of files) {
    try {
      writeFileAtomically(path, bytes);
    } catch (cause) {
      return fail([fileUnwritable(path, cause)]);
    }
  }
  return ok(undefined);
}

/** Whether a file of that name exists; a dangling link counts. */
function isTaken(path: string): boolean {
  return linkStatusAt(path) !== undefined;
}

function isSameFolder(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
