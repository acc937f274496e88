/** Failures of `build` and `init`. */
import type { Failure } from "../../core/failure.js";
import { placeIn } from "../../core/json-document.js";
import type { JsonProblem } from "../../core/json-shape.js";
import type { Finding } from "./finding.js";
import type { QuotedFailure } from "./run-job.js";

const DOCUMENT = "see docs/build.md";

/** A configuration that is not JSON. */
export function configNotJson(file: string, reason: string): Failure {
  return {
    code: "config-not-json",
    where: file,
    message: `is not JSON: ${reason}`,
    hint: DOCUMENT,
    exit: 1,
  };
}

/** A configuration that says something impossible. */
export function configInvalid(file: string, found: JsonProblem): Failure {
  return {
    code: "config-invalid",
    where: placeIn(file, found),
    message: found.message,
    hint: DOCUMENT,
    exit: 1,
  };
}

/** A lock file that cannot be read. */
export function lockInvalid(file: string, problem: string): Failure {
  return {
    code: "lock-invalid",
    where: file,
    message: problem,
    hint: "delete it and run top-compile build",
    exit: 1,
  };
}

/** `init` where there is a configuration. */
export function configExists(file: string): Failure {
  return {
    code: "config-exists",
    where: file,
    message: "is there already, and is never overwritten",
    hint: "edit it, or delete it first",
    exit: 1,
  };
}

/** `init` where there is nothing to build. */
export function nothingToBuild(folder: string): Failure {
  return {
    code: "nothing-to-build",
    where: folder,
    message: "has no model (*.onnx) and no placement in it or below",
    hint: "run init in the folder of the models, or below which they lie",
    exit: 1,
  };
}

/** `init` for a device whose schedules have to be measured. */
export function initDeviceMeasured(device: string): Failure {
  return {
    code: "init-device-measured",
    where: `--device ${device}`,
    message: "is measured, which differs from run to run; build makes the same everywhere",
    hint: "give a GPU by its data sheet; models with a profile beside them are built from it",
    exit: 2,
  };
}

/** An output that could not be made. */
export function outputNotMade(out: string, reasons: readonly QuotedFailure[]): Failure {
  return {
    code: "output-not-made",
    where: out,
    message: reasons.map(quoted).join("; also "),
    exit: 1,
  };
}

/** A failure of a command in one line. */
export function quoted({ code, place, message, hint }: QuotedFailure): string {
  const start = code === undefined ? "" : `[${code}] `;
  const where = place === undefined ? "" : `${place}: `;
  return `${start}${where}${message}${hint === undefined ? "" : `; ${hint}`}`;
}

const BUILD = "run top-compile build";

/** An output that is not what the configuration makes. */
export function notUpToDate({ kind, out: where, message, hint = BUILD }: Finding): Failure {
  const rest = { where, message, hint, exit: 1 } as const;
  switch (kind) {
    case "missing":
      return { code: "artifact-missing", ...rest };
    case "stale":
      return { code: "artifact-stale", ...rest };
    case "edited":
      return { code: "artifact-edited", ...rest };
    case "foreign":
      return { code: "artifact-foreign", ...rest };
    case "invalid":
      return { code: "artifact-invalid", ...rest, hint: `${BUILD} --remake` };
  }
}
