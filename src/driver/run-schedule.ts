import type { OperatorsSection, Provenance } from "../artifact/artifact.js";
import { recordedList } from "../artifact/recorded-options.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { TENSOR_LAYOUTS } from "../kernels/operator-call.js";
import { type Precision, precisionNamed } from "../kernels/precision.js";
import type { FusionList } from "../onnx/kernel-groups.js";
import { noteOnRandomNumbers } from "../onnx/random-nodes.js";
import { doubtOf, machineLoad } from "../profile/machine-load.js";
import { measureCandidates } from "../profile/measure-profile.js";
import type { OutputCheck, RelativeTime, Timing } from "../profile/profile.js";
import { comparedOutputs, scheduleDigest } from "../profile/worker-plan-of.js";
import { whyOutputsMayDiffer } from "../runtime/excused-differences.js";
import type { InputSource } from "../runtime/input-source.js";
import type { TensorData } from "../runtime/tensor-data.js";
import { type VerifiedSchedule, verifySchedule } from "../verify/verify-schedule.js";
import type { DriverContext } from "./context.js";
import { type CudaRunReport, runOnCuda } from "./cuda/run-on-cuda.js";
import type { CudaTarget } from "./cuda/with-device.js";
import { deviceNamed } from "./device-named.js";
import { deviceUnsupported, mergesCannotRun, outputsDiffer, tasksCannotRun } from "./failures.js";
import { inputsOfRun } from "./given-inputs.js";
import { maySaveOutputs, type RunFiles, type RunOutputs, settleOutputs } from "./run-outputs.js";

/** One way to run the model, measured. */
export interface RunTiming {
  readonly name: string;
  readonly latency: Timing;
  /** Against sequential execution in the same rounds. */
  readonly relative: RelativeTime;
  readonly outputs: OutputCheck;
}

/** The result of running a schedule on the CPU. */
export interface RunReport extends RunOutputs {
  readonly algorithm: string;
  readonly streams: number;
  /** Threads inside each operator. */
  readonly threadsPerStream: number;
  /** Absent: nothing is predicted of this run. */
  readonly predictedNs: number | undefined;
  /** Measured when the schedule was compiled; absent: it was not. */
  readonly compiledNs: number | undefined;
  readonly schedule: RunTiming;
  readonly baselines: readonly RunTiming[];
  /** Outputs that are the same in every run, and were compared. */
  readonly compared: number;
  readonly noise: number;
  readonly rounds: number;
}

/** A request to run a schedule. */
export interface RunRequest extends RunFiles {
  readonly file: string;
  readonly model: string | undefined;
  readonly seed: number;
  readonly rounds: number | undefined;
  /** `cpu`, `cuda` or `cuda:N`; `undefined`: the device that the schedule was compiled for. */
  readonly device: string | undefined;
  /** On a GPU; `undefined`: as compiled. */
  readonly precision: Precision | undefined;
  /** On a GPU: stand-ins for operators without device code. */
  readonly estimateUnsupported: boolean;
  /** On a GPU: which operators are computed together; `undefined`: as compiled. */
  readonly fuse: FusionList | undefined;
}

/** The result of running a schedule on the CPU or on a GPU. */
export type ScheduleRunReport =
  | { readonly kind: "cpu"; readonly report: RunReport }
  | { readonly kind: "cuda"; readonly report: CudaRunReport };

/** A larger relative difference of outputs is an error, not different rounding. */
const TOLERANCE = 1e-3;

/**
 * Executes a schedule on the device that it was compiled for, or on the one of the request.
 *
 * Fails: as verifying and running do; `device-unsupported` for a device model, `tasks-cannot-run`,
 * `merges-cannot-run` on a CPU.
 */
export async function runSchedule(
  request: RunRequest,
  context: DriverContext,
): Promise<Result<ScheduleRunReport>> {
  const verified = await verifySchedule(request.file, request.model, context.allowExternal);
  if (!verified.ok) {
    return verified;
  }
  const { options } = verified.value.artifact.provenance;
  const name = request.device ?? String(options["device"] ?? "cpu");
  const device = deviceNamed(name);
  if (!device.ok) {
    return device;
  }
  if (device.value.kind === "model") {
    return fail([deviceUnsupported(name)]);
  }
  if (verified.value.artifact.operators?.tasks !== undefined) {
    return fail([tasksCannotRun(request.file)]);
  }
  if (device.value.kind === "cpu" && verified.value.lowered.merged !== undefined) {
    return fail([mergesCannotRun(request.file)]);
  }
  const { lowered, artifact } = verified.value;
  const inputs = inputsOfRun(request.inputFiles, request.seed, lowered, artifact, context);
  if (!inputs.ok) {
    return inputs;
  }
  const may = maySaveOutputs(request, lowered, request.file, inputs.value.given);
  if (!may.ok) {
    return may;
  }
  if (device.value.kind === "cpu") {
    const ran = await runOnCpu(request, inputs.value, verified.value, context);
    return ran.ok ? ok({ kind: "cpu", report: ran.value }) : ran;
  }
  const target = {
    device: device.value.index,
    precision: request.precision ?? precisionOf(options["math"]),
    estimateUnsupported: request.estimateUnsupported || options["estimate-unsupported"] === true,
    fuse: request.fuse ?? recordedList(options) ?? "none",
    ...recordedLayout(options, request.precision),
    inputs: inputs.value,
  };
  const ran = await runOnCuda(request, verified.value, target, context);
  return ran.ok ? ok({ kind: "cuda", report: ran.value }) : ran;
}

/** The layout that was measured to be faster, unless it is to be run in another precision. */
function recordedLayout(
  { "tensor-layout": recorded, math }: Provenance["options"],
  precision: Precision | undefined,
): Pick<CudaTarget, "layout"> {
  const layout = TENSOR_LAYOUTS.find((each) => each === recorded);
  const isOther = precision !== undefined && precision !== precisionOf(math);
  return layout === undefined || isOther ? {} : { layout };
}

function precisionOf(option: unknown): Precision {
  return precisionNamed(option) ?? "tf32";
}

/**
 * Executes a schedule on this machine alongside ONNX Runtime's own ways to run the model, on the same
 * seeded inputs, and compares their outputs.
 *
 * Fails: as measuring does; `outputs-differ`.
 */
async function runOnCpu(
  request: RunRequest,
  inputs: InputSource,
  { artifact, lowered, schedule }: VerifiedSchedule,
  context: DriverContext,
): Promise<Result<RunReport>> {
  const operators = present(artifact.operators, "operators section");
  const random = noteOnRandomNumbers(lowered);
  if (random !== undefined) {
    context.onNote(random);
  }
  const isSplit = schedule.streams > 1;
  const load = (context.machineLoad ?? machineLoad)();
  const outputsOf = new Map<string, ReadonlyMap<string, TensorData>>();
  const measured = await measureCandidates(lowered, isSplit ? [schedule] : [], {
    inputs,
    signal: context.signal,
    onProgress: context.onProgress,
    onOutputs: (way, all) => outputsOf.set(way, all),
    ...(request.rounds === undefined ? {} : { rounds: request.rounds }),
  });
  if (!measured.ok) {
    return measured;
  }
  const { baselines, schedules, noiseRatio, rounds } = measured.value;
  const doubt = doubtOf(load, noiseRatio);
  if (doubt !== undefined) {
    context.onNote(`${doubt}: the times are not to be trusted`);
  }
  const timings = baselines.map(
    ({ name, latency, relative, outputs }): RunTiming => ({ name, latency, relative, outputs }),
  );
  const own = isSplit ? schedules[0] : baselines.find(({ name }) => name === baselineOf(operators));
  const { latency, relative, outputs } = present(own, "timing of the schedule");
  if (outputs.maxRelative > TOLERANCE) {
    const excuse = await whyOutputsMayDiffer(lowered);
    if (excuse === undefined) {
      return fail([outputsDiffer(request.file, outputs.maxAbsolute, outputs.maxRelative)]);
    }
    context.onNote(excuse);
  }
  const way = isSplit ? scheduleDigest(lowered.graph, schedule) : baselineOf(operators);
  const settled = settleOutputs(request, lowered, inputs.given, {
    computed: outputsOf.get(way) ?? new Map(),
    whole: outputsOf.get("sequential") ?? new Map(),
  });
  if (!settled.ok) {
    return settled;
  }
  return ok({
    algorithm: operators.algorithm,
    streams: schedule.streams,
    threadsPerStream: operators.threadsPerStream,
    predictedNs: operators.latencyNs.predicted,
    compiledNs: operators.latencyNs.measured,
    schedule: { name: operators.algorithm, latency, relative, outputs },
    baselines: timings,
    compared: comparedOutputs(lowered).size,
    noise: noiseRatio,
    rounds,
    ...settled.value,
  });
}

/** One stream is the whole model in one session: that is a baseline already. */
function baselineOf({ threadsPerStream }: OperatorsSection): string {
  return threadsPerStream > 1 ? "all-cores" : "sequential";
}
