/** The failures that executing a pipeline can end with. */
import { errorLine } from "../../core/error-text.js";
import type { Failure } from "../../core/failure.js";

/** What ONNX Runtime says when memory is short. */
const NO_MEMORY = /bad_alloc|failed to allocate|out of memory|alloc.*fail/i;

/** ONNX Runtime failed in a stage. */
export function stageFailed(
  stage: { readonly name: string; readonly device: string },
  microBatch: number | undefined,
  message: string,
): Failure {
  const when =
    microBatch === undefined ? "before the first micro-batch" : `in micro-batch ${microBatch}`;
  if (NO_MEMORY.test(message)) {
    return deviceOutOfMemory(stage.device, message);
  }
  return {
    code: "stage-failed",
    where: `stage ${stage.name} on ${stage.device}`,
    message: `ONNX Runtime failed ${when}: ${errorLine(message)}`,
    hint: "check the sizes of dynamic dims (--dim NAME=VALUE)",
    exit: 1,
    cause: message,
  };
}

/** A stage gave a tensor of another shape than the schedule was made for. */
export function stageShapeWrong(
  stage: { readonly name: string; readonly device: string },
  microBatch: number,
  tensor: { readonly name: string; readonly dims: readonly number[] },
  found: string,
): Failure {
  return {
    code: "stage-output-wrong-shape",
    where: `stage ${stage.name} on ${stage.device}`,
    message: `"${tensor.name}" of micro-batch ${microBatch} is ${found}, the schedule was made for [${tensor.dims.join(", ")}]`,
    hint: "a shape that depends on data cannot be scheduled; keep its maker and its readers in one stage",
    exit: 1,
  };
}

/** The thread of a device ended before it was told to. */
export function deviceDied(device: string, reason: string, cause?: unknown): Failure {
  return {
    code: "worker-died",
    where: device,
    message: `its worker thread ended early: ${errorLine(reason)}`,
    hint: "use fewer devices if memory is short",
    exit: 4,
    cause,
  };
}

/** The thread of a device had no memory left. */
export function deviceOutOfMemory(device: string, cause: unknown): Failure {
  return {
    code: "worker-out-of-memory",
    where: device,
    message: "its worker thread ran out of memory",
    hint: "use fewer devices, or smaller dynamic dims (--dim NAME=VALUE)",
    exit: 4,
    cause,
  };
}

/** The devices did not finish in time. */
export function pipelineTimedOut(what: string, limitMs: number, waiting: string): Failure {
  return {
    code: "executor-timed-out",
    message: `${what} did not finish within ${limitMs} ms; still working: ${waiting}`,
    exit: 4,
  };
}
