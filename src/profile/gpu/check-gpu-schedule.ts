import { seededRandom } from "../../core/random.js";
import { ok, type Result } from "../../core/result.js";
import type { OperatorGraph, OperatorId } from "../../ir/operator-graph.js";
import type { LaunchOrder } from "../../runtime/cuda/program/launch-order.js";
import type { DeviceSession } from "../../runtime/cuda/session/device-session.js";
import { type Outputs, outputDistance, sameOutputs } from "./check-gpu-outputs.js";
import type { GpuOutputCheck } from "./gpu-profile.js";

/** Groups of operators that are delayed together, each in a run of its own. */
const GROUPS = 6;

/**
 * Runs a schedule several times, each from memory that is poisoned just before, and compares its outputs
 * with those of one stream, byte for byte, and with ONNX Runtime's where outputs mean anything.
 *
 * A wait that is missing shows only when what should have been waited for comes late. So after a run as
 * it is there are six in which operators whose results are read on another stream are delayed, each
 * operator in one of them: known from the graph, not from the schedule. Which ones come late
 * together is a matter of chance, the same every time.
 *
 * Fails: what the helper refuses; different outputs are no failure here, they are in the result.
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
  for (const delayed of [[], ...groupsOf(readAcross(model.lowered.graph, schedule))]) {
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

function groupsOf(operators: OperatorId[]): readonly (readonly OperatorId[])[] {
  seededRandom(operators.length).shuffle(operators);
  return Array.from({ length: GROUPS }, (_, group) =>
    operators.filter((_operator, at) => at % GROUPS === group),
  );
}
