import type { Failure } from "../core/failure.js";
import { formatName } from "../core/format.js";
import { placeIn } from "../core/json-document.js";
import type { JsonProblem } from "../core/json-shape.js";

/** Text that is not JSON. */
export function arrivalsNotJson(file: string, reason: string): Failure {
  return {
    code: "arrivals-not-json",
    where: file,
    message: `is not JSON: ${reason}`,
    hint: "see docs/arrivals.md",
    exit: 1,
  };
}

/** JSON that is not an arrivals file, or one that contradicts itself. */
export function arrivalsInvalid(file: string, problem: JsonProblem): Failure {
  return {
    code: "arrivals-invalid",
    where: placeIn(file, problem),
    message: problem.message,
    hint: "see docs/arrivals.md",
    exit: 1,
  };
}

/** A trace with something in it that is no time, or no trace at all. */
export function traceInvalid(file: string, message: string): Failure {
  return {
    code: "trace-invalid",
    where: file,
    message,
    hint: "write one time in microseconds on each line",
    exit: 1,
  };
}

/** Arrivals for a model that is not there. */
export function arrivalsModelUnknown(
  where: string,
  name: string,
  known: readonly string[],
  meant: string | undefined,
): Failure {
  return {
    code: "arrivals-model-unknown",
    where,
    message: `"${formatName(name)}" is none of the models${meant === undefined ? "" : `; did you mean "${formatName(meant)}"?`}`,
    hint: `the models are ${known.map(formatName).join(", ")}`,
    exit: 1,
  };
}

/** A model without arrivals. */
export function arrivalsModelMissing(where: string, name: string): Failure {
  return {
    code: "arrivals-model-missing",
    where,
    message: `says nothing of "${formatName(name)}"`,
    hint: "give every model its arrivals, or leave the model out",
    exit: 1,
  };
}
