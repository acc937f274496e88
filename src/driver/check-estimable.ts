import { fail, ok, type Result } from "../core/result.js";
import { operatorsNotCapturable, operatorsUnknown } from "../cost/kernels/failures.js";
import { isCapturable } from "../cost/kernels/operator-kernels.js";
import type { LoweredModel } from "../onnx/lowered-model.js";

/**
 * Whether the kernels of a model can be estimated; `mayBeUnknown`: also with operators of unknown type. Fails:
 * `operators-not-capturable`, `operators-unknown`. `path` is the model's, for messages.
 */
export function checkEstimable(
  path: string,
  { graph: { operators }, unknownOperators }: LoweredModel,
  mayBeUnknown: boolean = false,
): Result<void> {
  const refused = operators.filter((operator) => !isCapturable(operator));
  if (refused.length > 0) {
    const named = refused.map(({ type, name }) => ({ type, name }));
    return fail([operatorsNotCapturable(path, named)]);
  }
  const unknown = new Set(unknownOperators);
  const foreign = operators.filter(({ name }) => unknown.has(name));
  return foreign.length > 0 && !mayBeUnknown
    ? fail([operatorsUnknown(path, foreign)])
    : ok(undefined);
}
