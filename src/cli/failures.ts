import type { Failure } from "../core/failure.js";

/** `search` without anything to search, or with two things. */
export function searchSourceMissing(): Failure {
  return {
    code: "search-source",
    message: "needs either a placement file, or --shape NAME with --devices N",
    hint: "for instance: top-compile search --shape v --devices 4",
    exit: 2,
  };
}

/** An option that describes a shape, together with a file. */
export function shapeOptionWithoutShape(option: string): Failure {
  return {
    code: "shape-option-without-shape",
    where: `--${option}`,
    message: "describes a named shape, but a placement file is given",
    hint: "leave it out, or give --shape instead of the file",
    exit: 2,
  };
}
