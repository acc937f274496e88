import type { OperatorsSection } from "../artifact/artifact.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { measureCandidates } from "../profile/measure-profile.js";
import type { OutputCheck, RelativeTime, Timing } from "../profile/profile.js";
import type { DriverContext } from "./context.js";
import { deviceUnsupported, outputsDiffer } from "./failures.js";
import { verifySchedule } from "./verify-schedule.js";

/** One way to run the model, measured. */
export interface RunTiming {
  readonly name: string;
  readonly latency: Timing;
  /** Against sequential execution in the same rounds. */
  readonly relative: RelativeTime;
  readonly outputs: OutputCheck;
}

/** What running a schedule gave. */
export interface RunReport {
  readonly algorithm: string;
  readonly streams: number;
  readonly predictedNs: number;
  /** Measured when the schedule was compiled; absent: it was not. */
  readonly compiledNs: number | undefined;
  readonly schedule: RunTiming;
  readonly baselines: readonly RunTiming[];
  readonly noise: number;
  readonly rounds: number;
}

/** What to run. */
export interface RunRequest {
  readonly file: string;
  readonly model: string | undefined;
  readonly seed: number;
  readonly rounds: number | undefined;
}

/** Outputs further apart than this, relatively, are wrong and not merely rounded otherwise. */
const TOLERANCE = 1e-3;

/**
 * Executes a schedule on this machine beside ONNX Runtime's own ways to run the model, on the same
 * seeded inputs, and compares their outputs.
 *
 * Fails: what verifying and measuring fail with; `outputs-differ`.
 */
export async function runSchedule(
  request: RunRequest,
  context: DriverContext,
): Promise<Result<RunReport>> {
  const verified = await verifySchedule(request.file, request.model);
  if (!verified.ok) {
    return verified;
  }
  const { artifact, lowered, schedule } = verified.value;
  const operators = present(artifact.operators, "operators section");
  const device = String(artifact.provenance.options["device"] ?? "cpu");
  if (device !== "cpu") {
    return fail([deviceUnsupported(device)]);
  }
  const isSplit = schedule.streams > 1;
  const measured = await measureCandidates(lowered, isSplit ? [schedule] : [], {
    seed: request.seed,
    signal: context.signal,
    onProgress: context.onProgress,
    ...(request.rounds === undefined ? {} : { rounds: request.rounds }),
  });
  if (!measured.ok) {
    return measured;
  }
  const { baselines, schedules, noiseRatio, rounds } = measured.value;
  const timings = baselines.map(
    ({ name, latency, relative, outputs }): RunTiming => ({ name, latency, relative, outputs }),
  );
  const own = isSplit ? schedules[0] : baselines.find(({ name }) => name === baselineOf(operators));
  const { latency, relative, outputs } = present(own, "timing of the schedule");
  if (outputs.maxRelative > TOLERANCE) {
    return fail([outputsDiffer(request.file, outputs.maxAbsolute, outputs.maxRelative)]);
  }
  return ok({
    algorithm: operators.algorithm,
    streams: schedule.streams,
    predictedNs: operators.latencyNs.predicted,
    compiledNs: operators.latencyNs.measured,
    schedule: { name: operators.algorithm, latency, relative, outputs },
    baselines: timings,
    noise: noiseRatio,
    rounds,
  });
}

/** One stream is the whole model in one session: that is a baseline already. */
function baselineOf({ threadsPerStream }: OperatorsSection): string {
  return threadsPerStream > 1 ? "all-cores" : "sequential";
}
