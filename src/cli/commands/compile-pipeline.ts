import { encodeArtifact } from "../../artifact/artifact-format.js";
import { present } from "../../core/invariant.js";
import type { NamedDevice } from "../../driver/device-named.js";
import { inputsOfJob } from "../../driver/given-inputs.js";
import { compilePipeline } from "../../driver/pipeline/compile-pipeline.js";
import { recordedEffort } from "../../driver/search-placement.js";
import { renderOneDevice } from "../../report/one-device.js";
import { renderPipeline } from "../../report/pipeline.js";
import { renderPartition, renderStages } from "../../report/stages.js";
import { PIPELINE_ALGORITHMS } from "../../schedule/pipeline-algorithm-names.js";
import { layoutOf } from "../columns.js";
import type { CommandOutcome } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import { inputFiles, outFor } from "../model-files.js";
import { pipelineCosts, pipelineRequest } from "../pipeline-request.js";
import { leftOutNotes, searchProgress } from "../search-progress.js";
import type { Session } from "../session.js";
import type { CompileOptions } from "./compile-options.js";

/** `compile` for several devices: stages, a placement and its schedule. Requires: checked options. */
export async function compileIntoPipeline(
  model: string,
  options: CompileOptions,
  device: NamedDevice,
  session: Session,
): Promise<CommandOutcome> {
  const { place, typed } = pipelineRequest(options, options.seed);
  const out = outFor(model, "schedule", options, session.io);
  const { pipelineAlgorithm: algorithm, effort } = options;
  const context = driverContext(session);
  const inputs = inputsOfJob(model, inputFiles(options), { dims: options.dim }, context);
  if (!inputs.ok) {
    return inputs;
  }
  const compiled = await compilePipeline(
    {
      model,
      out,
      force: options.force === true,
      ...inputs.value,
      costs: pipelineCosts(device, options),
      place,
      typed: { ...typed, pipelineAlgorithm: algorithm, effort: recordedEffort(effort) },
      algorithm: algorithm ?? PIPELINE_ALGORITHMS[0],
      effort,
      allInstances: options.allInstances,
      onSearch: searchProgress(session.progress),
      onLeftOut: options.verbose === true ? leftOutNotes(session.progress) : undefined,
    },
    context,
  );
  if (!compiled.ok) {
    return compiled;
  }
  const { artifact, placed, oneDeviceNs } = compiled.value;
  const pipeline = present(artifact.pipeline, "pipeline section");
  const layout = layoutOf(session, options);
  session.print({
    text: () =>
      [
        renderStages(artifact.stages ?? [], session.columns),
        "",
        ...(placed.search === undefined
          ? []
          : [renderPartition(placed.search, placed.measure, session.columns), ""]),
        renderPipeline(pipeline, placed.placement, layout),
        "",
        renderOneDevice(pipeline, oneDeviceNs),
        `wrote      ${out}`,
      ].join("\n"),
    json: () => encodeArtifact(artifact),
  });
  return { ok: true, value: EXIT.done };
}
