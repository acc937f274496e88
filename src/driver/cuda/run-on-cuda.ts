import { present } from "../../core/invariant.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { GpuBaselineTiming, GpuScheduleTiming } from "../../profile/gpu/gpu-profile.js";
import { measureGpuSchedules, oneStream } from "../../profile/gpu/measure-gpu-schedules.js";
import { STREAM_LIMIT } from "../../runtime/cuda/client/nodes.js";
import type { VerifiedSchedule } from "../../verify/verify-schedule.js";
import type { DriverContext } from "../context.js";
import { outputsTooFar, replayDiffers, streamsTooMany } from "../failures.js";
import { type RunFiles, type RunOutputs, settleOutputs } from "../run-outputs.js";
import { type CudaTarget, withDevice } from "./with-device.js";

/** The result of running a schedule on a GPU. */
export interface CudaRunReport extends RunOutputs {
  readonly device: string;
  readonly algorithm: string;
  readonly streams: number;
  /** Absent: nothing is predicted of this run. */
  readonly predictedNs: number | undefined;
  /** Measured when the schedule was compiled; absent: it was not. */
  readonly compiledNs: number | undefined;
  readonly schedule: GpuScheduleTiming;
  readonly baselines: readonly GpuBaselineTiming[];
  readonly noise: number;
  readonly rounds: number;
  /** Inferences per second, one after the other, from the median latency. */
  readonly throughput: number;
  /** Whether outputs were compared with ONNX Runtime's. */
  readonly isVerified: boolean;
  readonly memoryBytes: number;
}

/** A request to run a schedule file on a GPU. */
export interface CudaRunRequest extends RunFiles {
  readonly file: string;
  readonly rounds: number | undefined;
}

/**
 * Executes a schedule on a GPU: checks its outputs against ONNX Runtime's and against one stream,
 * then measures it together with the baselines.
 *
 * Fails: as `withDevice`; `streams-too-many`, `outputs-differ`, `replay-differs`.
 */
export async function runOnCuda(
  request: CudaRunRequest,
  { artifact, lowered, schedule }: VerifiedSchedule,
  target: CudaTarget,
  context: DriverContext,
): Promise<Result<CudaRunReport>> {
  const operators = present(artifact.operators, "operators section");
  const { file, rounds } = request;
  if (schedule.streams > STREAM_LIMIT) {
    return fail([streamsTooMany(file, schedule.streams, STREAM_LIMIT)]);
  }
  return withDevice(lowered, target, context, async ({ prepare, model }) => {
    const device = await prepare();
    if (!device.ok) {
      return device;
    }
    const { reference, whole, open } = device.value;
    const schedules = [oneStream(lowered.graph), schedule];
    const session = await open({ kind: "ordered", schedules }, model);
    if (!session.ok) {
      return session;
    }
    const measured = await measureGpuSchedules(session.value, {
      schedules: [schedule],
      reference,
      seed: target.inputs.seed,
      onProgress: context.onProgress,
      ...(rounds === undefined ? {} : { rounds }),
    });
    if (!measured.ok) {
      return measured;
    }
    const { measurement, outputs: computed } = measured.value;
    const own = present(measurement.schedules[0], "timing of the schedule");
    const { distance, tolerance, isReplayIdentical } = own.outputs;
    if (!isReplayIdentical) {
      return fail([replayDiffers(file)]);
    }
    if (distance > tolerance) {
      return fail([outputsTooFar(file, target.precision, own.outputs)]);
    }
    const settled = settleOutputs(request, lowered, target.inputs.given, { computed, whole });
    if (!settled.ok) {
      return settled;
    }
    return ok({
      ...settled.value,
      device: session.value.device.name,
      algorithm: operators.algorithm,
      streams: schedule.streams,
      predictedNs: operators.latencyNs.predicted,
      compiledNs: operators.latencyNs.measured,
      schedule: own,
      baselines: measurement.baselines,
      noise: measurement.noiseRatio,
      rounds: measurement.rounds,
      throughput: 1e9 / Math.max(1, own.latency.medianNs),
      isVerified: reference !== undefined,
      memoryBytes: session.value.program.memory.bytes,
    });
  });
}
