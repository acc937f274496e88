import { ok, type Result } from "../../core/result.js";
import type { GpuProfile } from "../../profile/gpu/gpu-profile.js";
import { encodeGpuProfile } from "../../profile/gpu/gpu-profile-format.js";
import type { DriverContext } from "../context.js";
import { type ModelJob, runModelJob } from "../model-job.js";
import { sizesFrom } from "../sizes-from.js";
import { measureOnCuda } from "./measure-on-cuda.js";
import type { CudaTarget } from "./with-device.js";

/** A request to measure a model on a GPU and write its profile. */
export interface CudaProfileRequest extends ModelJob {
  readonly target: CudaTarget;
}

/** `profile` always measures again; compiles that follow use the new figures. */
const FRESH = { algorithm: undefined, remeasure: true } as const;

/**
 * Measures a model on a GPU, its best schedules and the baselines included, and writes the profile:
 * everything that a compile elsewhere needs.
 *
 * Fails: as reading, lowering, measuring and writing do; nothing is written then.
 */
export async function profileOnCuda(
  request: CudaProfileRequest,
  context: DriverContext,
): Promise<Result<GpuProfile>> {
  const job = { ...request, ...sizesFrom(undefined, request.target.inputs) };
  return runModelJob(job, "top-compile/gpu-profile", context, async (lowered) => {
    const profile = await measureOnCuda(lowered, request.target, FRESH, context);
    return profile.ok
      ? ok({ value: profile.value, text: encodeGpuProfile(profile.value) })
      : profile;
  });
}
