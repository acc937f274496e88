/** `--to triton`: launcher policies, or the stages of a pipeline, as a model repository. */
import { present } from "../../core/invariant.js";
import type { Result } from "../../core/result.js";
import { deviceKindOf } from "../device-kind.js";
import type { Exported, ExportSubject } from "../export-format.js";
import { modelPipelineOf, stemOf } from "../model-pipeline.js";
import { exportPolicyForTriton } from "./export-policy.js";
import { exportStagesForTriton } from "./export-stages.js";

/**
 * The model repository of a schedule.
 *
 * Fails: `export-model-missing`; as `exportPolicyForTriton` and `exportStagesForTriton`.
 */
export async function exportTriton(subject: ExportSubject): Promise<Result<Exported>> {
  const { artifact, file, loadServed } = subject;
  if (subject.pipeline === undefined) {
    const section = present(artifact.launcher, "launcher section");
    return exportPolicyForTriton({ section, file, load: loadServed });
  }
  const pipeline = modelPipelineOf(subject, "triton");
  if (!pipeline.ok) {
    return pipeline;
  }
  const stem = stemOf(pipeline.value.lowered);
  return exportStagesForTriton({ pipeline: pipeline.value, stem, device: deviceKindOf(artifact) });
}
