/** Failures of pipelines from models. */

import type { Failure } from "../../core/failure.js";

/** A schedule that this machine's runner cannot execute. */
export function pipelineNotRunnable(file: string, reason: string): Failure {
  return {
    code: "pipeline-not-runnable",
    where: file,
    message: reason,
    hint: "run executes inference pipelines of a model, compiled with --device cpu, one device per block",
    exit: 1,
  };
}
