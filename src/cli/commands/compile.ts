import { basename, dirname, join } from "node:path";
import { Option } from "commander";
import { encodeArtifact } from "../../artifact/artifact-format.js";
import { present } from "../../core/invariant.js";
import { compileModel } from "../../driver/compile.js";
import { deviceUnsupported } from "../../driver/failures.js";
import { renderCompiled } from "../../report/compiled.js";
import { OPERATOR_ALGORITHMS, type OperatorAlgorithm } from "../../search/operator/candidates.js";
import type { RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addCommonOptions, dimOption, seedOption } from "../options.js";

interface CompileOptions extends CommonOptions {
  readonly out?: string;
  readonly force?: boolean;
  readonly device: string;
  readonly profile?: string;
  readonly remeasure?: boolean;
  readonly algorithm?: OperatorAlgorithm;
  readonly seed: number;
  readonly dim: ReadonlyMap<string, number>;
}

const EXAMPLES = `
Examples:
  top-compile model.onnx                      measure here, write model.schedule.json
  top-compile model.onnx --dim batch=8        with a size for a dynamic dim
  top-compile model.onnx --profile cpu.json   from a recorded profile: the same bytes anywhere
  top-compile model.onnx --algorithm opara    one algorithm's schedule, whatever is faster
`;

/** `compile`, which is also what happens when the first argument is a model. */
export const registerCompile: RegisterCommand = (program, run) => {
  const command = program
    .command("compile")
    .description("measure a model, search its operator schedule, write <model>.schedule.json")
    .argument("<model.onnx>", "the model")
    .option("-o, --out <file>", "where to write the schedule (default: <model>.schedule.json)")
    .option("--force", "overwrite a file that is not a schedule")
    .option("--device <name>", "what to compile for", "cpu")
    .option("--profile <file>", "take all measurements from this profile, and measure nothing")
    .option("--remeasure", "measure again even if a kept profile fits")
    .addOption(
      new Option("--algorithm <name>", "this algorithm's schedule instead of the best").choices(
        OPERATOR_ALGORITHMS,
      ),
    )
    .addOption(dimOption())
    .addOption(seedOption())
    .addHelpText("after", EXAMPLES);
  addCommonOptions(command).action(async (model: string, options: CompileOptions) => {
    await run(options, async (session) => {
      if (options.device !== "cpu") {
        return { ok: false, error: [deviceUnsupported(options.device)] };
      }
      const out = options.out ?? defaultOut(model, "schedule");
      const compiled = await compileModel(
        {
          model,
          out,
          force: options.force === true,
          dims: options.dim,
          seed: options.seed,
          algorithm: options.algorithm,
          profile: sourceOf(options),
        },
        driverContext(session),
      );
      if (!compiled.ok) {
        return compiled;
      }
      const operators = present(compiled.value.operators, "operators section");
      session.print({
        text: () => `${renderCompiled(compiled.value, operators)}\nwrote   ${out}`,
        json: () => encodeArtifact(compiled.value),
      });
      return { ok: true, value: EXIT.done };
    });
  });
};

function sourceOf({ profile, remeasure }: CompileOptions) {
  if (profile !== undefined) {
    return { kind: "file", path: profile } as const;
  }
  return remeasure === true ? ({ kind: "fresh" } as const) : ({ kind: "kept" } as const);
}

/** `<model>.<kind>.json` beside the model. */
export function defaultOut(model: string, kind: "schedule" | "profile"): string {
  return join(dirname(model), `${basename(model).replace(/\.onnx$/i, "")}.${kind}.json`);
}
