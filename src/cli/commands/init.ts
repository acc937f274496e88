import { counted } from "../../core/format.js";
import { fail } from "../../core/result.js";
import { deviceNamed } from "../../driver/device-named.js";
import { CONFIG_FILE } from "../../driver/project/config-format.js";
import { initDeviceMeasured } from "../../driver/project/failures.js";
import { writeFirstConfig } from "../../driver/project/first-config.js";
import type { RegisterCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addOptions } from "../options/add-options.js";
import { PIPELINE_DEVICE } from "../options/model-options.js";
import type { OptionTable } from "../options/option-spec.js";

interface InitOptions extends CommonOptions {
  readonly device: string;
}

const EXAMPLES = `
Example:
  top-compile init --device a100-pcie-40gb
  top-compile build
`;

/** The options of `init`. */
export const INIT: OptionTable<InitOptions> = {
  device: {
    ...PIPELINE_DEVICE,
    help: PIPELINE_DEVICE.help.replace("cpu, a", "a"),
    usual: "h200",
    not: {},
  },
};

/** `init`: a first configuration from what is in the folder. */
export const registerInit: RegisterCommand = (command, run) => {
  addOptions(command, INIT, EXAMPLES);
  command.action(async (options: InitOptions) => {
    await run(options, async (session) => {
      const device = deviceNamed(options.device);
      if (!device.ok) {
        return device;
      }
      if (device.value.kind !== "model") {
        return fail([initDeviceMeasured(options.device)]);
      }
      const written = writeFirstConfig(CONFIG_FILE, ".", options.device);
      if (!written.ok) {
        return written;
      }
      const { file, targets } = written.value;
      session.print({
        text: () =>
          `${counted(targets.length, "target")}; top-compile build makes them\nwrote   ${file}`,
        json: () => ({ file, targets }),
      });
      return { ok: true, value: EXIT.done };
    });
  });
};
