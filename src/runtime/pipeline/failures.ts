/** The failures that executing a pipeline can end with. */
import { errorLine } from "../../core/error-text.js";
import type { Failure } from "../../core/failure.js";
import { SIZES_HINT, workerOutOfMemory } from "../failures.js";

/** Messages of ONNX Runtime when memory is short. */
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
    return workerOutOfMemory(stage.device, message);
  }
  return {
    code: "stage-failed",
    where: `stage ${stage.name} on ${stage.device}`,
    message: `ONNX Runtime failed ${when}: ${errorLine(message)}`,
    hint: "check the sizes of dynamic dims (--dim NAME=VALUE), or give inputs that the model takes (--input NAME=FILE)",
    exit: 1,
    cause: message,
  };
}

/** A stage gave a tensor of another shape than the schedule was made for. */
export function stageShapeWrong(
  stage: { readonly name: string; readonly device: string },
  microBatch: number,
  tensor: { readonly name: string; readonly dims: readonly number[] },
  found: readonly number[],
): Failure {
  return {
    code: "stage-output-wrong-shape",
    where: `stage ${stage.name} on ${stage.device}`,
    message: `"${tensor.name}" of micro-batch ${microBatch} is [${found.join(", ")}], the schedule was made for [${tensor.dims.join(", ")}]`,
    hint: SIZES_HINT,
    exit: 1,
  };
}
