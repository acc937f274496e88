import type { Failure } from "../core/failure.js";
import { formatBytes, formatName, formatNs } from "../core/format.js";

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

/** An objective that not even one request alone can meet. */
export function objectiveImpossible(model: string, objectiveNs: number, aloneNs: number): Failure {
  return {
    code: "objective-impossible",
    where: formatName(model),
    message: `is to answer within ${formatNs(objectiveNs)}, but one request alone takes ${formatNs(aloneNs)} in its fastest variant`,
    hint: "give a longer objectiveMs in the arrivals file",
    exit: 1,
  };
}
