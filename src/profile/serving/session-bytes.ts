import type { LoweredModel } from "../../onnx/lowered-model.js";
import { residentConstants } from "../../onnx/resident-constants.js";

/**
 * Memory of a session with a task, about: its weights, which ONNX Runtime's sessions do not share, and every
 * tensor that the task reads or writes.
 */
export function sessionBytes(lowered: LoweredModel): number {
  const weights = residentConstants(lowered).reduce((sum, { bytes }) => sum + bytes, 0);
  return lowered.graph.tensors.reduce((sum, { bytes }) => sum + bytes, weights);
}
