import type { Failure } from "../../core/failure.js";
import { someOf } from "../../core/some-of.js";

/** Operators that no CUDA graph can hold, because what they run depends on data. */
export function operatorsNotCapturable(
  model: string,
  operators: readonly NamedOperator[],
): Failure {
  return {
    code: "operators-not-capturable",
    where: model,
    message: `has control flow, which a CUDA graph cannot hold: ${someOperators(operators)}`,
    hint: "export it with the condition fixed, or the parts before and behind it as models of their own; or compile for --device cpu",
    exit: 1,
  };
}

/** Operators of which only the bytes are known, so that no kernel can be estimated. */
export function operatorsUnknown(model: string, operators: readonly NamedOperator[]): Failure {
  return {
    code: "operators-unknown",
    where: model,
    message: `has operators of unknown type: ${someOperators(operators)}`,
    hint: "--estimate-unsupported takes them as copies of their bytes, for estimates only",
    exit: 1,
  };
}

interface NamedOperator {
  readonly type: string;
  readonly name: string;
}

function someOperators(operators: readonly NamedOperator[]): string {
  return someOf(operators.map(({ type, name }) => `${type} "${name}"`));
}
