import type { Failure } from "../core/failure.js";
import type { DeviceModel } from "../cost/device-model.js";
import type { Tensor } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { residentConstants } from "../onnx/resident-constants.js";
import { deviceMemoryExceeded } from "./failures.js";

/**
 * Why a model cannot run on a device whatever the schedule: one tensor that the memory does not
 * hold, or all constants with the largest tensor beside them. `undefined`: nothing says so, or the
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

/** The same of a single tensor: what no cut into stages helps. */
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
