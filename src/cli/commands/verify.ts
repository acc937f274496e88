import type { PipelineSection } from "../../artifact/pipeline-section.js";
import { readArtifact } from "../../artifact/read-artifact.js";
import { counted } from "../../core/format.js";
import { present } from "../../core/invariant.js";
import { modelLoader, servedModelLoader } from "../../verify/load-model-of-artifact.js";
import { type VerifiedArtifact, verifyArtifact } from "../../verify/verify-artifact.js";
import type { VerifiedLauncher } from "../../verify/verify-launcher.js";
import type { VerifiedSchedule } from "../../verify/verify-schedule.js";
import type { RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addOptions } from "../options/add-options.js";
import { MODEL } from "../options/model-options.js";
import type { OptionTable } from "../options/option-spec.js";
import type { Session } from "../session.js";

/** Options of `verify`. */
export interface VerifyOptions extends CommonOptions {
  readonly model?: string;
}

const EXAMPLES = `
Example:
  top-compile verify model.schedule.json --model models/model.onnx
  top-compile verify a.policy.json --model models
`;

/** The options of `verify`. */
export const VERIFY: OptionTable<VerifyOptions> = {
  model: { ...MODEL, help: "the model, or the folder of several" },
};

/** `verify`: an independent check of a schedule against its model. */
export const registerVerify: RegisterCommand = (command, run) => {
  addOptions(command, VERIFY, EXAMPLES);
  command.action(async (file: string, options: VerifyOptions) => {
    await run(options, async (session) => {
      const artifact = readArtifact(file);
      if (!artifact.ok) {
        return artifact;
      }
      const load = {
        model: modelLoader(file, options.model, session.allowExternal),
        served: servedModelLoader(file, options.model, session.allowExternal),
        onProgress: driverContext(session).onProgress,
      };
      const hasModel = options.model !== undefined;
      const found = await verifyArtifact(artifact.value, file, load, hasModel);
      if (!found.ok) {
        return found;
      }
      if (found.value.kind === "pipeline") {
        const section = present(artifact.value.pipeline, "pipeline section");
        printPipeline(section, found.value, session);
      } else if (found.value.kind === "launcher") {
        printLauncher(found.value.verified, session);
      } else {
        printOperators(found.value.verified, session);
      }
      return { ok: true, value: EXIT.done };
    });
  });
};

function printOperators({ schedule }: VerifiedSchedule, session: Session): void {
  const { launches, streams } = schedule;
  const waits = launches.reduce((sum, launch) => sum + launch.waits.length, 0);
  session.print({
    text: () =>
      `valid: ${counted(launches.length, "operator")} on ${counted(streams, "stream")}, ${counted(waits, "wait")}, every dependency kept`,
    json: () => ({ valid: true, operators: launches.length, streams, waits }),
  });
}

function printLauncher(verified: VerifiedLauncher, session: Session): void {
  const { models, policies, regimes, samples, replayed, notes } = verified;
  session.print({
    text: () =>
      [
        `valid: ${policies} ${policies === 1 ? "policy" : "policies"} for ${counted(models, "model")} at ${counted(regimes, "rate")}, ${replayed} of ${counted(samples, "sample")} simulated again, bound and memory kept`,
        ...notes.map((note) => `note: ${note}`),
      ].join("\n"),
    json: () => ({ valid: true, ...verified }),
  });
}

function printPipeline(
  { microBatches, period, instances: { length: instances } }: PipelineSection,
  { verified: { notes }, stages: found }: Extract<VerifiedArtifact, { readonly kind: "pipeline" }>,
  session: Session,
): void {
  const stages = found?.partition.stageCount;
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
}
