/** `--to ort`: an operator schedule, or the stages of a pipeline, for ONNX Runtime. */
import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import { orNoRoom, temporaryFolder } from "../../runtime/temporary-folder.js";
import { type DeviceKind, deviceKindOf } from "../device-kind.js";
import type { Exported, ExportSubject } from "../export-format.js";
import { settingsOfStages } from "../hints/export-hints.js";
import { type ModelPipeline, modelPipelineOf, stemOf } from "../model-pipeline.js";
import { exportOperatorsForOrt } from "./export-operators.js";
import { exportStagesForOrt } from "./export-stages.js";
import { tasksForOneSession } from "./failures.js";

/**
 * The files of a schedule for ONNX Runtime.
 *
 * Fails: `export-model-missing`, `export-tasks-in-flight`; as `exportOperatorsForOrt` and
 * `exportStagesForOrt`.
 */
export async function exportOrt(subject: ExportSubject): Promise<Result<Exported>> {
  const { artifact, file, loadModel } = subject;
  if (subject.pipeline !== undefined) {
    const pipeline = modelPipelineOf(subject, "ort");
    return pipeline.ok ? withSettings(pipeline.value, deviceKindOf(artifact)) : pipeline;
  }
  const operators = present(artifact.operators, "operators section");
  if (operators.tasks !== undefined) {
    return fail([tasksForOneSession(file, operators.tasks.length)]);
  }
  const lowered = await loadModel();
  if (!lowered.ok) {
    return lowered;
  }
  const folder = temporaryFolder("top-compile-export");
  if (!folder.ok) {
    return folder;
  }
  const { path, remove } = folder.value;
  const request = { lowered: lowered.value, operators, stem: stemOf(lowered.value) };
  const made = await exportOperatorsForOrt(request, path);
  if (made.ok) {
    return ok({ ...made.value, release: remove });
  }
  const failures = orNoRoom(made.error, path, lowered.value.model.fileBytes);
  remove();
  return fail(failures);
}

/** The stages, and what tools for transformers can be set to where stages begin and end between layers. */
function withSettings(pipeline: ModelPipeline, device: DeviceKind): Result<Exported> {
  const made = exportStagesForOrt(pipeline, stemOf(pipeline.lowered), device);
  const settings = settingsOfStages(pipeline);
  return made.ok && typeof settings !== "string"
    ? ok({ ...made.value, notes: [...made.value.notes, ...settings] })
    : made;
}
