import type { OperatorsSection } from "../artifact/artifact.js";
import { fail, ok, type Result } from "../core/result.js";
import type { OperatorId } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { mergeOperators } from "../onnx/merge-operators.js";
import { scheduleBroken } from "./failures.js";

/**
 * The model with the merges that an artifact names, each checked to be possible.
 *
 * Fails: `schedule-broken` for operators that the model does not have or that cannot be one.
 */
export function modelWithMerges(
  lowered: LoweredModel,
  { merges }: OperatorsSection,
  file: string,
): Result<LoweredModel> {
  if (merges === undefined) {
    return ok(lowered);
  }
  const ids = new Map(lowered.graph.operators.map(({ name, id }) => [name, id]));
  const known: OperatorId[][] = [];
  for (const [at, { operators }] of merges.entries()) {
    const members: OperatorId[] = [];
    for (const name of operators) {
      const id = ids.get(name);
      if (id === undefined) {
        const what = `/operators/merges/${at} names "${name}", which the model does not have`;
        return fail([scheduleBroken(file, what)]);
      }
      members.push(id);
    }
    known.push(members);
  }
  const merged = mergeOperators(lowered, known);
  return merged.ok
    ? ok(merged.value.lowered)
    : fail([scheduleBroken(file, `/operators/merges: ${merged.error}`)]);
}
