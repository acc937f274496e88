import type { ScheduleArtifact } from "../artifact/artifact.js";
import { storedModel } from "../estimate/stored-model.js";
import { precisionNamed } from "../kernels/precision.js";
import type { LoweredModel } from "../onnx/lowered-model.js";

/**
 * The model of an artifact with the bytes that its figures are of: as a GPU stores it where times are estimated, as it is where
 * they were measured. Requires: no merged operators. Cost: O(nodes + edges).
 */
export function storedAs(
  { provenance, device }: Pick<ScheduleArtifact, "provenance" | "device">,
  lowered: LoweredModel,
): LoweredModel {
  const precision = precisionNamed(provenance.options["math"]);
  return device?.source === "estimated" && precision !== undefined
    ? storedModel(lowered, precision)
    : lowered;
}
