/**
 * Compiling for a GPU that is here, or for one that was measured elsewhere.
 *
 * The winner is the best measured: every algorithm's schedule is run against the one-stream CUDA
 * graph in the same rounds, and one that is not faster by more than the noise does not win. Schedules
 * whose outputs are not those of one stream are out of the race.
 */
import { basename } from "node:path";
import type { Provenance, ProvenanceInput, ScheduleArtifact } from "../../artifact/artifact.js";
import { encodeArtifact } from "../../artifact/artifact-format.js";
import { recordedSwitch } from "../../artifact/recorded-options.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { type GpuProfile, listOfProfile } from "../../profile/gpu/gpu-profile.js";
import type { GpuAlgorithm } from "../../schedule/algorithm-names.js";
import type { DriverContext } from "../context.js";
import { mergesNotMeasured } from "../failures.js";
import { measuredDevice } from "../measured-device.js";
import { type ModelJob, runModelJob } from "../model-job.js";
import { modelProvenance } from "../model-provenance.js";
import { sizesFrom } from "../sizes-from.js";
import { gpuProfileInFile, measureOnCuda } from "./measure-on-cuda.js";
import { measuredSection } from "./measured-section.js";
import { fasterSection, mergedSection } from "./merged-on-cuda.js";
import type { CudaTarget } from "./with-device.js";

/** A request to compile a model for a GPU from measurements. */
export interface CudaCompileRequest extends ModelJob {
  readonly target: CudaTarget;
  /** Only this algorithm, whatever is faster. */
  readonly algorithm: GpuAlgorithm | undefined;
  /** A recorded profile instead of the GPU. */
  readonly profile: string | undefined;
  /** Measure again even if a kept profile fits. */
  readonly remeasure: boolean;
  /** Measure the model with convolutions of one input computed together, too. */
  readonly mergeConvolutions: boolean;
}

/**
 * Compiles a model for a GPU from measurements and writes its artifact.
 *
 * Fails: as reading, lowering, measuring and writing do, `merges-not-measured`; nothing is
 * written then.
 */
export async function compileForCuda(
  request: CudaCompileRequest,
  context: DriverContext,
): Promise<Result<ScheduleArtifact>> {
  const { profile, target } = request;
  const job = { ...request, ...sizesFrom(profile, target.inputs) };
  return runModelJob(job, "top-compile/schedule", context, async (lowered) => {
    const artifact = await artifactOf(request, lowered, context);
    return artifact.ok
      ? ok({ value: artifact.value, text: encodeArtifact(artifact.value) })
      : artifact;
  });
}

async function artifactOf(
  request: CudaCompileRequest,
  lowered: LoweredModel,
  context: DriverContext,
): Promise<Result<ScheduleArtifact>> {
  if (request.mergeConvolutions && request.profile !== undefined) {
    return fail([mergesNotMeasured()]);
  }
  const recorded = await profileOf(request, lowered, context);
  if (!recorded.ok) {
    return recorded;
  }
  const { profile, input } = recorded.value;
  const options = {
    seed: request.target.inputs.seed,
    algorithm: request.algorithm,
    batch: request.batch?.batch,
  };
  const plain = measuredSection(options, { lowered, original: lowered, merges: [] }, profile);
  if (!plain.ok) {
    return plain;
  }
  const artifact = {
    provenance: provenanceOf(request, lowered, input, profile, context.tool),
    device: measuredDevice(profile),
    operators: plain.value,
  } satisfies ScheduleArtifact;
  if (!request.mergeConvolutions) {
    return ok(artifact);
  }
  const { remeasure } = request;
  const target = { ...request.target, ...layoutOf(profile) };
  const device = profile.deviceModel;
  const also = { original: lowered, target, device, remeasure };
  const merged = await mergedSection({ ...options, ...also }, context);
  return merged.ok
    ? ok({ ...artifact, operators: fasterSection(plain.value, merged.value) })
    : merged;
}

/** The layout that was measured to be the faster one, if it was: what is compared with it has the same. */
function layoutOf({ layouts }: GpuProfile): Pick<CudaTarget, "layout"> {
  return layouts === undefined ? {} : { layout: layouts.taken };
}

async function profileOf(
  { profile, target, algorithm, remeasure }: CudaCompileRequest,
  lowered: LoweredModel,
  context: DriverContext,
): Promise<Result<{ readonly profile: GpuProfile; readonly input: ProvenanceInput | undefined }>> {
  if (profile !== undefined) {
    return gpuProfileInFile(lowered, profile, basename(profile));
  }
  const measured = await measureOnCuda(lowered, target, { algorithm, remeasure }, context);
  return measured.ok ? ok({ profile: measured.value, input: undefined }) : measured;
}

function provenanceOf(
  { model, target, algorithm, dims, batch, mergeConvolutions }: CudaCompileRequest,
  lowered: LoweredModel,
  profile: ProvenanceInput | undefined,
  measured: GpuProfile,
  tool: string,
): Provenance {
  const { key, isVerified, layouts } = measured;
  const { seed, given } = target.inputs;
  const options = {
    device: "cuda",
    math: key.precision,
    estimateUnsupported: recordedSwitch(target.estimateUnsupported),
    fuse: listOfProfile(key),
    mergeConvolutions: recordedSwitch(mergeConvolutions),
    tensorLayout: layouts?.taken,
    verified: isVerified ? undefined : false,
    algorithm,
    batch: batch?.batch,
  };
  return modelProvenance({ model, files: [profile], given, dims, seed, options }, lowered, tool);
}
