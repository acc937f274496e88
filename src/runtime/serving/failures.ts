import type { Failure } from "../../core/failure.js";

/** ONNX Runtime refused a model, or failed, while requests were served. */
export function servingFailed(model: string, message: string): Failure {
  return {
    code: "serving-failed",
    where: model,
    message: `ONNX Runtime failed while requests were served: ${message}`,
    exit: 1,
  };
}
