import { profileOnCuda } from "../../driver/cuda/profile-on-cuda.js";
import { deviceNamed } from "../../driver/device-named.js";
import { deviceUnsupported } from "../../driver/failures.js";
import { inputsOfJob } from "../../driver/given-inputs.js";
import { profileModel } from "../../driver/profile-model.js";
import type { Precision } from "../../kernels/precision.js";
import type { FusionList } from "../../onnx/kernel-groups.js";
import { encodeGpuProfile } from "../../profile/gpu/gpu-profile-format.js";
import { encodeProfile } from "../../profile/profile-format.js";
import { renderGpuProfiled } from "../../report/gpu-profiled.js";
import { renderProfiled } from "../../report/profiled.js";
import type { RegisterCommand } from "../command.js";
import { cudaTarget } from "../cuda-target.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { defaultOut, inputFiles } from "../model-files.js";
import { addOptions, givenOptions } from "../options/add-options.js";
import { checkOptions } from "../options/check-options.js";
import {
  DIM,
  ESTIMATE_UNSUPPORTED,
  FUSE,
  forceOption,
  INPUT,
  INPUTS,
  MATH,
  outOption,
  SEED,
} from "../options/model-options.js";
import type { OptionTable } from "../options/option-spec.js";
import { deviceTraits } from "../options/traits.js";

interface ProfileOptions extends CommonOptions {
  readonly out?: string;
  readonly force?: boolean;
  readonly device: string;
  readonly math: Precision;
  readonly estimateUnsupported?: boolean;
  readonly fuse: FusionList;
  readonly seed: number;
  readonly dim: ReadonlyMap<string, number>;
  readonly input: readonly string[];
  readonly inputs?: string;
}

const EXAMPLES = `
Examples:
  top-compile profile model.onnx                  write model.profile.json
  top-compile profile model.onnx --device cuda    on the GPU
  top-compile profile model.onnx --inputs test_data_set_0
  top-compile model.onnx --profile model.profile.json

The last one compiles from the profile, here or elsewhere.
`;

/** The options of `profile`, each with what it is not for. */
export const PROFILE_OPTIONS: OptionTable<ProfileOptions> = {
  out: outOption("profile", "<model>.profile.json"),
  force: forceOption("profile"),
  device: { value: "<name>", help: "what to measure on: cpu, cuda or cuda:N", usual: "cpu" },
  dim: DIM,
  input: INPUT,
  inputs: INPUTS,
  seed: SEED,
  math: { ...MATH, group: "cuda" },
  estimateUnsupported: { ...ESTIMATE_UNSUPPORTED, group: "cuda" },
  fuse: { ...FUSE, group: "cuda" },
};

/** `profile`: measures a model on this machine. */
export const registerProfile: RegisterCommand = (command, run) => {
  addOptions(command, PROFILE_OPTIONS, EXAMPLES);
  command.action(async (model: string, options: ProfileOptions) => {
    await run(options, async (session) => {
      const device = deviceNamed(options.device);
      if (!device.ok) {
        return device;
      }
      const out = options.out ?? defaultOut(model, "profile");
      if (device.value.kind === "model") {
        return { ok: false, error: [deviceUnsupported(options.device)] };
      }
      const traits = deviceTraits(device.value, options.device);
      const checked = checkOptions(PROFILE_OPTIONS, options, givenOptions(command), traits);
      if (!checked.ok) {
        return checked;
      }
      const context = driverContext(session);
      const inputs = inputsOfJob(model, inputFiles(options), { dims: options.dim }, context);
      if (!inputs.ok) {
        return inputs;
      }
      const force = options.force === true;
      const request = { model, out, force, ...inputs.value, seed: options.seed };
      if (device.value.kind === "cuda") {
        const target = cudaTarget(options, device.value.index, inputs.value.given);
        const measured = await profileOnCuda({ ...request, target }, context);
        if (!measured.ok) {
          return measured;
        }
        session.print({
          text: () => `${renderGpuProfiled(measured.value, session.columns)}\nwrote  ${out}`,
          json: () => encodeGpuProfile(measured.value),
        });
        return { ok: true, value: EXIT.done };
      }
      const profile = await profileModel(request, context);
      if (!profile.ok) {
        return profile;
      }
      session.print({
        text: () => `${renderProfiled(profile.value, session.columns)}\nwrote  ${out}`,
        json: () => encodeProfile(profile.value),
      });
      return { ok: true, value: EXIT.done };
    });
  });
};
