/** What a `launcher` section serves, worked out again from its models: schedules checked, then simulated. */
import type { ScheduleArtifact } from "../artifact/artifact.js";
import type {
  ArtifactBatchRun,
  ArtifactServedModel,
  LauncherSection,
} from "../artifact/launcher-section.js";
import { fail, ok, type Result } from "../core/result.js";
import type { DeviceModel } from "../cost/device-model.js";
import { isCapturable } from "../cost/kernels/operator-kernels.js";
import { estimatedProblem } from "../estimate/estimated-problem.js";
import { storedModel } from "../estimate/stored-model.js";
import type { Precision } from "../kernels/precision.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import { taskBytes, weightBytes } from "../schedule/serving/model-memory.js";
import type { BatchRun, ServingModel, TaskProfile } from "../schedule/serving/serving-model.js";
import { profileNs, profileOfStages, taskProfileOf } from "../schedule/serving/task-profile.js";
import { scheduleBroken } from "./failures.js";
import { isSame } from "./is-same.js";
import { namedSchedule } from "./schedule-of-artifact.js";

/** Loads a model of an artifact, by its position, for a batch. */
export type ServedModelLoader = (
  artifact: ScheduleArtifact,
  model: number,
  batch: number,
) => Promise<Result<LoweredModel>>;

/** A device that estimates are of. */
export interface EstimatedDevice {
  readonly model: DeviceModel;
  readonly math: Precision;
}

/** A served model with the problems that its profiles are from. */
export interface CheckedModel {
  readonly model: ServingModel;
  /** By batch. */
  readonly problems: ReadonlyMap<number, GpuProblem>;
}

/**
 * A served model with the profiles of its runs, from its schedules.
 *
 * Fails: as `load` does; `schedule-broken` for schedules that break a rule, and for figures that do not follow.
 */
export async function servedModel(
  artifact: ScheduleArtifact,
  { section, at }: { readonly section: LauncherSection; readonly at: number },
  device: EstimatedDevice,
  { file, load }: { readonly file: string; readonly load: ServedModelLoader },
): Promise<Result<CheckedModel>> {
  const served = section.models[at] as ArtifactServedModel;
  const batches = [...new Set(served.variants.flatMap(({ runs }) => runs.map((run) => run.batch)))];
  const lowered = new Map<number, Task>();
  for (const batch of batches) {
    const loaded = await load(artifact, at, batch);
    if (!loaded.ok) {
      return loaded;
    }
    const foreign = loaded.value.graph.operators.find((operator) => !isCapturable(operator));
    if (foreign !== undefined) {
      return broken(file, `operator "${foreign.name}" cannot be estimated`);
    }
    const stored = storedModel(loaded.value, device.math);
    const problem = estimatedProblem(stored, device.model, device.math);
    lowered.set(batch, { problem, workspaceBytes: taskBytes(stored) });
    if (batch === 1 && weightBytes(stored) !== served.residentBytes) {
      return broken(file, `/launcher/models/${at}/residentBytes does not follow from the model`);
    }
  }
  const [first] = lowered.values();
  if (first !== undefined && !isSame(first.problem.work.interference, interferenceOf(section))) {
    return broken(file, "/launcher/device does not follow from the device model");
  }
  const variants: ServingModel["variants"][number][] = [];
  for (const [number, { name, runs }] of served.variants.entries()) {
    const checked: BatchRun[] = [];
    for (const [i, run] of runs.entries()) {
      const place = `/launcher/models/${at}/variants/${number}/runs/${i}`;
      const one = servedRun(served, run, lowered.get(run.batch) as Task, { file, place });
      if (!one.ok) {
        return one;
      }
      checked.push(one.value);
    }
    variants.push({ name, runs: checked });
  }
  return ok({
    model: { name: served.model, residentBytes: served.residentBytes, variants },
    problems: new Map(Array.from(lowered, ([batch, { problem }]) => [batch, problem])),
  });
}

/** A model for a batch. */
interface Task {
  readonly problem: GpuProblem;
  readonly workspaceBytes: number;
}

function servedRun(
  { schedules }: ArtifactServedModel,
  run: ArtifactBatchRun,
  { problem, workspaceBytes }: Task,
  { file, place }: { readonly file: string; readonly place: string },
): Result<BatchRun> {
  const named = schedules[run.schedule ?? -1];
  if (named === undefined) {
    return broken(file, `${place} has no schedule`);
  }
  const schedule = namedSchedule({ algorithm: "", ...named }, problem.graph, file, place);
  if (!schedule.ok) {
    return schedule;
  }
  const profile = taskProfileOf(problem.work, schedule.value);
  if (run.aloneNs !== Math.round(profileNs(profile))) {
    return broken(file, `${place}/aloneNs does not follow from the schedule`);
  }
  if (run.workspaceBytes !== workspaceBytes) {
    return broken(file, `${place}/workspaceBytes does not follow from the model`);
  }
  const { batch, pipeline } = run;
  return isCut(profile, pipeline ?? [])
    ? ok({ batch, profile, workspaceBytes, ...(pipeline === undefined ? {} : { pipeline }) })
    : broken(file, `${place}/pipeline has a part that begins while something of the task runs`);
}

/** Whether parts begin behind stages that use nothing. */
function isCut({ share }: TaskProfile, begins: readonly number[]): boolean {
  return begins.every((begin) => begin === 0 || (begin < share.length && share[begin - 1] === 0));
}

function interferenceOf({ device }: LauncherSection): unknown {
  return device.kind === "gpu" ? device.interference : undefined;
}

/** The models of a section whose runs were measured: what it says of them is all that is known. */
export function measuredModels({ models }: LauncherSection): readonly ServingModel[] {
  return models.map(({ model, residentBytes, variants }) => ({
    name: model,
    residentBytes,
    variants: variants.map(({ name, runs }) => ({
      name,
      runs: runs.map(({ batch, workspaceBytes, stages, contention, records }) => ({
        batch,
        workspaceBytes,
        ...(contention === undefined ? {} : { contention }),
        ...(records === undefined ? {} : { records }),
        profile: profileOfStages(
          (stages?.ns ?? []).map((ns, at) => {
            return { ns, share: stages?.threads[at] ?? 0, arithmetic: 0, bandwidth: 0 };
          }),
        ),
      })),
    })),
  }));
}

function broken(file: string, problem: string): Result<never> {
  return fail([scheduleBroken(file, problem, "launch")]);
}
