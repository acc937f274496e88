import type { ScheduleArtifact } from "../../artifact/artifact.js";
import { present } from "../../core/invariant.js";
import { hasStages, stagesOfArtifact } from "../../driver/pipeline/stages-of-artifact.js";
import { readArtifact } from "../../driver/read-artifact.js";
import { verifyPipeline } from "../../driver/verify-pipeline.js";
import { verifySchedule } from "../../driver/verify-schedule.js";
import { counted } from "../../report/format.js";
import type { CommandOutcome, RegisterCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import type { Session } from "../session.js";

interface VerifyOptions extends CommonOptions {
  readonly model?: string;
}

const EXAMPLES = `
Example:
  top-compile verify model.schedule.json --model models/model.onnx
`;

/** `verify`: an independent check of a schedule against its model. */
export const registerVerify: RegisterCommand = (command, run) => {
  command
    .option("--model <file>", "the model (default: beside the schedule, under its recorded name)")
    .addHelpText("after", EXAMPLES);
  command.action(async (file: string, options: VerifyOptions) => {
    await run(options, async (session) => {
      const artifact = readArtifact(file);
      if (!artifact.ok) {
        return artifact;
      }
      if (artifact.value.pipeline !== undefined) {
        return verifyPipelineFile(file, options.model, artifact.value, session);
      }
      const verified = await verifySchedule(file, options.model);
      if (!verified.ok) {
        return verified;
      }
      const { launches, streams } = verified.value.schedule;
      const waits = launches.reduce((sum, launch) => sum + launch.waits.length, 0);
      session.print({
        text: () =>
          `valid: ${counted(launches.length, "operator")} on ${counted(streams, "stream")}, ${counted(waits, "wait")}, every dependency kept`,
        json: () => ({ valid: true, operators: launches.length, streams, waits }),
      });
      return { ok: true, value: EXIT.done };
    });
  });
};

/** The pipeline by itself, and its stages where the model is known. */
async function verifyPipelineFile(
  file: string,
  model: string | undefined,
  artifact: ScheduleArtifact,
  session: Session,
): Promise<CommandOutcome> {
  const pipeline = present(artifact.pipeline, "pipeline section");
  const checked = verifyPipeline(pipeline, file);
  if (!checked.ok) {
    return checked;
  }
  const { placement } = checked.value;
  const isOfModel =
    model !== undefined || artifact.provenance.inputs.some(({ role }) => role === "model");
  const isStaged = hasStages(placement);
  const staged =
    isStaged && isOfModel ? await stagesOfArtifact(file, model, artifact, placement) : undefined;
  if (staged?.ok === false) {
    return staged;
  }
  const notes = [
    ...checked.value.notes,
    ...(isStaged && !isOfModel
      ? ["its blocks name operators; give --model FILE to have them checked against a model"]
      : []),
  ];
  const stages = staged?.value.partition.stageCount;
  const { microBatches, period } = pipeline;
  const instances = pipeline.instances.length;
  session.print({
    text: () =>
      [
        `valid: ${counted(instances, "block instance")} of ${counted(microBatches, "micro-batch", "es")}, period ${period}, every dependency, device and memory limit kept`,
        ...(stages === undefined
          ? []
          : [
              `valid: ${counted(stages, "stage")}, every operator of the model in one, data in one direction`,
            ]),
        ...notes.map((note) => `note: ${note}`),
      ].join("\n"),
    json: () => ({
      valid: true,
      instances,
      microBatches,
      period,
      ...(stages === undefined ? {} : { stages }),
      notes,
    }),
  });
  return { ok: true, value: EXIT.done };
}
