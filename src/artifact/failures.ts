import type { Failure } from "../core/failure.js";
import { placeIn } from "../core/json-document.js";
import type { JsonProblem } from "../core/json-shape.js";

/** Text that is not JSON at all. */
export function artifactNotJson(file: string, reason: string): Failure {
  return {
    code: "schedule-not-json",
    where: file,
    message: `is not JSON: ${reason}`,
    hint: "give the file that top-compile wrote (<model>.schedule.json)",
    exit: 1,
  };
}

/** JSON that is not a schedule artifact. */
export function artifactInvalid(file: string, problem: JsonProblem): Failure {
  return {
    code: "schedule-invalid",
    where: placeIn(file, problem),
    message: problem.message,
    hint: "make it again with top-compile; docs/artifact-format.md describes every field",
    exit: 1,
  };
}
