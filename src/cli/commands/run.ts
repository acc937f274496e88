import type { ScheduleArtifact } from "../../artifact/artifact.js";
import { readArtifact } from "../../artifact/read-artifact.js";
import { deviceNamed } from "../../driver/device-named.js";
import { runPipeline } from "../../driver/pipeline/run-pipeline.js";
import { runSchedule } from "../../driver/run-schedule.js";
import type { FusionList } from "../../onnx/kernel-groups.js";
import { renderGpuRan, renderRan } from "../../report/ran.js";
import { renderRanPipeline } from "../../report/ran-pipeline.js";
import type { Precision } from "../../runtime/cuda/program/precision.js";
import { layoutOf } from "../columns.js";
import type { RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { inputFiles } from "../model-files.js";
import { addOptions, givenOptions } from "../options/add-options.js";
import { checkOptions } from "../options/check-options.js";
import {
  ASCII,
  ESTIMATE_UNSUPPORTED,
  FUSE,
  INPUT,
  INPUTS,
  MATH,
  MODEL,
  SEED,
} from "../options/model-options.js";
import type { OptionSpec, OptionTable, Traits } from "../options/option-spec.js";
import { deviceTraits, traitIf } from "../options/traits.js";
import { whole } from "../options/values.js";

interface RunOptions extends CommonOptions {
  readonly model?: string;
  readonly device?: string;
  readonly math?: Precision;
  readonly estimateUnsupported?: boolean;
  readonly fuse?: FusionList;
  readonly input: readonly string[];
  readonly inputs?: string;
  readonly saveOutputs?: string;
  readonly force?: boolean;
  readonly seed: number;
  readonly rounds?: number;
  readonly ascii?: boolean;
}

const EXAMPLES = `
Pipelines are run for inference, compiled with --device cpu, with one device per
block: as many worker threads as devices. Training and blocks on several devices
are refused.

Examples:
  top-compile run model.schedule.json
  top-compile run model.schedule.json --rounds 100 --json
  top-compile run model.schedule.json --input ids=ids.npy --input mask=mask.npy
  top-compile run model.schedule.json --inputs data --save-outputs out
  top-compile run model.schedule.json --device cuda
  top-compile run pipeline.schedule.json --rounds 10
`;

/** The options of `run`, each with what it is not for. */
export const RUN: OptionTable<RunOptions> = {
  model: MODEL,
  device: {
    value: "<name>",
    help: "cpu, cuda or cuda:N",
    usualWords: "what it was compiled for",
    only: { pipeline: { values: ["cpu"], why: "pipelines run on CPU threads" } },
  },
  rounds: {
    value: "<n>",
    help: "rounds that count",
    ...whole(5, 100_000),
    usualWords: "by time",
  },
  input: { ...INPUT, not: {} },
  inputs: { ...INPUTS, help: `${INPUTS.help}; its output_0.pb and so on are compared`, not: {} },
  saveOutputs: {
    value: "<folder>",
    help: "write every output there, as a .npy file of its name",
  },
  force: {
    help: "overwrite files in the folder of --save-outputs",
    not: { "no-output": "it is for files of outputs" },
  },
  seed: SEED,
  ascii: ASCII,
  math: ofGpu({ ...MATH, help: "arithmetic of matrix products", usualWords: "as compiled" }),
  estimateUnsupported: ofGpu(ESTIMATE_UNSUPPORTED),
  fuse: ofGpu({ ...FUSE, usualWords: "as compiled" }),
};

/** An option of GPUs, on which no pipeline runs; its default is what the schedule says. */
function ofGpu<Value>({ usual: _, not, ...spec }: OptionSpec<Value>): OptionSpec<Value> {
  return { ...spec, group: "cuda", not: { ...not, pipeline: "pipelines run on CPU threads" } };
}

/** `run`: executes a schedule for real. */
export const registerRun: RegisterCommand = (command, run) => {
  addOptions(command, RUN, EXAMPLES);
  command.action(async (file: string, options: RunOptions) => {
    await run(options, async (session) => {
      const { model, seed, rounds, device, math: precision } = options;
      const artifact = readArtifact(file);
      if (!artifact.ok) {
        return artifact;
      }
      const { operators, pipeline } = artifact.value;
      const traits = runTraits(artifact.value, options);
      const checked = checkOptions(RUN, options, givenOptions(command), traits);
      if (!checked.ok) {
        return checked;
      }
      const files = { inputFiles: inputFiles(options), save: saveOf(options) };
      if (operators === undefined && pipeline !== undefined) {
        const piped = await runPipeline(
          { file, model, seed, rounds, ...files },
          driverContext(session),
        );
        if (!piped.ok) {
          return piped;
        }
        const layout = layoutOf(session, options);
        session.print({
          text: () => renderRanPipeline(piped.value, layout),
          json: () => piped.value,
        });
        return { ok: true, value: EXIT.done };
      }
      const estimateUnsupported = options.estimateUnsupported === true;
      const how = { device, precision, estimateUnsupported, fuse: options.fuse };
      const request = { file, model, seed, rounds, ...files, ...how };
      const ran = await runSchedule(request, driverContext(session));
      if (!ran.ok) {
        return ran;
      }
      const { value } = ran;
      session.print({
        text: () =>
          value.kind === "cpu"
            ? renderRan(value.report, session.columns)
            : renderGpuRan(value.report, session.columns),
        json: () => value.report,
      });
      return { ok: true, value: EXIT.done };
    });
  });
};

/** Where outputs go; `undefined`: nowhere. */
function saveOf({ saveOutputs: folder, force }: RunOptions) {
  return folder === undefined ? undefined : { folder, force: force === true };
}

/**
 * The traits of a `run` command line that decide which options apply: by its device or its
 * pipeline.
 */
function runTraits(
  { operators, pipeline, provenance }: ScheduleArtifact,
  options: RunOptions,
): Traits {
  const unsaved = traitIf(options.saveOutputs === undefined, {
    "no-output": "without --save-outputs",
  });
  if (operators === undefined && pipeline !== undefined) {
    return { pipeline: "with the schedule of a pipeline", ...unsaved };
  }
  const name = options.device ?? String(provenance.options["device"] ?? "cpu");
  const device = deviceNamed(name);
  return {
    "one-device": "with a schedule for one device",
    ...unsaved,
    ...(device.ok ? deviceTraits(device.value, name) : {}),
  };
}
