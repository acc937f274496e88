import type { ScheduleArtifact } from "../../artifact/artifact.js";
import { encodeArtifact } from "../../artifact/artifact-format.js";
import { invariant, present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import { compileModel } from "../../driver/compile.js";
import { type CompiledForModel, compileForModel } from "../../driver/compile-for-model.js";
import type { DriverContext } from "../../driver/context.js";
import { compileForCuda } from "../../driver/cuda/compile-for-cuda.js";
import { deviceNamed, type NamedDevice } from "../../driver/device-named.js";
import { progressMismatch } from "../../driver/failures.js";
import { inputsOfJob } from "../../driver/given-inputs.js";
import { renderCompared } from "../../report/compared.js";
import { renderCompiled } from "../../report/compiled.js";
import type { GpuComparison } from "../../report/gpu-comparison.js";
import type { GpuAlgorithm } from "../../schedule/algorithm-names.js";
import { OPERATOR_ALGORITHMS, type OperatorAlgorithm } from "../../schedule/algorithm-names.js";
import type { RegisterCommand } from "../command.js";
import { cudaTarget } from "../cuda-target.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import { inputFiles, outFor, profileSource } from "../model-files.js";
import { addOptions, givenOptions } from "../options/add-options.js";
import { checkOptions } from "../options/check-options.js";
import { wantsPipeline } from "../pipeline-request.js";
import { COMPILE, type CompileOptions, compileTraits } from "./compile-options.js";
import { compileIntoPipeline } from "./compile-pipeline.js";

const EXAMPLES = `
Examples:
  top-compile model.onnx                     measure, write model.schedule.json
  top-compile model.onnx --dim batch=8       with a size for a dynamic dim
  top-compile model.onnx --input ids=ids.npy measure with an input of your own
  top-compile model.onnx --profile cpu.json  the same bytes anywhere
  top-compile model.onnx --algorithm opara   one algorithm, whatever is faster
  top-compile model.onnx --device cuda       measure on the GPU
  top-compile model.onnx --device h200       estimates for another GPU
  top-compile model.onnx --device h200 --batch 8
  top-compile model.onnx --device h200 --compare
  top-compile model.onnx --device h200 --merge-convolutions
  top-compile model.onnx --device h200 --concurrency 2 --progress 0,0.5
  top-compile model.onnx --devices 4         a pipeline of four devices instead
`;

/** `compile`, which is also what happens when the first argument is a model. */
export const registerCompile: RegisterCommand = (command, run) => {
  addOptions(command, COMPILE, EXAMPLES);
  command.action(async (model: string, options: CompileOptions) => {
    await run(options, async (session) => {
      const device = deviceNamed(options.device);
      if (!device.ok) {
        return device;
      }
      const traits = compileTraits(device.value, options);
      const checked = checkOptions(COMPILE, options, givenOptions(command), traits);
      if (!checked.ok) {
        return checked;
      }
      if (wantsPipeline(options)) {
        return compileIntoPipeline(model, options, device.value, session);
      }
      const out = outFor(model, "schedule", options, session.io);
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
              text: () => `${renderCompiled(artifact, operators, session.columns)}\nwrote   ${out}`,
              json: () => encodeArtifact(artifact),
            }
          : {
              text: () => `${renderCompared(comparison, session.columns)}\nwrote   ${out}`,
              json: () => comparison,
            },
      );
      return { ok: true, value: EXIT.done };
    });
  });
};

/** The compiled artifact, and the comparison of `--compare`. */
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

/** Compiles for a device of any kind. Requires: checked options. */
async function compileOn(
  device: NamedDevice,
  model: string,
  out: string | undefined,
  options: CompileOptions,
  context: DriverContext,
): Promise<Result<Compiled>> {
  const { algorithm, batch, seed, profile } = options;
  const mergeConvolutions = options.mergeConvolutions === true;
  const sizes = { dims: options.dim, ...(batch === undefined ? {} : { batch }) };
  const inputs = inputsOfJob(model, inputFiles(options), sizes, context);
  if (!inputs.ok) {
    return inputs;
  }
  const { given } = inputs.value;
  const common = {
    model,
    out,
    force: options.force === true,
    ...inputs.value,
    seed,
    ...(batch === undefined ? {} : { batch: { batch, mayRewrite: device.kind === "model" } }),
  };
  switch (device.kind) {
    case "cpu":
      return alone(
        compileModel(
          { ...common, algorithm: cpuAlgorithm(algorithm), profile: profileSource(options) },
          context,
        ),
      );
    case "cuda": {
      const target = cudaTarget(options, device.index, given);
      const remeasure = options.remeasure === true;
      const request = { ...common, target, algorithm, profile, mergeConvolutions, remeasure };
      return alone(compileForCuda(request, context));
    }
    case "model": {
      const progress = progressOf(options);
      if (!progress.ok) {
        return progress;
      }
      const { maxStreams } = options;
      const compare = options.compare === true;
      const request = {
        ...common,
        ...progress.value,
        algorithm,
        math: options.math,
        fuse: options.fuse,
        device: device.model,
        deviceFile: device.file,
        ...(profile === undefined ? {} : { profile }),
        ...(maxStreams === undefined ? {} : { maxStreams }),
        compare,
        mergeConvolutions,
        estimateUnsupported: options.estimateUnsupported === true,
      };
      return compared(compileForModel(request, context), compare);
    }
  }
}

/** The algorithm for a CPU. Requires: checked options. */
function cpuAlgorithm(algorithm: GpuAlgorithm | undefined): OperatorAlgorithm | undefined {
  const found = OPERATOR_ALGORITHMS.find((each) => each === algorithm);
  invariant(found === algorithm, `${algorithm} was refused for a CPU`);
  return found;
}

/** The progress of each task by `--concurrency` and `--progress`; `undefined` without either. */
function progressOf({
  concurrency,
  progress,
}: CompileOptions): Result<{ readonly progress?: readonly number[] }> {
  if (concurrency === undefined && progress === undefined) {
    return ok({});
  }
  if (progress !== undefined && concurrency !== undefined && progress.length !== concurrency) {
    return fail([progressMismatch(concurrency, progress.length)]);
  }
  return ok({ progress: progress ?? new Array<number>(concurrency ?? 1).fill(0) });
}
