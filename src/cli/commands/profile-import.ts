import { present } from "../../core/invariant.js";
import { deviceNamed } from "../../driver/device-named.js";
import { type ImportedProfile, importProfile } from "../../driver/import-profile.js";
import type { Precision } from "../../kernels/precision.js";
import { encodeGpuProfile } from "../../profile/gpu/gpu-profile-format.js";
import { encodeProfile } from "../../profile/profile-format.js";
import { renderGpuProfiled } from "../../report/gpu-profiled.js";
import { renderImported } from "../../report/imported.js";
import type { RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { defaultOut } from "../model-files.js";
import { addOptions, givenOptions } from "../options/add-options.js";
import { checkOptions } from "../options/check-options.js";
import { DIM, forceOption, MATH, outOption, PIPELINE_DEVICE } from "../options/model-options.js";
import type { OptionTable } from "../options/option-spec.js";
import { deviceTraits } from "../options/traits.js";

interface ImportOptions extends CommonOptions {
  readonly model?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly device: string;
  readonly dim: ReadonlyMap<string, number>;
  readonly matchByOrder?: boolean;
  readonly math: Precision;
  readonly workersOf?: string;
}

const EXAMPLES = `
Examples:
  top-compile profile import m.profile.json m.layers.json --model m.onnx
      --device h200 -o m.gpu.json                 from trtexec
  top-compile m.onnx --device h200 --profile m.gpu.json

docs/importing-profiles.md says how to record with trtexec, Nsight Systems,
ONNX Runtime and PyTorch, and has a CSV that any tool can be adapted to.
`;

/** The options of `profile import`, each with what it is not for. */
export const IMPORT_OPTIONS: OptionTable<ImportOptions> = {
  model: { value: "<file>", help: "the model that was measured (needed)" },
  out: outOption("profile", "<model>.profile.json"),
  force: forceOption("profile"),
  device: {
    ...PIPELINE_DEVICE,
    help: `the device that was measured: ${PIPELINE_DEVICE.help}`,
  },
  dim: DIM,
  matchByOrder: {
    help: "match traces of PyTorch by type, size and order, which is guesswork",
    not: { cpu: "traces of PyTorch are read for GPUs" },
  },
  math: {
    ...MATH,
    help: "arithmetic of matrix products that was measured",
    group: "any",
    not: { cpu: "times of a CPU are of the model's own types" },
  },
  workersOf: {
    value: "<profile>",
    help: "a profile of the same machine, for the costs of its worker threads",
    usualWords: "usual costs of two workers",
    not: { "data-sheet": "a GPU has no worker threads" },
  },
};

/** `profile import`: measurements of another tool as a profile. */
export const registerProfileImport: RegisterCommand = (command, run) => {
  addOptions(command, IMPORT_OPTIONS, EXAMPLES);
  command.action(async (files: readonly string[], options: ImportOptions) => {
    if (options.model === undefined) {
      command.error("error: option '--model <file>' is needed: the model that was measured");
    }
    await run(options, async (session) => {
      const device = deviceNamed(options.device);
      if (!device.ok) {
        return device;
      }
      const traits = deviceTraits(device.value, options.device);
      const checked = checkOptions(IMPORT_OPTIONS, options, givenOptions(command), traits);
      if (!checked.ok) {
        return checked;
      }
      const model = present(options.model, "model");
      const out = options.out ?? defaultOut(model, "profile");
      const imported = await importProfile(
        {
          files,
          model,
          out,
          force: options.force === true,
          dims: options.dim,
          device: device.value,
          deviceName: options.device,
          precision: options.math,
          byOrder: options.matchByOrder === true,
          ...(options.workersOf === undefined ? {} : { machine: options.workersOf }),
        },
        driverContext(session),
      );
      if (!imported.ok) {
        return imported;
      }
      const { profile } = imported.value;
      session.print({
        text: () => textOf(imported.value, session.columns, out),
        json: () =>
          profile.kind === "gpu"
            ? encodeGpuProfile(profile.profile)
            : encodeProfile(profile.profile),
      });
      return { ok: true, value: EXIT.done };
    });
  });
};

function textOf(imported: ImportedProfile, columns: number, out: string): string {
  if (imported.kind === "recorded") {
    return `${renderGpuProfiled(imported.profile.profile, columns)}\nwrote  ${out}`;
  }
  const { profile } = imported.profile;
  const record = present(profile.imported, "import record");
  return `${renderImported(profile, record, imported.matched)}\nwrote   ${out}`;
}
