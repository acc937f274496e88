import { readArtifact } from "../../driver/read-artifact.js";
import { verifyPipeline } from "../../driver/verify-pipeline.js";
import { verifySchedule } from "../../driver/verify-schedule.js";
import type { RegisterCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addCommonOptions } from "../options.js";

interface VerifyOptions extends CommonOptions {
  readonly model?: string;
}

const EXAMPLES = `
Example:
  top-compile verify model.schedule.json --model models/model.onnx
`;

/** `verify`: an independent check of a schedule against its model. */
export const registerVerify: RegisterCommand = (program, run) => {
  const command = program
    .command("verify")
    .description("check a schedule against its model, independently of the search")
    .argument("<schedule.json>", "the schedule")
    .option("--model <file>", "the model (default: beside the schedule, under its recorded name)")
    .addHelpText("after", EXAMPLES);
  addCommonOptions(command).action(async (file: string, options: VerifyOptions) => {
    await run(options, async ({ print }) => {
      const artifact = readArtifact(file);
      if (!artifact.ok) {
        return artifact;
      }
      const { pipeline } = artifact.value;
      if (pipeline !== undefined) {
        const checked = verifyPipeline(pipeline, file);
        if (!checked.ok) {
          return checked;
        }
        const { notes } = checked.value;
        const { instances, microBatches, period } = pipeline;
        print({
          text: () =>
            [
              `valid: ${instances.length} block instances of ${microBatches} micro-batches, period ${period}, every dependency, device and memory limit kept`,
              ...notes.map((note) => `note: ${note}`),
            ].join("\n"),
          json: () => ({ valid: true, instances: instances.length, microBatches, period, notes }),
        });
        return { ok: true, value: EXIT.done };
      }
      const verified = await verifySchedule(file, options.model);
      if (!verified.ok) {
        return verified;
      }
      const { launches, streams } = verified.value.schedule;
      const waits = launches.reduce((sum, launch) => sum + launch.waits.length, 0);
      print({
        text: () =>
          `valid: ${launches.length} operators on ${streams} streams, ${waits} waits, every dependency kept`,
        json: () => ({ valid: true, operators: launches.length, streams, waits }),
      });
      return { ok: true, value: EXIT.done };
    });
  });
};
