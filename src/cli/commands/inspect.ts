import { feedsOfRun, USUAL_INPUTS } from "../../driver/sizes-from.js";
import { inspectModel } from "../../onnx/inspect-model.js";
import { renderInspected } from "../../report/inspected.js";
import { loadModel } from "../../runtime/load-model.js";
import type { RegisterCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addOptions } from "../options/add-options.js";
import { DIM } from "../options/model-options.js";
import type { OptionTable } from "../options/option-spec.js";

interface InspectOptions extends CommonOptions {
  readonly dim: ReadonlyMap<string, number>;
}

const EXAMPLES = `
Examples:
  top-compile inspect model.onnx
  top-compile inspect model.onnx --dim sequence=512 --json
`;

/** The options of `inspect`. */
export const INSPECT: OptionTable<InspectOptions> = { dim: DIM };

/** `inspect`: describes a model without running it. */
export const registerInspect: RegisterCommand = (command, run) => {
  addOptions(command, INSPECT, EXAMPLES);
  command.action(async (model: string, options: InspectOptions) => {
    await run(options, async ({ print, columns, allowExternal }) => {
      const lowered = await loadModel(model, {
        dims: options.dim,
        feedsOf: feedsOfRun(USUAL_INPUTS),
        allowExternal,
      });
      if (!lowered.ok) {
        return lowered;
      }
      const inspection = inspectModel(lowered.value);
      print({ text: () => renderInspected(inspection, columns), json: () => inspection });
      return { ok: true, value: EXIT.done };
    });
  });
};
