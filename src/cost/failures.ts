import { closestName } from "../core/closest-name.js";
import type { Failure } from "../core/failure.js";
import { placeIn } from "../core/json-document.js";
import type { JsonProblem } from "../core/json-shape.js";

/** A device model file that cannot be used. */
export function deviceModelInvalid(file: string, problem: JsonProblem): Failure {
  return {
    code: "device-model-invalid",
    where: placeIn(file, problem),
    message: problem.message,
    hint: "see docs/device-models.md for the fields and their units",
    exit: 1,
  };
}

/** A device name that is neither a device nor a known model. */
export function deviceUnknown(name: string, known: readonly string[]): Failure {
  return {
    code: "device-unknown",
    where: `--device ${name}`,
    message: "is not a device that this tool knows",
    hint: `${meant(name, known)}use one of ${known.join(", ")}, or the path of a device model file (.json)`,
    exit: 2,
  };
}

/** What was probably meant, as the beginning of a hint. */
function meant(name: string, known: readonly string[]): string {
  const closest = closestName(name, known);
  return closest === undefined ? "" : `did you mean ${closest}? Else `;
}

/** A device model file that is not JSON. */
export function deviceModelNotJson(file: string, reason: string): Failure {
  return {
    code: "device-model-not-json",
    where: file,
    message: `is not JSON: ${reason}`,
    hint: "see docs/device-models.md",
    exit: 1,
  };
}
