import { type Precision, precisionPlan } from "../kernels/precision.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { withHalves } from "../onnx/with-halves.js";

/**
 * A model as a GPU stores it with this arithmetic, with the bytes that estimates, memory and transfers count; itself, unless
 * its floats are stored as others. Requires: no merged operators. Cost: O(nodes + edges).
 */
export function storedModel(lowered: LoweredModel, precision: Precision): LoweredModel {
  return precisionPlan(precision).floats === "f16" ? withHalves(lowered) : lowered;
}
