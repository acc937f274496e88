/** Values that a schedule for a CPU hands from thread to thread although they cannot be. */
import { present } from "../core/invariant.js";
import type { TensorId } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { stageBorders } from "../onnx/stage-models.js";
import type { StagePartition } from "../partition/stage-partition.js";
import { isHandedOver } from "../runtime/handed-over.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { segmentsOf } from "../schedule/segments.js";

/** Such values between segments, each a sentence. Requires: a valid schedule. Cost: O(V + E). */
export function handOverProblems(
  lowered: LoweredModel,
  schedule: OperatorSchedule,
): readonly string[] {
  const read = new Set(segmentsOf(lowered.graph, schedule).flatMap(({ inputs }) => inputs));
  return problemsOf(
    lowered,
    [...read].filter((id) => lowered.graph.tensors[id]?.producer !== undefined),
  );
}

/** Such values between stages, each a sentence. Cost: O(V + E). */
export function stageHandOverProblems(
  lowered: LoweredModel,
  { stageOf, stageCount }: StagePartition,
): readonly string[] {
  const borders = stageBorders(lowered, stageOf, stageCount);
  return problemsOf(
    lowered,
    borders.flatMap(({ sends }) => sends),
  );
}

function problemsOf(lowered: LoweredModel, handed: readonly TensorId[]): readonly string[] {
  const crosses = isHandedOver(lowered);
  return handed
    .map((id) => present(lowered.graph.tensors[id], "tensor"))
    .filter((tensor) => !crosses(tensor))
    .map(({ name, elementType }) =>
      lowered.types.has(name)
        ? `"${name}" would go from one thread to another, and ONNX Runtime hands over no ${elementType} of that name`
        : `"${name}" would go from one thread to another, and is a sequence or an optional value`,
    );
}
