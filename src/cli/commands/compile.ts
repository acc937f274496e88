import { basename, dirname, join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { encodeArtifact } from "../../artifact/artifact-format.js";
import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import { compileModel } from "../../driver/compile.js";
import { compileForModel } from "../../driver/compile-for-model.js";
import { deviceNamed } from "../../driver/device-named.js";
import { algorithmNotFor, progressMismatch, tasksNotForCpu } from "../../driver/failures.js";
import { renderCompiled } from "../../report/compiled.js";
import { OPERATOR_ALGORITHMS, type OperatorAlgorithm } from "../../search/operator/candidates.js";
import { GPU_ALGORITHMS, type GpuAlgorithm } from "../../search/operator/gpu/gpu-candidates.js";
import type { RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addCommonOptions, dimOption, seedOption, wholeNumber } from "../options.js";

interface CompileOptions extends CommonOptions {
  readonly out?: string;
  readonly force?: boolean;
  readonly device: string;
  readonly profile?: string;
  readonly remeasure?: boolean;
  readonly algorithm?: GpuAlgorithm;
  readonly math: "tf32" | "ieee";
  readonly batch?: number;
  readonly concurrency?: number;
  readonly progress?: readonly number[];
  readonly seed: number;
  readonly dim: ReadonlyMap<string, number>;
}

const MOST_TASKS = 64;

const EXAMPLES = `
Examples:
  top-compile model.onnx                      measure here, write model.schedule.json
  top-compile model.onnx --dim batch=8        with a size for a dynamic dim
  top-compile model.onnx --profile cpu.json   from a recorded profile: the same bytes anywhere
  top-compile model.onnx --device h200        estimates for a GPU that is not there
  top-compile model.onnx --device h200 --batch 8
  top-compile model.onnx --device h200 --concurrency 2 --progress 0,0.5
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
    .option(
      "--device <name>",
      "cpu, a GPU by its data sheet (h200, h100, a100-pcie-40gb, v100, rtx-2080-super), or a file",
      "cpu",
    )
    .option("--profile <file>", "take all measurements from this profile, and measure nothing")
    .option("--remeasure", "measure again even if a kept profile fits")
    .addOption(
      new Option("--algorithm <name>", "this algorithm's schedule instead of the best").choices(
        GPU_ALGORITHMS,
      ),
    )
    .addOption(
      new Option("--math <mode>", "arithmetic of 32-bit matrix products on a GPU")
        .choices(["tf32", "ieee"])
        .default("tf32"),
    )
    .option(
      "--batch <n>",
      "inputs in a batch: the first dim of every input",
      wholeNumber(1, 1_000_000),
    )
    .option(
      "--concurrency <n>",
      "tasks in flight that share the GPU, scheduled together",
      wholeNumber(1, MOST_TASKS),
    )
    .option(
      "--progress <shares>",
      "how far each task is when the schedule begins, such as 0,0.5 (default: all at 0)",
      sharesOfTasks,
    )
    .addOption(dimOption())
    .addOption(seedOption())
    .addHelpText("after", EXAMPLES);
  addCommonOptions(command).action(async (model: string, options: CompileOptions) => {
    await run(options, async (session) => {
      const device = deviceNamed(options.device);
      if (!device.ok) {
        return device;
      }
      const out = options.out ?? defaultOut(model, "schedule");
      const common = {
        model,
        out,
        force: options.force === true,
        dims: options.dim,
        seed: options.seed,
        ...(options.batch === undefined
          ? {}
          : { batch: { batch: options.batch, mayRewrite: device.value.kind === "model" } }),
      };
      const tasks = tasksOf(options, device.value.kind);
      if (!tasks.ok) {
        return tasks;
      }
      const context = driverContext(session);
      const { algorithm, math } = options;
      if (device.value.kind === "cpu" && algorithm !== undefined && !isForCpu(algorithm)) {
        return { ok: false, error: [algorithmNotFor(algorithm, "cpu")] };
      }
      const compiled =
        device.value.kind === "model"
          ? await compileForModel(
              { ...common, ...tasks.value, algorithm, math, device: device.value.model },
              context,
            )
          : await compileModel(
              {
                ...common,
                algorithm: algorithm !== undefined && isForCpu(algorithm) ? algorithm : undefined,
                profile: sourceOf(options),
              },
              context,
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

function isForCpu(algorithm: GpuAlgorithm): algorithm is OperatorAlgorithm {
  return (OPERATOR_ALGORITHMS as readonly string[]).includes(algorithm);
}

/** What `--concurrency` and `--progress` say together: nothing, or the progress of each task. */
function tasksOf(
  { concurrency, progress }: CompileOptions,
  device: "cpu" | "model",
): Result<{ readonly progress?: readonly number[] }> {
  if (concurrency === undefined && progress === undefined) {
    return ok({});
  }
  if (device === "cpu") {
    return fail([tasksNotForCpu(concurrency === undefined ? "--progress" : "--concurrency")]);
  }
  if (progress !== undefined && concurrency !== undefined && progress.length !== concurrency) {
    return fail([progressMismatch(concurrency, progress.length)]);
  }
  return ok({ progress: progress ?? new Array<number>(concurrency ?? 1).fill(0) });
}

function sharesOfTasks(value: string): readonly number[] {
  const shares = value.split(",").map((text) => (/^\d*\.?\d+$/.test(text) ? Number(text) : -1));
  if (shares.length > MOST_TASKS || shares.some((share) => share < 0 || share >= 1)) {
    throw new InvalidArgumentError("It must be numbers of at least 0 and below 1, such as 0,0.5.");
  }
  return shares;
}

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
