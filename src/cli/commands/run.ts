import type { ScheduleArtifact } from "../../artifact/artifact.js";
import { readArtifact } from "../../artifact/read-artifact.js";
import { deviceNamed } from "../../driver/device-named.js";
import { runPipeline } from "../../driver/pipeline/run-pipeline.js";
import { runSchedule } from "../../driver/run-schedule.js";
import type { Precision } from "../../kernels/precision.js";
import type { FusionList } from "../../onnx/kernel-groups.js";
import { renderGpuRan, renderRan } from "../../report/ran.js";
import { renderRanPipeline } from "../../report/ran-pipeline.js";
import { layoutOf } from "../columns.js";
import type { CommandOutcome, RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import { servingFileWrong } from "../failures.js";
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
import { servingTraits } from "../options/serving-options.js";
import { deviceTraits, traitIf } from "../options/traits.js";
import { whole } from "../options/values.js";
import type { Session } from "../session.js";
import { SERVE_OPTIONS, type ServeOptions, serveModels, servePolicyFile } from "./serve-models.js";

interface RunOptions extends CommonOptions, ServeOptions {
  readonly model?: string;
  readonly device?: string;
  readonly math?: Precision;
  readonly estimateUnsupported?: boolean;
  readonly fuse?: FusionList;
  readonly input: readonly string[];
  readonly inputs?: string;
  readonly saveOutputs?: string;
  readonly force?: boolean;
  readonly seed?: number;
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
  top-compile run a.onnx b.onnx --arrivals arrivals.json
  top-compile run model.onnx --rate model=100 --sessions 2 --threads 1
  top-compile run model.policy.json
  top-compile run a.policy.json --arrivals today.json --save-trace today.txt
`;

/** The options of `run`, each with what it is not for. */
export const RUN: OptionTable<RunOptions> = {
  model: {
    ...MODEL,
    help: "the model; of policies also the folder of several",
    not: { ...MODEL.not, serving: "models are given by themselves" },
  },
  device: notServing({
    value: "<name>",
    help: "cpu, cuda or cuda:N",
    usualWords: "what it was compiled for",
    only: { pipeline: { values: ["cpu"], why: "pipelines run on CPU threads" } },
  }),
  rounds: notServing({
    value: "<n>",
    help: "rounds that count",
    ...whole(5, 100_000),
    usualWords: "by time",
  }),
  input: notServing({ ...INPUT, not: {} }),
  inputs: notServing({
    ...INPUTS,
    help: `${INPUTS.help}; its output_0.pb and so on are compared`,
    not: {},
  }),
  saveOutputs: notServing({
    value: "<folder>",
    help: "write every output there, as a .npy file of its name",
  }),
  force: {
    help: "overwrite files of --save-outputs and --save-trace",
    not: { "no-output": "it is for files that are written" },
  },
  seed: {
    value: "<n>",
    help: SEED.help,
    ...whole(0, 4_294_967_295),
    usualWords: "1; of models that are served that of the arrivals, or 1",
  },
  ascii: notServing(ASCII),
  math: ofGpu({ ...MATH, usualWords: "as compiled" }),
  estimateUnsupported: ofGpu(ESTIMATE_UNSUPPORTED),
  fuse: ofGpu({ ...FUSE, usualWords: "as compiled" }),
  ...SERVE_OPTIONS,
};

/** An option of schedules. */
function notServing<Value>(spec: OptionSpec<Value>): OptionSpec<Value> {
  const why = "it is for schedules";
  return { ...spec, not: { ...spec.not, serving: why, policies: why } };
}

/** An option of GPUs, on which no pipeline runs; its default is what the schedule says. */
function ofGpu<Value>({ usual: _, not, ...spec }: OptionSpec<Value>): OptionSpec<Value> {
  const why = "pipelines run on CPU threads";
  // The profiles of `run` are of serving, which says so itself.
  const { profile: _profile, ...others } = not ?? {};
  return notServing({ ...spec, group: "cuda", not: { ...others, pipeline: why } });
}

/** `run`: executes a schedule for real. */
export const registerRun: RegisterCommand = (command, run) => {
  addOptions(command, RUN, EXAMPLES);
  command.action(async (paths: readonly string[], options: RunOptions) => {
    await run(options, async (session) => {
      const hasRequests = options.arrivals !== undefined || options.rate.size > 0;
      if (hasRequests && !isPolicyFile(paths)) {
        const fits = checkOptions(RUN, options, givenOptions(command), servedTraits(options));
        return fits.ok ? serveModels(paths, options, session) : fits;
      }
      const [file = "", other] = paths;
      if (other !== undefined) {
        return { ok: false, error: [servingFileWrong()] };
      }
      return runFile(file, options, { session, given: givenOptions(command) });
    });
  });
};

/** Whether the only path is that of a file of ours: models end in .onnx. */
function isPolicyFile([file = "", other]: readonly string[]): boolean {
  return other === undefined && /\.json$/i.test(file);
}

/** Executes the schedule in a file, or serves under its policies. */
async function runFile(
  file: string,
  options: RunOptions,
  { session, given }: { readonly session: Session; readonly given: readonly string[] },
): Promise<CommandOutcome> {
  const { model, seed = 1, rounds, device, math: precision } = options;
  const artifact = readArtifact(file);
  if (!artifact.ok) {
    return artifact;
  }
  const { operators, pipeline, launcher } = artifact.value;
  const hasRequests = options.arrivals !== undefined || options.rate.size > 0;
  if (launcher !== undefined || hasRequests) {
    const fits = checkOptions(RUN, options, given, policyTraits(options));
    const policies = { file, artifact: artifact.value, model };
    return fits.ok ? servePolicyFile(policies, options, session) : fits;
  }
  const traits = runTraits(artifact.value, options);
  const checked = checkOptions(RUN, options, given, traits);
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
}

/** The traits of a command line that serves under policies of a file. */
function policyTraits(options: RunOptions): Traits {
  return { policies: "with a file of policies", ...unwritten(options) };
}

/** The trait of a command line that writes nothing. */
function unwritten({ saveOutputs, saveTrace }: RunOptions): Traits {
  return traitIf(saveOutputs === undefined && saveTrace === undefined, {
    "no-output": "without --save-outputs or --save-trace",
  });
}

/** The traits of a command line that serves models. */
function servedTraits(options: RunOptions): Traits {
  return {
    serving: "with --arrivals or --rate",
    ...unwritten(options),
    ...servingTraits(options),
  };
}

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
  const unsaved = unwritten(options);
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
