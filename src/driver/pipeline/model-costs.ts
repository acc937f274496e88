import { fail, ok, type Result } from "../../core/result.js";
import type { DeviceModel } from "../../cost/device-model.js";
import { operatorsNotCapturable } from "../../cost/kernels/failures.js";
import { isCapturable } from "../../cost/kernels/operator-kernels.js";
import type { Precision } from "../../kernels/precision.js";
import { withKernelList } from "../../onnx/fuse/fuse-operators.js";
import type { FusionList } from "../../onnx/kernel-groups.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { listOfProfile } from "../../profile/gpu/gpu-profile.js";
import { measuredProblem } from "../../profile/gpu/measured-problem.js";
import { fusedGroups, operatorCostsOf } from "../../profile/profile.js";
import type { InputSource } from "../../runtime/input-source.js";
import { isPassed } from "../../runtime/tensor-data.js";
import {
  costCases,
  estimatedCosts,
  type ModelCosts,
  timesWithGaps,
  uncutGroups,
} from "../../staging/model-costs.js";
import { tensorProblem } from "../../verify/memory-problem.js";
import type { DriverContext } from "../context.js";
import type { RecordedGpuProfile } from "../cuda/measure-on-cuda.js";
import { measuredDevice } from "../measured-device.js";
import { obtainProfile, type ProfileSource } from "../obtain-profile.js";
import { recordedGpuProfile } from "../recorded-gpu-profile.js";

/** The device that the operators' times are of. */
export type CostSource =
  | { readonly kind: "cpu"; readonly profile: ProfileSource; readonly deviceFile?: undefined }
  | {
      readonly kind: "model";
      readonly device: DeviceModel;
      /** The file of the device model; absent: it comes with the tool. */
      readonly deviceFile?: string | undefined;
      readonly math: Precision;
      /** Which operators are computed together. */
      readonly fuse: FusionList;
      /** A recorded GPU profile, whose figures replace the estimates; absent: none. */
      readonly profile?: string | undefined;
    };

/**
 * The costs of a model; on a GPU by its data sheet, without a profile, as it is stored there (`storedModel`).
 *
 * Fails: as measuring does; `operators-not-capturable`, `device-memory-exceeded` for a GPU.
 */
export async function modelCosts(
  lowered: LoweredModel,
  source: CostSource,
  inputs: InputSource,
  context: DriverContext,
): Promise<Result<ModelCosts>> {
  if (source.kind === "cpu") {
    return measuredCosts(lowered, source.profile, inputs, context);
  }
  const refused = lowered.graph.operators.filter((operator) => !isCapturable(operator));
  const tooLarge = tensorProblem(lowered.model.path, lowered, source.device);
  if (tooLarge !== undefined) {
    return fail([tooLarge]);
  }
  if (refused.length > 0) {
    return fail([operatorsNotCapturable(lowered.model.path, refused)]);
  }
  const recorded = recordedGpuProfile(lowered, source.profile, source.device);
  if (!recorded.ok) {
    return recorded;
  }
  const listed = withKernelList(lowered, source.fuse);
  const estimated = estimatedCosts(listed, source.device, source.math);
  return ok(
    recorded.value === undefined ? estimated : recordedCosts(lowered, estimated, recorded.value),
  );
}

/** The costs on a GPU with what a profile has measured there; links are as usual. */
function recordedCosts(
  lowered: LoweredModel,
  estimated: ModelCosts,
  { profile, input }: RecordedGpuProfile,
): ModelCosts {
  const list = listOfProfile(profile.key);
  const listed = withKernelList(lowered, list);
  const { timesIfCut: _, ...others } = estimated;
  const problem = measuredProblem(profile, lowered);
  return {
    ...others,
    device: measuredDevice(profile),
    profileInput: input,
    math: profile.key.precision,
    durationNs: timesWithGaps(problem),
    cases: () => costCases(problem),
    groupOf: uncutGroups(fusedGroups(profile, lowered.graph), listed),
    fuse: list,
  };
}

async function measuredCosts(
  lowered: LoweredModel,
  source: ProfileSource,
  inputs: InputSource,
  context: DriverContext,
): Promise<Result<ModelCosts>> {
  const obtained = await obtainProfile(lowered, source, inputs, context);
  if (!obtained.ok) {
    return obtained;
  }
  const { profile, input } = obtained.value;
  const { workers, segmentNs, tensorNs, byteNs, signalNs, wakeNs, slowdown } = profile.workers;
  return ok({
    device: measuredDevice(profile),
    profileInput: input,
    durationNs: operatorCostsOf(profile, lowered.graph).durationNs,
    groupOf: fusedGroups(profile, lowered.graph),
    crosses: isPassed,
    stageNs: segmentNs,
    // More devices than workers were measured share them.
    slowdown: (busy) =>
      busy <= workers
        ? (slowdown[busy - 1] ?? 1)
        : ((slowdown[workers - 1] ?? 1) * busy) / Math.min(workers, profile.device.logicalCores),
    receive: { bytesPerSecond: 1e9 / byteNs, latencyNs: tensorNs },
    link: undefined,
    // A stage mostly waits for the one before it for so long that its worker goes to sleep.
    signalNs: signalNs + wakeNs,
  });
}
