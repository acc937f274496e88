import type { ScheduleArtifact } from "../artifact/artifact.js";
import { fileProblem } from "../core/error-text.js";
import type { Failure } from "../core/failure.js";
import { modelUnreadable } from "../onnx/failures.js";

/** The model of a schedule is not where it is looked for. */
export function modelOfScheduleUnreadable(path: string, cause: unknown): Failure {
  return {
    ...modelUnreadable(path, cause),
    message: `the model of this schedule: ${fileProblem(cause)}`,
    hint: "say where it is with --model FILE",
  };
}

/** A schedule of another model. */
export function modelMismatch(model: string, expected: string, found: string): Failure {
  return {
    code: "schedule-of-another-model",
    where: model,
    message: `its SHA-256 is ${found.slice(0, 16)}..., the schedule was made for ${expected.slice(0, 16)}...`,
    hint: "give the model that the schedule was compiled from, or compile this one",
    exit: 1,
  };
}

/** The command that makes a schedule. */
export type Maker = keyof typeof AGAIN;

const AGAIN = {
  compile: "compile the model again",
  search: "search the placement again, with top-compile search",
  import: "import the schedule again, with top-compile import",
  launch: "compare the policies again, with top-compile launch",
} as const;

/** The command that made an artifact. */
export function makerOf({
  imported,
  launcher,
  pipeline,
  provenance,
}: Pick<ScheduleArtifact, "imported" | "launcher" | "pipeline" | "provenance">): Maker {
  if (launcher !== undefined) {
    return "launch";
  }
  if (imported !== undefined) {
    return "import";
  }
  const isOfModel = provenance.inputs.some(({ role }) => role === "model");
  return pipeline === undefined || isOfModel ? "compile" : "search";
}

/** A schedule that names what the model does not have, or breaks a rule of schedules; `maker`: what makes such. */
export function scheduleBroken(file: string, problem: string, maker: Maker = "compile"): Failure {
  return {
    code: "schedule-broken",
    where: file,
    message: problem,
    hint: AGAIN[maker],
    exit: 1,
  };
}

/** An artifact without the section that a command needs. */
export function sectionMissing(file: string, section: string): Failure {
  return {
    code: "schedule-without-section",
    where: file,
    message: `has no "${section}" section`,
    hint: "this command needs one; compile a model to get it",
    exit: 1,
  };
}

/** A schedule, such as one of a placement, that does not say which model it is of. */
export function modelNotNamed(file: string): Failure {
  return {
    code: "schedule-without-model",
    where: file,
    message: "does not say which model it is of",
    hint: "give --model FILE",
    exit: 1,
  };
}

/** Bytes that the device must hold at a time, whatever the schedule, and does not. */
export function deviceMemoryExceeded(
  path: string,
  what: string,
  bytes: number,
  { product, memoryBytes }: { readonly product: string; readonly memoryBytes: number },
): Failure {
  return {
    code: "device-memory-exceeded",
    where: path,
    message: `${what} ${bytes} bytes; ${product} has ${memoryBytes}`,
    hint: "give smaller sizes with --dim, or another --device",
    exit: 1,
  };
}
