/**
 * Measures schedules on a GPU against one stream.
 *
 * All contestants are captured as CUDA graphs of the same program and take turns, round by round: the
 * helper starts each round with another one, so that a change of clock hits all alike. The one-stream
 * graph takes part twice; how far the two come out apart is the noise floor. One stream without a
 * graph, launched one by one, shows what the graph saves; it is no measure of frameworks, which pay for more.
 *
 * The clock of the multiprocessors is read before, when the device has been busy for a while, and in every
 * round. When it moved by more than 2 % up to the last, or runs below three quarters of what the device
 * can do, the rounds are taken again, three times at most.
 *
 * Before the clock, the outputs: every schedule must compute the bytes of the one-stream replay (same
 * kernels, another order: anything else is a race), each time from memory that is poisoned just before
 * and with other operators delayed, and ONNX Runtime's values within the precision's tolerance.
 */
import { present } from "../../core/invariant.js";
import { seededRandom } from "../../core/random.js";
import { ok, type Result } from "../../core/result.js";
import type { OperatorGraph } from "../../ir/operator-graph.js";
import type { ExecutableSchedule } from "../../runtime/cuda/client/nodes.js";
import type { LaunchOrder } from "../../runtime/cuda/program/launch-order.js";
import type { DeviceSession } from "../../runtime/cuda/session/device-session.js";
import type { OperatorSchedule } from "../../schedule/operator-schedule.js";
import type { OnProgress } from "../progress.js";
import { noiseOf, relativeTime } from "../timing.js";
import { modelOutputsOf, scheduleDigest } from "../worker-plan-of.js";
import type { Outputs } from "./check-gpu-outputs.js";
import { checkGpuSchedule } from "./check-gpu-schedule.js";
import {
  GPU_BASELINES,
  type GpuBaselineTiming,
  type GpuMeasurement,
  type GpuOtherTimes,
  type GpuOutputCheck,
  type GpuScheduleTiming,
} from "./gpu-profile.js";
import { timingOfUs } from "./measure-nodes.js";

/** Options of measuring schedules on a GPU. */
export interface GpuScheduleRequest {
  /** Verified schedules of the session's model; those that do the same are measured once. */
  readonly schedules: readonly OperatorSchedule[];
  /** ONNX Runtime's outputs for the session's inputs; `undefined`: there is nothing to compare with. */
  readonly reference: Outputs | undefined;
  readonly seed: number;
  /** Default 101. */
  readonly rounds?: number;
  readonly onProgress?: OnProgress;
}

/** Schedules on a device, and the clock while they ran. */
export interface GpuScheduleResult {
  readonly measurement: GpuMeasurement;
  readonly clockMhzBefore: number;
  readonly clockMhzAfter: number;
  /** The model's outputs from one stream, which those of the schedules are to be. */
  readonly outputs: Outputs;
}

const ROUNDS = 101;
/** Of what is not compared. */
const OTHER_ROUNDS = 21;
/** Executions that follow each other. */
const REPLAYS = 10;
const TRIES = 3;
const MOST_DRIFT = 0.02;
const LEAST_CLOCK = 0.75;

/** Every operator on one stream, in the order of the graph: what every schedule is compared with. */
export function oneStream({ operators }: OperatorGraph): LaunchOrder {
  return { launches: operators.map(({ id }) => ({ operator: id, stream: 0, waits: [] })) };
}

/**
 * Checks and measures schedules and baselines.
 *
 * Requires: the session's memory is safe for one stream and for each of the schedules.
 * Order: baselines as declared, schedules as given. Fails: what the helper refuses; wrong outputs are
 * no failure here, they are in the result.
 */
export async function measureGpuSchedules(
  session: DeviceSession,
  request: GpuScheduleRequest,
): Promise<Result<GpuScheduleResult>> {
  const { lowered } = session.program.model;
  const { graph } = lowered;
  const distinct = new Map(
    request.schedules.map((schedule) => [scheduleDigest(graph, schedule), schedule] as const),
  );
  const checks: GpuOutputCheck[] = [];
  const plain = await session.run(oneStream(graph));
  if (!plain.ok) {
    return plain;
  }
  for (const schedule of distinct.values()) {
    const check = await checkGpuSchedule(session, schedule, plain.value, request.reference);
    if (!check.ok) {
      return check;
    }
    checks.push(check.value);
    const total = distinct.size;
    request.onProgress?.({ phase: "schedules", done: checks.length, total, label: "checked" });
  }
  const sequential = session.scheduleOf(oneStream(graph));
  const contestants: ExecutableSchedule[] = [
    sequential,
    sequential,
    { ...sequential, mode: "eager" },
    ...[...distinct.values()].map((schedule) => session.scheduleOf(schedule)),
  ];
  const rounds = request.rounds ?? ROUNDS;
  const taken = await takeRounds(session, sequential, contestants, rounds);
  if (!taken.ok) {
    return taken;
  }
  const { samples, hostUs, ...clock } = taken.value;
  const others = await otherTimes(session, contestants, hostUs);
  if (!others.ok) {
    return others;
  }
  const measurement = summarize(
    [...distinct].map((each, i) => [...each, present(checks[i], "check")] as const),
    samples,
    others.value,
    { rounds, seed: request.seed },
  );
  return ok({ measurement, ...clock, outputs: modelOutputsOf(lowered, plain.value) });
}

async function takeRounds(
  session: DeviceSession,
  work: ExecutableSchedule,
  schedules: readonly ExecutableSchedule[],
  rounds: number,
) {
  for (let attempt = 1; ; attempt++) {
    const before = await session.clockMhz(work);
    if (!before.ok) {
      return before;
    }
    const taken = await session.measureWithClock({ schedules, rounds });
    if (!taken.ok) {
      return taken;
    }
    const { samplesUs, hostUs, clockMhz } = taken.value;
    const least = (LEAST_CLOCK * session.device.clockKhz) / 1000;
    const isSteady =
      Math.abs(clockMhz / before.value - 1) <= MOST_DRIFT &&
      Math.min(before.value, clockMhz) >= least;
    if (isSteady || attempt === TRIES) {
      return ok({
        samples: samplesUs,
        hostUs,
        clockMhzBefore: Math.round(before.value),
        clockMhzAfter: Math.round(clockMhz),
      });
    }
  }
}

/**
 * What else there is to know of each contestant: how long the host launches it, what it takes on an idle device,
 * and what one of several that follow each other takes.
 */
async function otherTimes(
  session: DeviceSession,
  schedules: readonly ExecutableSchedule[],
  hostUs: readonly (readonly number[])[],
): Promise<Result<readonly GpuOtherTimes[]>> {
  const request = { schedules, rounds: OTHER_ROUNDS };
  const idle = await session.measureIdle(request);
  if (!idle.ok) {
    return idle;
  }
  const following = await session.measure({ ...request, replays: REPLAYS });
  if (!following.ok) {
    return following;
  }
  const medianNs = (samples: readonly (readonly number[])[], at: number): number =>
    timingOfUs(present(samples[at], "samples")).medianNs;
  return ok(
    schedules.map((_, at) => ({
      hostNs: medianNs(hostUs, at),
      idleNs: medianNs(idle.value, at),
      backToBackNs: medianNs(following.value, at),
    })),
  );
}

function summarize(
  schedules: readonly (readonly [string, OperatorSchedule, GpuOutputCheck])[],
  samples: readonly (readonly number[])[],
  others: readonly GpuOtherTimes[],
  { rounds, seed }: { readonly rounds: number; readonly seed: number },
): GpuMeasurement {
  const reference = present(samples[0], "samples of the one-stream graph");
  const random = seededRandom(seed);
  const timing = (at: number) => {
    const own = present(samples[at], "samples");
    return {
      latency: timingOfUs(own),
      relative: relativeTime(own, reference, random.fork(at)),
      ...others[at],
    };
  };
  const baselines = GPU_BASELINES.map((name, at): GpuBaselineTiming => ({ name, ...timing(at) }));
  const again = present(baselines[1], "the same again").relative;
  return {
    rounds,
    seed,
    noiseRatio: noiseOf(again),
    baselines,
    schedules: schedules.map(
      ([digest, { algorithm, streams }, outputs], i): GpuScheduleTiming => ({
        digest,
        algorithm,
        streams,
        ...timing(baselines.length + i),
        outputs,
      }),
    ),
  };
}
