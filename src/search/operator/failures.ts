import type { Failure } from "../../core/failure.js";

/** An algorithm left out because the graph is too large for it. */
export function tooManyOperators(algorithm: string, operators: number, maximum: number): Failure {
  return {
    code: "too-many-operators",
    message: `algorithm ${algorithm} takes at most ${maximum} operators, the model has ${operators}`,
    hint: "the other algorithms take any number of operators",
    exit: 3,
  };
}

/** An algorithm that did not take the model. */
export function algorithmRefused(algorithm: string, reason: Failure): Failure {
  return { ...reason, where: `--algorithm ${algorithm}` };
}
