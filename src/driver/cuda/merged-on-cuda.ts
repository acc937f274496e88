import type { OperatorsSection } from "../../artifact/artifact.js";
import { invariant } from "../../core/invariant.js";
import { ok, type Result } from "../../core/result.js";
import type { DeviceModel } from "../../cost/device-model.js";
import { estimatedProblem } from "../../estimate/estimated-problem.js";
import { storedModel } from "../../estimate/stored-model.js";
import { withKernelList } from "../../onnx/fuse/fuse-operators.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { mergeOperators } from "../../onnx/merge-operators.js";
import { LEAST_DIFFERENCE } from "../../profile/timing.js";
import { GPU_ALGORITHMS } from "../../schedule/algorithm-names.js";
import { chooseMerges } from "../../search/operator/gpu/choose-merges.js";
import { MergeSpace } from "../../search/operator/gpu/merge-space.js";
import type { DriverContext } from "../context.js";
import { measureOnCuda } from "./measure-on-cuda.js";
import { type MeasuredSectionOptions, measuredSection } from "./measured-section.js";
import type { CudaTarget } from "./with-device.js";

/** A model to be measured with merges. */
export interface MergedRequest extends MeasuredSectionOptions {
  readonly original: LoweredModel;
  readonly target: CudaTarget;
  readonly remeasure: boolean;
  /** The GPU, for predictions. */
  readonly device: DeviceModel;
}

/**
 * The section with the merges that are predicted to help on this kind of GPU, measured; `undefined`
 * when there are none.
 *
 * Fails: as `measureOnCuda`.
 */
export async function mergedSection(
  request: MergedRequest,
  context: DriverContext,
): Promise<Result<OperatorsSection | undefined>> {
  const { target, device, algorithm, remeasure } = request;
  const original = withKernelList(request.original, target.fuse);
  const { precision } = target;
  const stored = storedModel(original, precision);
  const estimated = estimatedProblem(stored, device, precision);
  const merges = chooseMerges(new MergeSpace(estimated, stored, precision));
  if (merges.length === 0) {
    return ok(undefined);
  }
  const made = mergeOperators(original, merges);
  invariant(made.ok, "merges that were chosen can be made");
  const { lowered } = made.value;
  const profile = await measureOnCuda(lowered, target, { algorithm, remeasure }, context);
  return profile.ok
    ? measuredSection(request, { lowered, original, merges }, profile.value)
    : profile;
}

/** The section with merges if it is faster by more than the noise, with the same baselines. */
export function fasterSection(
  plain: OperatorsSection,
  merged: OperatorsSection | undefined,
): OperatorsSection {
  const { latencyNs } = plain;
  const ns = latencyNs.measured ?? latencyNs.sequentialMeasured ?? 0;
  const mergedNs =
    merged?.latencyNs.measured ?? merged?.latencyNs.sequentialMeasured ?? Number.POSITIVE_INFINITY;
  const margin = 1 - Math.max(LEAST_DIFFERENCE, plain.decision.noise ?? 0);
  if (merged === undefined || mergedNs >= ns * margin) {
    return plain;
  }
  const { sequentialPredicted, sequentialMeasured, eagerMeasured } = latencyNs;
  return {
    ...withoutRange(merged),
    decision: {
      ...merged.decision,
      reason: plain.decision.reason === "asked-for" ? "asked-for" : "fastest-measured",
    },
    latencyNs: {
      ...merged.latencyNs,
      sequentialPredicted,
      ...(sequentialMeasured === undefined ? {} : { sequentialMeasured }),
      ...(eagerMeasured === undefined ? {} : { eagerMeasured }),
    },
  };
}

/** The section without its range, which is over one stream of the model with merges. */
function withoutRange({ range: _, ...section }: OperatorsSection): OperatorsSection {
  const candidates = section.candidates.map(({ speedUp: __, ...candidate }) => candidate);
  const names: readonly string[] = GPU_ALGORITHMS;
  candidates.sort(
    (a, b) =>
      a.predictedNs - b.predictedNs || names.indexOf(a.algorithm) - names.indexOf(b.algorithm),
  );
  return { ...section, candidates };
}
