import { basename } from "node:path";
import { fail, ok, type Result } from "../core/result.js";
import type { DeviceModel } from "../cost/device-model.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { profileDoesNotFit } from "../profile/failures.js";
import { gpuProfileInFile, type RecordedGpuProfile } from "./cuda/measure-on-cuda.js";

/**
 * The GPU profile in a file, whose figures replace those of the device model; `undefined` if none is named. It
 * must be of this model and of a GPU of the same kind.
 *
 * Fails: as `gpuProfileInFile`; `profile-stale` for another GPU.
 */
export function recordedGpuProfile(
  lowered: LoweredModel,
  path: string | undefined,
  device: DeviceModel,
): Result<RecordedGpuProfile | undefined> {
  if (path === undefined) {
    return ok(undefined);
  }
  const recorded = gpuProfileInFile(lowered, path, basename(path));
  if (!recorded.ok) {
    return recorded;
  }
  const { name, multiprocessors } = recorded.value.profile.device;
  return (isOfKind(name, device) && multiprocessors === device.sms) || name === device.product
    ? recorded
    : fail([profileDoesNotFit(path, "GPU", name, device.product)]);
}

/** Whether a GPU, by its driver's name, is of a device model's kind: "NVIDIA A100-PCIE-40GB" is an `a100-pcie-40gb`. */
export function isOfKind(gpu: string, device: DeviceModel): boolean {
  const words = new Set(wordsOf(gpu));
  return wordsOf(device.name).every((word) => words.has(word));
}

function wordsOf(name: string): readonly string[] {
  return name.toLowerCase().split(/[^a-z0-9]+/);
}
