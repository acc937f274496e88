import type { ScheduleArtifact } from "../artifact/artifact.js";
import { fail, ok, type Result } from "../core/result.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { scheduleBroken, sectionMissing } from "./failures.js";
import { loadModel, loadModelForBatch } from "./load-model.js";
import { modelWithMerges } from "./merged-model.js";
import { modelOfArtifact } from "./model-of-artifact.js";
import { readArtifact } from "./read-artifact.js";
import { scheduleOfArtifact } from "./schedule-of-artifact.js";
import { graphOfTasks } from "./tasks-in-flight.js";

/** An artifact that fits its model. */
export interface VerifiedSchedule {
  readonly artifact: ScheduleArtifact;
  /** With the merges of the artifact. */
  readonly lowered: LoweredModel;
  readonly schedule: OperatorSchedule;
}

/**
 * Checks an artifact against its model, with code that shares nothing with the search: the model's
 * digest, every operator once, every dependency kept.
 *
 * Fails: as `readArtifact` and `modelOfArtifact`, `schedule-without-section`, `schedule-broken`, and
 * what reading the model fails with.
 */
export async function verifySchedule(
  file: string,
  model: string | undefined,
): Promise<Result<VerifiedSchedule>> {
  const parsed = readArtifact(file);
  if (!parsed.ok) {
    return parsed;
  }
  const artifact = parsed.value;
  if (artifact.operators === undefined) {
    return fail([sectionMissing(file, "operators")]);
  }
  const path = modelOfArtifact(file, model, artifact);
  if (!path.ok) {
    return path;
  }
  const dims = new Map(artifact.operators.dims.map(({ name, size }) => [name, size]));
  const { batch, tasks } = artifact.operators;
  const lowered =
    batch === undefined
      ? await loadModel(path.value, dims)
      : await loadModelForBatch(path.value, dims, { batch, mayRewrite: true });
  if (!lowered.ok) {
    return lowered;
  }
  const merged = modelWithMerges(lowered.value, artifact.operators, file);
  if (!merged.ok) {
    return merged;
  }
  const { graph } = merged.value;
  const left = (tasks ?? [{ done: 0 }]).reduce(
    (sum, { done }) => sum + Math.max(0, graph.operators.length - done),
    0,
  );
  if (tasks !== undefined && left !== artifact.operators.launches.length) {
    const launches = `${artifact.operators.launches.length} launches`;
    return fail([scheduleBroken(file, `${launches}, but its tasks have ${left} operators left`)]);
  }
  const scheduled = tasks === undefined ? graph : graphOfTasks(graph, tasks).graph;
  const schedule = scheduleOfArtifact(artifact.operators, scheduled, file);
  return schedule.ok ? ok({ artifact, lowered: merged.value, schedule: schedule.value }) : schedule;
}
