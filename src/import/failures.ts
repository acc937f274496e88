/** The failures of reading what other tools recorded or run. */
import type { Failure } from "../core/failure.js";

/** A file that ends early or has a value that is not one. `place` is a line, an event or a field. */
export function importMalformed(
  path: string,
  place: string,
  message: string,
  hint: string = "record it again; a file that ends early was copied while it was being written",
): Failure {
  return {
    code: "import-malformed",
    where: place === "" ? path : `${path}, ${place}`,
    message,
    hint,
    exit: 1,
  };
}

const SEE = "see docs/importing-schedules.md";

/** A file that holds no schedule in a format that is read. */
export function importScheduleUnknown(path: string): Failure {
  return {
    code: "import-schedule-unknown",
    where: path,
    message: "holds no schedule in a format that is read",
    hint: `${SEE} for the formats; measurements of single models go to top-compile profile import`,
    exit: 1,
  };
}

/** Files that do not belong together, or an option that they leave no room for. */
export function importSchedulesConflict(where: string, message: string): Failure {
  return {
    code: "import-schedules-conflict",
    where,
    message,
    hint: `${SEE} for the files of each format`,
    exit: 2,
  };
}

/** A schedule that breaks a rule of its format. */
export function importScheduleInvalid(where: string, message: string, hint: string = SEE): Failure {
  return { code: "import-schedule-invalid", where, message, hint, exit: 1 };
}

/** A schedule in which ranks wait for each other for ever. */
export function importScheduleStuck(where: string, message: string): Failure {
  return {
    code: "import-schedule-stuck",
    where,
    message,
    hint: "every action needs those that it waits for earlier in the rows of their ranks",
    exit: 1,
  };
}

/** A placement that is not of the stages that were imported. */
export function importPlacementDiffers(path: string, message: string): Failure {
  return {
    code: "import-placement-differs",
    where: path,
    message,
    hint: "give the placement of the same stages on the same devices, or none",
    exit: 1,
  };
}

/** A trace in which no action of a pipeline was recorded. */
export function importNoActions(path: string): Failure {
  return {
    code: "import-actions-missing",
    where: path,
    message: "has no events such as PP:2F0, which pipelines of PyTorch record",
    hint: "record a step of the schedule; traces of single models go to top-compile profile import",
    exit: 1,
  };
}
