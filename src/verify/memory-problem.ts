import type { Failure } from "../core/failure.js";
import type { DeviceModel } from "../cost/device-model.js";
import type { Tensor } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { residentConstants } from "../onnx/resident-constants.js";
import { deviceMemoryExceeded } from "./failures.js";

/**
 * The reason why no schedule of a model fits into a device's memory: one tensor is too large, or all
 * constants together with the largest tensor are. `undefined` if there is no such reason, or if the
 * device's memory is not known.
 *
 * Cost: O(nodes + edges).
 */
export function memoryProblem(
  path: string,
  lowered: LoweredModel,
  device: DeviceModel,
): Failure | undefined {
  const single = tensorProblem(path, lowered, device);
  const { memoryBytes, product } = device;
  if (single !== undefined || memoryBytes === undefined) {
    return single;
  }
  const constants = residentConstants(lowered).reduce((sum, { bytes }) => sum + bytes, 0);
  const least = constants + (largestTensor(lowered)?.bytes ?? 0);
  return least > memoryBytes
    ? deviceMemoryExceeded(path, "its constants and its largest tensor have", least, {
        product,
        memoryBytes,
      })
    : undefined;
}

/** The same for a single tensor, which no cut into stages can mend. */
export function tensorProblem(
  path: string,
  lowered: LoweredModel,
  { memoryBytes, product }: DeviceModel,
): Failure | undefined {
  const largest = largestTensor(lowered);
  return largest !== undefined && memoryBytes !== undefined && largest.bytes > memoryBytes
    ? deviceMemoryExceeded(path, `tensor "${largest.name}" has`, largest.bytes, {
        product,
        memoryBytes,
      })
    : undefined;
}

function largestTensor({ graph: { tensors } }: LoweredModel): Tensor | undefined {
  const [first] = tensors;
  return first === undefined
    ? undefined
    : tensors.reduce((most, tensor) => (tensor.bytes > most.bytes ? tensor : most), first);
}
