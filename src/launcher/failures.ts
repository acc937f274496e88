import type { Failure } from "../core/failure.js";
import { formatBytes, formatName } from "../core/format.js";

/** Models whose weights, with one task in flight, are more than the device can hold. */
export function modelsExceedMemory(
  models: readonly string[],
  needBytes: number,
  device: { readonly name: string; readonly memoryBytes: number },
): Failure {
  const names = models.map(formatName).join(", ");
  return {
    code: "models-exceed-memory",
    where: `--device ${device.name}`,
    message: `${names} need ${formatBytes(needBytes)} together, with one task in flight; the device has ${formatBytes(device.memoryBytes)}`,
    hint: "serve fewer models, smaller batches, or on a device with more memory",
    exit: 1,
  };
}
