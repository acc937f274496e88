import { encodeArtifact } from "../../artifact/artifact-format.js";
import { present } from "../../core/invariant.js";
import { fail } from "../../core/result.js";
import type { NamedDevice } from "../../driver/device-named.js";
import { compilePipeline } from "../../driver/pipeline/compile-pipeline.js";
import { renderOneDevice } from "../../report/one-device.js";
import { renderPipeline } from "../../report/pipeline.js";
import { renderPartition, renderStages } from "../../report/stages.js";
import { PIPELINE_ALGORITHMS } from "../../search/pipeline/algorithm-names.js";
import type { CommandOutcome } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import { optionNotForPipeline } from "../failures.js";
import { defaultOut } from "../model-files.js";
import { pipelineCosts, pipelineWish } from "../pipeline-options.js";
import type { Session } from "../session.js";
import type { CompileOptions } from "./compile-options.js";

const USUAL_COLUMNS = 100;

/** Options of operator schedules, which pipelines do not heed. */
const OPERATOR_OPTIONS = [
  "batch",
  "maxStreams",
  "concurrency",
  "progress",
  "mergeConvolutions",
  "compare",
  "fuse",
  "estimateUnsupported",
] as const satisfies readonly (keyof CompileOptions)[];

/** `compile` for several devices: stages, a placement and its pipeline schedule. */
export async function compileIntoPipeline(
  model: string,
  options: CompileOptions,
  device: NamedDevice,
  session: Session,
): Promise<CommandOutcome> {
  if (options.algorithm !== undefined) {
    return fail([optionNotForPipeline("algorithm", "give --pipeline-algorithm NAME")]);
  }
  const stray = OPERATOR_OPTIONS.find((key) => options[key] !== undefined);
  if (stray !== undefined) {
    const option = stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return fail([optionNotForPipeline(option, "leave it out; --dim sets sizes of dynamic dims")]);
  }
  const costs = pipelineCosts(device, options);
  if (!costs.ok) {
    return costs;
  }
  const wish = pipelineWish(options, options.seed);
  if (!wish.ok) {
    return wish;
  }
  const out = options.out ?? defaultOut(model, "schedule");
  const { given } = wish.value;
  const compiled = await compilePipeline(
    {
      model,
      out,
      force: options.force === true,
      dims: options.dim,
      costs: costs.value,
      place: wish.value.place,
      given: {
        ...(device.kind === "model"
          ? { device: device.model.name, math: options.math }
          : { device: "cpu" }),
        ...given,
        ...(options.pipelineAlgorithm === undefined
          ? {}
          : { "pipeline-algorithm": options.pipelineAlgorithm }),
      },
      algorithm: options.pipelineAlgorithm ?? PIPELINE_ALGORITHMS[0],
    },
    driverContext(session),
  );
  if (!compiled.ok) {
    return compiled;
  }
  const { artifact, placed, oneDeviceNs } = compiled.value;
  const pipeline = present(artifact.pipeline, "pipeline section");
  const width = Math.max(40, session.io.stdout.columns ?? USUAL_COLUMNS);
  session.print({
    text: () =>
      [
        renderStages(artifact.stages ?? []),
        "",
        ...(placed.search === undefined
          ? []
          : [renderPartition(placed.search, placed.measure), ""]),
        renderPipeline(pipeline, placed.placement, { width, style: "box" }),
        "",
        renderOneDevice(pipeline, oneDeviceNs),
        `wrote      ${out}`,
      ].join("\n"),
    json: () => encodeArtifact(artifact),
  });
  return { ok: true, value: EXIT.done };
}
