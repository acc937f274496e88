import { GpuSharing } from "../gpu-sharing.js";
import { CpuSharing } from "./cpu-sharing.js";
import type { ServingDevice } from "./serving-model.js";
import type { TaskSharing } from "./task-sharing.js";

/** By stage, of all tasks that there can be. */
export interface StageUse {
  readonly share: Float64Array;
  readonly arithmetic: Float64Array;
  readonly bandwidth: Float64Array;
  /** See `BatchRun`. */
  readonly contention: readonly (readonly number[] | undefined)[];
}

/** The contention law of a device: that of the simulators of operator schedules. */
export function sharingOfDevice(device: ServingDevice, use: StageUse, most: number): TaskSharing {
  return device.kind === "gpu"
    ? new GpuSharing({ ...use, interference: device.interference }, most)
    : new CpuSharing(use, device, most);
}
