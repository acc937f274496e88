import { InvalidArgumentError, Option } from "commander";
import type { ScheduleArtifact } from "../../artifact/artifact.js";
import { encodeArtifact } from "../../artifact/artifact-format.js";
import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import { compileModel } from "../../driver/compile.js";
import { type CompiledForModel, compileForModel } from "../../driver/compile-for-model.js";
import type { DriverContext } from "../../driver/context.js";
import { compileForCuda } from "../../driver/cuda/compile-for-cuda.js";
import { deviceNamed, type NamedDevice } from "../../driver/device-named.js";
import {
  algorithmNotFor,
  compareNotFor,
  mathNotFor,
  maxStreamsNotFor,
  mergesNotForAlgorithm,
  mergesNotForCpu,
  progressMismatch,
  tasksNotForCpu,
} from "../../driver/failures.js";
import type { GpuComparison } from "../../driver/gpu-comparison.js";
import { renderCompared } from "../../report/compared.js";
import { renderCompiled } from "../../report/compiled.js";
import { OPERATOR_ALGORITHMS, type OperatorAlgorithm } from "../../search/operator/candidates.js";
import {
  GPU_ALGORITHMS,
  type GpuAlgorithm,
  isMerging,
} from "../../search/operator/gpu/gpu-candidates.js";
import { PIPELINE_ALGORITHMS } from "../../search/pipeline/algorithm-names.js";
import type { RegisterCommand } from "../command.js";
import { cudaTarget, estimateOption, fuseOption, mathOption } from "../cuda-options.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import { defaultOut, profileSource } from "../model-files.js";
import { dimOption, seedOption, wholeNumber } from "../options.js";
import { addPipelineOptions, checkNoPipeline, wantsPipeline } from "../pipeline-options.js";
import type { CompileOptions } from "./compile-options.js";
import { compileIntoPipeline } from "./compile-pipeline.js";

const MOST_TASKS = 64;

const EXAMPLES = `
Examples:
  top-compile model.onnx                      measure here, write model.schedule.json
  top-compile model.onnx --dim batch=8        with a size for a dynamic dim
  top-compile model.onnx --profile cpu.json   from a recorded profile: the same bytes anywhere
  top-compile model.onnx --device cuda        measure on the GPU; the best measured schedule wins
  top-compile model.onnx --device h200        estimates for a GPU that is not there
  top-compile model.onnx --device h200 --batch 8
  top-compile model.onnx --device h200 --compare
  top-compile model.onnx --device h200 --merge-convolutions
  top-compile model.onnx --device h200 --concurrency 2 --progress 0,0.5
  top-compile model.onnx --devices 4          a pipeline of four devices instead
  top-compile model.onnx --algorithm opara    one algorithm's schedule, whatever is faster
`;

/** `compile`, which is also what happens when the first argument is a model. */
export const registerCompile: RegisterCommand = (command, run) => {
  command
    .option("-o, --out <file>", "where to write the schedule (default: <model>.schedule.json)")
    .option("--force", "overwrite a file that is not a schedule")
    .option(
      "--device <name>",
      "cpu, cuda or cuda:N, a GPU by its data sheet (h200, h100, a100-pcie-40gb, v100, rtx-2080-super), or a file",
      "cpu",
    )
    .option("--profile <file>", "take all measurements from this profile, and measure nothing")
    .option("--remeasure", "measure again even if a kept profile fits")
    .addOption(
      new Option("--algorithm <name>", "this algorithm's schedule instead of the best").choices(
        GPU_ALGORITHMS,
      ),
    )
    .addOption(mathOption())
    .addOption(estimateOption())
    .addOption(fuseOption())
    .option(
      "--merge-convolutions",
      "on a GPU: let the search compute convolutions of one input as one, where that is faster",
    )
    .option(
      "--batch <n>",
      "inputs in a batch: the first dim of every input",
      wholeNumber(1, 1_000_000),
    )
    .option(
      "--max-streams <n>",
      "on a GPU by its data sheet: most streams, if fewer than it runs (128)",
      wholeNumber(1, 4096),
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
    .option("--compare", "print all algorithms side by side, with the time of each search")
    .addOption(dimOption())
    .addOption(seedOption())
    .addHelpText("after", EXAMPLES);
  addPipelineOptions(command, "--devices");
  command.addOption(
    new Option("--pipeline-algorithm <name>", "how to search the pipeline's schedule")
      .choices(PIPELINE_ALGORITHMS)
      .helpGroup("Pipeline options:"),
  );
  command.action(async (model: string, options: CompileOptions) => {
    await run(options, async (session) => {
      const device = deviceNamed(options.device);
      if (!device.ok) {
        return device;
      }
      if (wantsPipeline(options)) {
        return compileIntoPipeline(model, options, device.value, session);
      }
      const alone = checkNoPipeline(options);
      if (!alone.ok) {
        return alone;
      }
      const out = options.out ?? defaultOut(model, "schedule");
      const compiled = await compileOn(device.value, model, out, options, driverContext(session));
      if (!compiled.ok) {
        return compiled;
      }
      const { artifact } = compiled.value;
      const operators = present(artifact.operators, "operators section");
      const { comparison } = compiled.value;
      session.print(
        comparison === undefined
          ? {
              text: () => `${renderCompiled(artifact, operators)}\nwrote   ${out}`,
              json: () => encodeArtifact(artifact),
            }
          : {
              text: () => `${renderCompared(comparison)}\nwrote   ${out}`,
              json: () => comparison,
            },
      );
      return { ok: true, value: EXIT.done };
    });
  });
};

/** What was compiled, and the comparison that was asked for. */
interface Compiled {
  readonly artifact: ScheduleArtifact;
  readonly comparison?: GpuComparison;
}

async function alone(compiling: Promise<Result<ScheduleArtifact>>): Promise<Result<Compiled>> {
  const artifact = await compiling;
  return artifact.ok ? ok({ artifact: artifact.value }) : artifact;
}

async function compared(
  compiling: Promise<Result<CompiledForModel>>,
  isWanted: boolean,
): Promise<Result<Compiled>> {
  const compiled = await compiling;
  return compiled.ok && !isWanted ? ok({ artifact: compiled.value.artifact }) : compiled;
}

/** Compiles for a device of any kind. */
async function compileOn(
  device: NamedDevice,
  model: string,
  out: string,
  options: CompileOptions,
  context: DriverContext,
): Promise<Result<Compiled>> {
  const { algorithm, batch, seed, math, profile } = options;
  if (options.compare === true && device.kind !== "model") {
    return fail([compareNotFor(options.device)]);
  }
  if (options.maxStreams !== undefined && device.kind !== "model") {
    return fail([maxStreamsNotFor(options.device)]);
  }
  const mergeConvolutions = options.mergeConvolutions === true;
  const mayRewrite = device.kind === "model";
  const common = {
    model,
    out,
    force: options.force === true,
    dims: options.dim,
    seed,
    ...(batch === undefined ? {} : { batch: { batch, mayRewrite } }),
  };
  if (mergeConvolutions && algorithm !== undefined && !isMerging(algorithm)) {
    return fail([mergesNotForAlgorithm(algorithm)]);
  }
  const tasks = tasksOf(options, device.kind);
  if (!tasks.ok) {
    return tasks;
  }
  switch (device.kind) {
    case "cpu":
      if (mergeConvolutions) {
        return fail([mergesNotForCpu()]);
      }
      return algorithm === undefined || isForCpu(algorithm)
        ? alone(compileModel({ ...common, algorithm, profile: profileSource(options) }, context))
        : fail([algorithmNotFor(algorithm, "cpu")]);
    case "cuda": {
      const target = cudaTarget(options, device.index);
      return alone(
        compileForCuda(
          {
            ...common,
            target,
            algorithm,
            profile,
            mergeConvolutions,
            remeasure: options.remeasure === true,
          },
          context,
        ),
      );
    }
    case "model":
      return math === "tf32" || math === "ieee"
        ? compared(
            compileForModel(
              {
                ...common,
                ...tasks.value,
                algorithm,
                math,
                device: device.model,
                deviceFile: device.file,
                ...(profile === undefined ? {} : { profile }),
                ...(options.maxStreams === undefined ? {} : { maxStreams: options.maxStreams }),
                compare: options.compare === true,
                mergeConvolutions,
                estimateUnsupported: options.estimateUnsupported === true,
              },
              context,
            ),
            options.compare === true,
          )
        : fail([mathNotFor(math, options.device)]);
  }
}

function isForCpu(algorithm: GpuAlgorithm): algorithm is OperatorAlgorithm {
  return (OPERATOR_ALGORITHMS as readonly string[]).includes(algorithm);
}

/** What `--concurrency` and `--progress` say together: nothing, or the progress of each task. */
function tasksOf(
  { concurrency, progress }: CompileOptions,
  device: NamedDevice["kind"],
): Result<{ readonly progress?: readonly number[] }> {
  if (concurrency === undefined && progress === undefined) {
    return ok({});
  }
  if (device !== "model") {
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
