import { encodeArtifact } from "../../artifact/artifact-format.js";
import { deviceNamed } from "../../driver/device-named.js";
import { launchDeviceUnsupported } from "../../driver/failures.js";
import { launchModels } from "../../driver/launch-artifact.js";
import { PRECISIONS, type Precision } from "../../kernels/precision.js";
import { renderLaunched } from "../../report/launched.js";
import type { RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import { arrivalsSourceMissing } from "../failures.js";
import type { CommonOptions } from "../io.js";
import { defaultOut } from "../model-files.js";
import { addOptions, givenOptions } from "../options/add-options.js";
import { checkOptions } from "../options/check-options.js";
import {
  DIM,
  forceOption,
  MATH,
  outOption,
  PIPELINE_DEVICE,
  REMEASURE,
  SEED,
} from "../options/model-options.js";
import type { OptionTable } from "../options/option-spec.js";
import {
  ARRIVALS,
  arrivalsSource,
  RATE,
  SAVE_TRACE,
  SERVING_PROFILE,
  servingSource,
  servingTraits,
  tracePlace,
} from "../options/serving-options.js";
import { deviceTraits } from "../options/traits.js";
import { scales, whole } from "../options/values.js";

interface LaunchOptions extends CommonOptions {
  readonly arrivals?: string;
  readonly rate: ReadonlyMap<string, number>;
  readonly device: string;
  readonly profile: readonly string[];
  readonly remeasure?: boolean;
  readonly math: Precision;
  readonly dim: ReadonlyMap<string, number>;
  readonly seed?: number;
  readonly samples: number;
  readonly trainSteps: number;
  readonly ratesScale: readonly number[];
  readonly out?: string;
  readonly force?: boolean;
  readonly saveTrace?: string;
}

const EXAMPLES = `
Examples:
  top-compile launch a.onnx b.onnx --arrivals arrivals.json --device h200
  top-compile launch model.onnx --rate model=400 --device a100-pcie-40gb
  top-compile launch model.onnx --rate model=100 --device cpu
  top-compile launch a.onnx --arrivals arrivals.json --rates-scale 0.5,0.8,1
  top-compile launch a.onnx b.onnx --arrivals arrivals.json --train-steps 3000

Policies are compared in a simulation (docs/serving.md).
`;

/** Most held-out samples. */
const MOST_SAMPLES = 100;

/** Most steps of learning. */
const MOST_STEPS = 10_000_000;

/** The options of `launch`. */
export const LAUNCH: OptionTable<LaunchOptions> = {
  arrivals: ARRIVALS,
  rate: RATE,
  device: { ...PIPELINE_DEVICE, usual: "h200", not: {} },
  profile: SERVING_PROFILE,
  remeasure: REMEASURE,
  math: {
    value: "<mode>",
    help: MATH.help,
    choices: PRECISIONS,
    usual: "tf32",
    not: { cpu: "ONNX Runtime computes there as the model says" },
  },
  dim: DIM,
  seed: {
    value: "<n>",
    help: SEED.help,
    ...whole(0, 4_294_967_295),
    usualWords: "that of the arrivals, or 1",
  },
  samples: {
    value: "<n>",
    help: "held-out samples that every policy is tried on",
    ...whole(1, MOST_SAMPLES),
    usual: 5,
  },
  trainSteps: {
    value: "<n>",
    help: "steps in which launchers learn to change their policy; 3000 take some ten seconds and more",
    ...whole(0, MOST_STEPS),
    usual: 0,
  },
  ratesScale: {
    value: "<list>",
    help: "times the given rates that policies are made for, with commas between",
    parse: scales,
    usual: [1],
    usualWords: "1",
  },
  out: outOption("policy", "<first model>.policy.json"),
  force: forceOption("schedule"),
  saveTrace: {
    ...SAVE_TRACE,
    help: "write the first held-out sample there as a trace, in microseconds (docs/arrivals.md)",
  },
};

/** `launch`: compares launcher policies for models that share a device. */
export const registerLaunch: RegisterCommand = (command, run) => {
  addOptions(command, LAUNCH, EXAMPLES);
  command.action(async (models: readonly string[], options: LaunchOptions) => {
    await run(options, async (session) => {
      const arrivals = arrivalsSource(options);
      if (arrivals === undefined) {
        return { ok: false, error: [arrivalsSourceMissing()] };
      }
      const device = deviceNamed(options.device);
      if (!device.ok) {
        return device;
      }
      if (device.value.kind === "cuda") {
        return { ok: false, error: [launchDeviceUnsupported(options.device)] };
      }
      const traits = { ...deviceTraits(device.value, options.device), ...servingTraits(options) };
      const checked = checkOptions(LAUNCH, options, givenOptions(command), traits);
      if (!checked.ok) {
        return checked;
      }
      const { math, dim: dims, seed, samples, trainSteps, ratesScale, force } = options;
      const out = options.out ?? defaultOut(models[0] ?? "", "policy");
      const request = { models, arrivals, dims, seed, samples, trainSteps, scales: ratesScale };
      const where =
        device.value.kind === "model"
          ? ({ kind: "model", device: device.value.model, file: device.value.file, math } as const)
          : ({ kind: "cpu", source: servingSource(options) } as const);
      const traces = tracePlace(options, arrivals, [...models, out]);
      const launched = await launchModels(
        { ...request, where, out, force: force === true, traces },
        driverContext(session),
      );
      if (!launched.ok) {
        return launched;
      }
      const found = launched.value;
      session.print({
        text: () =>
          [
            renderLaunched(found.launched, session.columns),
            ...[out, ...found.traces].map((file) => `wrote   ${file}`),
          ].join("\n"),
        json: () => encodeArtifact(found.artifact),
      });
      return { ok: true, value: EXIT.done };
    });
  });
};
