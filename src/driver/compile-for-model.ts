/**
 * Compiling for a GPU that is known by its data sheet: nothing is measured, everything is estimated
 * and marked so, unless a recorded profile has the figures.
 */
import type { Provenance, ScheduleArtifact } from "../artifact/artifact.js";
import { encodeArtifact } from "../artifact/artifact-format.js";
import { gpuSectionOf } from "../artifact/gpu-section-of.js";
import { inputOf } from "../artifact/input-of.js";
import { recordedSwitch } from "../artifact/recorded-options.js";
import { fail, ok, type Result } from "../core/result.js";
import { COST_MODEL_VERSION } from "../cost/cost-model-version.js";
import type { DeviceModel } from "../cost/device-model.js";
import { estimatedProblem } from "../estimate/estimated-problem.js";
import { storedModel } from "../estimate/stored-model.js";
import type { Precision } from "../kernels/precision.js";
import { withKernelList } from "../onnx/fuse/fuse-operators.js";
import type { FusionList } from "../onnx/kernel-groups.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { listOfProfile } from "../profile/gpu/gpu-profile.js";
import { measuredProblem } from "../profile/gpu/measured-problem.js";
import { comparisonOf, type GpuComparison } from "../report/gpu-comparison.js";
import type { GpuAlgorithm } from "../schedule/algorithm-names.js";
import { algorithmRefused } from "../search/operator/failures.js";
import { MergeSpace } from "../search/operator/gpu/merge-space.js";
import { memoryProblem } from "../verify/memory-problem.js";
import { checkEstimable } from "./check-estimable.js";
import { nowMs } from "./clock.js";
import type { DriverContext } from "./context.js";
import type { RecordedGpuProfile } from "./cuda/measure-on-cuda.js";
import { mergesNotMeasured } from "./failures.js";
import { measuredDevice } from "./measured-device.js";
import { type ModelJob, runModelJob } from "./model-job.js";
import { modelProvenance } from "./model-provenance.js";
import { recordedGpuProfile } from "./recorded-gpu-profile.js";
import { searchOnGpu } from "./search-on-gpu.js";
import { sizesFrom } from "./sizes-from.js";

/** A request to compile a model for a GPU known by its data sheet. */
export interface ModelCompileRequest extends ModelJob {
  readonly seed: number;
  readonly algorithm: GpuAlgorithm | undefined;
  readonly device: DeviceModel;
  /** The file of the device model; absent: it comes with the tool. */
  readonly deviceFile?: string | undefined;
  readonly math: Precision;
  /** Which operators are computed together; a recorded profile has its own list. */
  readonly fuse: FusionList;
  /** A recorded GPU profile, whose figures replace the estimates. */
  readonly profile?: string;
  /** Take operators of unknown type as copies of their bytes. */
  readonly estimateUnsupported?: boolean;
  /** Search with all algorithms even if `algorithm` names one. */
  readonly compare?: boolean;
  /** Let the search compute convolutions of one input together. */
  readonly mergeConvolutions?: boolean;
  /** Most streams, if fewer than the device runs. */
  readonly maxStreams?: number;
  /** Progress of each task in flight, in [0, 1); absent: one inference from its start. */
  readonly progress?: readonly number[];
}

/** The artifact that was written, and the comparison, which is not part of it. */
export interface CompiledForModel {
  readonly artifact: ScheduleArtifact;
  readonly comparison: GpuComparison;
}

/**
 * Compiles a model for a device model and writes its artifact.
 *
 * Fails: as reading, lowering and writing do; `operators-not-capturable`.
 */
export async function compileForModel(
  request: ModelCompileRequest,
  context: DriverContext,
): Promise<Result<CompiledForModel>> {
  const { profile, seed, given } = request;
  const job = { ...request, ...sizesFrom(profile, { seed, given }), cannotBranch: true };
  return runModelJob(job, "top-compile/schedule", context, async (lowered) => {
    const compiled = await compiledFor(request, lowered, context.tool);
    return compiled.ok
      ? ok({ value: compiled.value, text: encodeArtifact(compiled.value.artifact) })
      : compiled;
  });
}

async function compiledFor(
  request: ModelCompileRequest,
  model: LoweredModel,
  tool: string,
): Promise<Result<CompiledForModel>> {
  const { device, algorithm, seed, math, progress } = request;
  const recorded = recordedGpuProfile(model, request.profile, device);
  if (!recorded.ok) {
    return recorded;
  }
  const profile = recorded.value?.profile;
  const plain = profile === undefined ? storedModel(model, math) : model;
  const list = profile === undefined ? request.fuse : listOfProfile(profile.key);
  const lowered = withKernelList(plain, list);
  const mayBeUnknown = profile !== undefined || request.estimateUnsupported === true;
  const estimable = checkEstimable(request.model, plain, mayBeUnknown);
  if (!estimable.ok) {
    return estimable;
  }
  const single =
    profile === undefined
      ? estimatedProblem(lowered, device, math)
      : measuredProblem(profile, lowered);
  if (request.mergeConvolutions === true && profile !== undefined) {
    return fail([mergesNotMeasured()]);
  }
  const tooLarge = memoryProblem(request.model, lowered, device);
  if (tooLarge !== undefined) {
    return fail([tooLarge]);
  }
  const searchMs = new Map<GpuAlgorithm, number>();
  const { candidates, tasksOf } = await searchOnGpu(single, {
    seed,
    progress,
    ...(request.maxStreams === undefined ? {} : { maxStreams: request.maxStreams }),
    merging: request.mergeConvolutions === true ? new MergeSpace(single, lowered, math) : undefined,
    ...(algorithm === undefined || request.compare === true ? {} : { algorithms: [algorithm] }),
    ...(request.compare === true ? { around: timed(searchMs) } : {}),
  });
  const reason = candidates.refused.find((each) => each.algorithm === algorithm)?.reason;
  if (algorithm !== undefined && reason !== undefined) {
    return fail([algorithmRefused(algorithm, reason)]);
  }
  const artifact: ScheduleArtifact = {
    provenance: provenanceOf(request, lowered, recorded.value, tool),
    device:
      profile === undefined
        ? { name: device.product, source: "estimated", costModel: COST_MODEL_VERSION }
        : measuredDevice(profile),
    operators: gpuSectionOf({
      graph: lowered.graph,
      candidates,
      algorithm,
      boundDims: lowered.boundDims,
      batch: request.batch?.batch,
      tasksOf,
    }),
  };
  return ok({ artifact, comparison: comparisonOf(candidates, searchMs) });
}

/** Records the duration of each search. */
function timed(searchMs: Map<GpuAlgorithm, number>) {
  return <T>(name: GpuAlgorithm, search: () => T): T => {
    const start = nowMs();
    const found = search();
    searchMs.set(name, nowMs() - start);
    return found;
  };
}

function provenanceOf(
  request: ModelCompileRequest,
  lowered: LoweredModel,
  recorded: RecordedGpuProfile | undefined,
  tool: string,
): Provenance {
  const { model, device, deviceFile, algorithm, seed, dims, batch, progress, maxStreams } = request;
  const files = [
    recorded?.input,
    deviceFile === undefined ? undefined : inputOf("device", deviceFile),
  ];
  const options = {
    device: device.name,
    math: recorded?.profile.key.precision ?? request.math,
    estimateUnsupported: recordedSwitch(request.estimateUnsupported),
    fuse: lowered.fused?.list ?? "none",
    mergeConvolutions: recordedSwitch(request.mergeConvolutions),
    algorithm,
    batch: batch?.batch,
    maxStreams,
    progress: progress?.map(String),
  };
  return modelProvenance(
    { model, files, given: request.given, dims, seed, options },
    lowered,
    tool,
  );
}
