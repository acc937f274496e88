/** Serving problems for tests. */
import type { Interference } from "../../src/schedule/gpu-work.js";
import type {
  BatchRun,
  LauncherPolicy,
  ModelPolicy,
  ServingDevice,
  ServingModel,
  ServingProblem,
  TaskProfile,
} from "../../src/schedule/serving/serving-model.js";
import { profileOfStages } from "../../src/schedule/serving/task-profile.js";

/** Kernels that do not disturb each other. */
export const NO_INTERFERENCE: Interference = { arithmetic: 0, mixed: 0, bandwidth: 0 };

/** A GPU without interference. */
export const QUIET_GPU: ServingDevice = { kind: "gpu", interference: NO_INTERFERENCE };

/** A stage: nanoseconds alone, and uses of the device. */
export interface StageOf {
  readonly ns: number;
  readonly share?: number;
  readonly arithmetic?: number;
  readonly bandwidth?: number;
}

/** A profile; a stage uses the whole device unless it says otherwise, and no arithmetic or bandwidth. */
export function profileOf(...stages: readonly StageOf[]): TaskProfile {
  return profileOfStages(
    stages.map((stage) => ({ share: 1, arithmetic: 0, bandwidth: 0, ...stage })),
  );
}

/** A run of a batch. */
export function runOf(batch: number, ...stages: readonly StageOf[]): BatchRun {
  return { batch, profile: profileOf(...stages), workspaceBytes: 0 };
}

/** A model with one variant. */
export function modelOf(...runs: readonly BatchRun[]): ServingModel {
  return { name: "m", residentBytes: 0, variants: [{ name: "v", runs }] };
}

/** Models on a device. */
export function problemOf(
  models: readonly ServingModel[],
  device: ServingDevice = QUIET_GPU,
): ServingProblem {
  return { device, models: models.map((model, at) => ({ ...model, name: `m${at}` })) };
}

/** A policy; each model launches at once, single requests, one task in flight, unless it says otherwise. */
export function policyOf(
  models: readonly Partial<ModelPolicy>[],
  inFlight?: number,
): LauncherPolicy {
  return {
    models: models.map((each) => ({
      periodNs: 0,
      batch: 1,
      concurrency: 1,
      variant: 0,
      ...each,
    })),
    ...(inFlight === undefined ? {} : { inFlight }),
  };
}
