/** What a model's operators and the ways between devices cost: measured on this CPU, or estimated for a GPU. */
import type { ArtifactDevice, ProvenanceInput } from "../../artifact/artifact.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { DeviceModel } from "../../cost/device-model.js";
import { isCapturable } from "../../cost/kernels/operator-kernels.js";
import type { MathMode } from "../../cost/kernels/product-kernels.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { fusedGroups, operatorCostsOf } from "../../profile/profile.js";
import type { DriverContext } from "../context.js";
import { estimatedProblem } from "../estimated-problem.js";
import { operatorsNotCapturable } from "../failures.js";
import { tensorProblem } from "../memory-problem.js";
import { obtainProfile, type ProfileSource } from "../obtain-profile.js";

/** The device that the operators' times are of. */
export type CostSource =
  | { readonly kind: "cpu"; readonly profile: ProfileSource; readonly deviceFile?: undefined }
  | {
      readonly kind: "model";
      readonly device: DeviceModel;
      /** The file of the device model; absent: it comes with the tool. */
      readonly deviceFile?: string | undefined;
      readonly math: MathMode;
    };

/** What lies between two devices. */
export interface Link {
  readonly bytesPerSecond: number;
  readonly latencyNs: number;
}

/** Costs of one model. */
export interface ModelCosts {
  readonly device: ArtifactDevice;
  readonly profileInput: ProvenanceInput | undefined;
  /** On one device of speed 1 while no other works; by operator id. */
  readonly durationNs: Float64Array;
  /** Between two operators of one device. */
  readonly gapNs: number;
  /** Operators that share a number must not be cut apart. */
  readonly groupOf: Int32Array;
  /** Fixed cost of running one stage for one micro-batch. */
  readonly stageNs: number;
  /** How many times longer work takes while this many devices are busy. */
  readonly slowdown: (busy: number) => number;
  /** What the reader of a tensor pays for taking it over, where nothing else is said about links. */
  readonly receive: Link;
  /** The link between devices where the user gives none and transfers go beside the computation. */
  readonly link: Link | undefined;
  /** From the end of a stage to the start of one on another device that waited for it. */
  readonly signalNs: number;
}

/** A PCIe 4.0 x16 link as it is reached in practice, for GPUs whose link is not given. */
const USUAL_LINK: Link = { bytesPerSecond: 25e9, latencyNs: 10_000 };

/**
 * The costs of a model.
 *
 * Fails: what measuring fails with; `operators-not-capturable`, `device-memory-exceeded` for a GPU.
 */
export async function modelCosts(
  lowered: LoweredModel,
  source: CostSource,
  seed: number,
  context: DriverContext,
): Promise<Result<ModelCosts>> {
  if (source.kind === "cpu") {
    return measuredCosts(lowered, source.profile, seed, context);
  }
  const refused = lowered.graph.operators.filter((operator) => !isCapturable(operator));
  const tooLarge = tensorProblem(lowered.model.path, lowered, source.device);
  if (tooLarge !== undefined) {
    return fail([tooLarge]);
  }
  return refused.length > 0
    ? fail([operatorsNotCapturable(lowered.model.path, refused)])
    : ok(estimatedCosts(lowered, source.device, source.math));
}

async function measuredCosts(
  lowered: LoweredModel,
  source: ProfileSource,
  seed: number,
  context: DriverContext,
): Promise<Result<ModelCosts>> {
  const obtained = await obtainProfile(lowered, source, seed, context);
  if (!obtained.ok) {
    return obtained;
  }
  const { profile, input } = obtained.value;
  const { workers, segmentNs, tensorNs, byteNs, signalNs, slowdown } = profile.workers;
  return ok({
    device: { name: profile.device.name, source: "measured" },
    profileInput: input,
    durationNs: operatorCostsOf(profile, lowered.graph).durationNs,
    gapNs: 0,
    groupOf: fusedGroups(profile, lowered.graph),
    stageNs: segmentNs,
    // More devices than workers were measured share them.
    slowdown: (busy) =>
      busy <= workers
        ? (slowdown[busy - 1] ?? 1)
        : ((slowdown[workers - 1] ?? 1) * busy) / Math.min(workers, profile.device.logicalCores),
    receive: { bytesPerSecond: 1e9 / byteNs, latencyNs: tensorNs },
    link: undefined,
    signalNs,
  });
}

/** The costs of a model on a GPU by its data sheet. Requires: operators that a graph can capture. */
export function estimatedCosts(
  lowered: LoweredModel,
  device: DeviceModel,
  math: MathMode,
): ModelCosts {
  return {
    device: { name: device.product, source: "estimated" },
    profileInput: undefined,
    durationNs: estimatedProblem(lowered, device, math).costs.durationNs,
    gapNs: device.launchGapNs,
    groupOf: Int32Array.from(lowered.graph.operators, (_, at) => at),
    stageNs: device.launchGapNs,
    slowdown: () => 1,
    receive: USUAL_LINK,
    link: USUAL_LINK,
    signalNs: 0,
  };
}
