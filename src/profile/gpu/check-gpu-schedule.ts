import { seededRandom } from "../../core/random.js";
import { ok, type Result } from "../../core/result.js";
import type { OperatorGraph, OperatorId } from "../../ir/operator-graph.js";
import type { LaunchOrder } from "../../runtime/cuda/program/launch-order.js";
import type { DeviceSession } from "../../runtime/cuda/session/device-session.js";
import { type Outputs, outputDistance, sameOutputs } from "./check-gpu-outputs.js";
import type { GpuOutputCheck } from "./gpu-profile.js";

/** Each of them delays another half of the operators that others wait for. */
const REPLAYS_CHECKED = 6;

/**
 * Runs a schedule several times, each from memory that is poisoned right before, and compares its outputs
 * with those of one stream, byte for byte, and with ONNX Runtime's where outputs mean anything.
 *
 * A wait that is missing shows only when what should have been waited for comes late. So in every run but
 * the first, operators whose results are read on another stream are delayed by chance: taken from the
 * graph, not from what the schedule says, and the same ones every time.
 *
 * Fails: what the helper refuses; wrong outputs are no failure here, they are in the result.
 */
export async function checkGpuSchedule(
  session: DeviceSession,
  schedule: LaunchOrder,
  plain: Outputs,
  reference: Outputs | undefined,
): Promise<Result<GpuOutputCheck>> {
  const { model, precision } = session.program;
  let isReplayIdentical = true;
  let distance = 0;
  const crossing = readAcross(model.lowered.graph, schedule);
  for (let replay = 0; replay < REPLAYS_CHECKED; replay++) {
    const random = seededRandom(replay);
    const delayed = crossing.filter(() => replay > 0 && random.integer(2) === 0);
    random.shuffle(delayed);
    const outputs = await session.run(schedule, { delayed });
    if (!outputs.ok) {
      return outputs;
    }
    isReplayIdentical &&= sameOutputs(outputs.value, plain);
    if (reference !== undefined) {
      distance = Math.max(distance, outputDistance(model.lowered, outputs.value, reference));
    }
  }
  return ok({ distance, tolerance: precision.tolerance, isReplayIdentical });
}

/** Operators whose results are read on another stream than theirs, in the order of the graph. */
function readAcross({ operators }: OperatorGraph, { launches }: LaunchOrder): OperatorId[] {
  const streams = new Map(launches.map(({ operator, stream }) => [operator, stream] as const));
  return operators
    .filter(({ id, successors }) =>
      successors.some((next) => streams.get(next) !== streams.get(id)),
    )
    .map(({ id }) => id);
}
