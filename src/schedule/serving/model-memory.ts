/** Memory of models that are served. */
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { residentConstants } from "../../onnx/resident-constants.js";

/** Bytes of a model's weights. Cost: as `residentConstants`. */
export function weightBytes(lowered: LoweredModel): number {
  return residentConstants(lowered).reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Bytes of a task: every tensor that it reads or writes, at once. No schedule of any number of streams needs more.
 */
export function taskBytes({ graph }: LoweredModel): number {
  return graph.tensors.reduce((sum, { bytes }) => sum + bytes, 0);
}
