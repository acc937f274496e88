import type { Failure } from "../core/failure.js";
import type { JsonProblem } from "../core/json-shape.js";

/** Text that is not JSON. */
export function placementNotJson(file: string, cause: unknown): Failure {
  return {
    code: "placement-not-json",
    where: file,
    message: `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "see docs/placement-format.md, or start from --shape NAME",
    exit: 1,
    cause,
  };
}

/** JSON that is not a placement, or a placement that contradicts itself. */
export function placementInvalid(file: string, problem: JsonProblem): Failure {
  return {
    code: "placement-invalid",
    where: `${file}${problem.pointer === "" ? "" : ` at ${problem.pointer}`}`,
    message: problem.message,
    hint: "see docs/placement-format.md",
    exit: 1,
  };
}

/** A shape that the tool does not have. */
export function shapeUnknown(name: string, known: readonly string[]): Failure {
  return {
    code: "shape-unknown",
    where: `--shape ${name}`,
    message: "is not a shape that this tool knows",
    hint: `use one of ${known.join(", ")}`,
    exit: 2,
  };
}

/** A shape with options that it does not allow. */
export function shapeOptionInvalid(shape: string, option: string, what: string): Failure {
  return {
    code: "shape-option-invalid",
    where: `--shape ${shape} ${option}`,
    message: what,
    hint: "see docs/placement-format.md for what each shape allows",
    exit: 2,
  };
}
