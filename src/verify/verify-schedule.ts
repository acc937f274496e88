import type { ScheduleArtifact } from "../artifact/artifact.js";
import { readArtifact } from "../artifact/read-artifact.js";
import { graphOfTasks } from "../artifact/tasks-in-flight.js";
import type { Failure, Failures } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { estimateProblems } from "./estimate-problems.js";
import { scheduleBroken, sectionMissing } from "./failures.js";
import { handOverProblems } from "./hand-over-problems.js";
import { type ModelLoader, modelLoader } from "./load-model-of-artifact.js";
import { modelWithMerges } from "./merged-model.js";
import { operatorsProblems } from "./operators-problems.js";
import { provenanceProblems } from "./provenance-problems.js";
import { scheduleOfArtifact } from "./schedule-of-artifact.js";
import { storedAs } from "./stored-as.js";
import { workerPredictionProblems } from "./worker-prediction-problems.js";

/** An artifact that fits its model. */
export interface VerifiedSchedule {
  readonly artifact: ScheduleArtifact;
  /** With the merges of the artifact. */
  readonly lowered: LoweredModel;
  readonly schedule: OperatorSchedule;
}

/** Problems reported at most. */
const MOST_PROBLEMS = 20;

/**
 * Checks an artifact in a file against its model: see `verifyOperators`.
 *
 * The model is looked for under `model`, else by its recorded name in the artifact's folder.
 * Fails: `schedule-not-json`, `schedule-invalid`, and as `verifyOperators` and `modelLoader` do.
 */
export async function verifySchedule(
  file: string,
  model: string | undefined,
  allowExternal: readonly string[] = [],
): Promise<Result<VerifiedSchedule>> {
  const parsed = readArtifact(file);
  const load = modelLoader(file, model, allowExternal);
  return parsed.ok ? verifyOperators(parsed.value, file, load) : parsed;
}

/**
 * Checks the `operators` section of an artifact against its model, with code that shares nothing
 * with the search: every operator once, every dependency kept, all figures in agreement with each
 * other, and every predicted figure again, for a GPU that is known by its data sheet from the
 * device model and for a CPU from the costs that the artifact names.
 *
 * Fails: `schedule-without-section`, `schedule-broken` once per problem, at most twenty; as `load`
 * does.
 */
export async function verifyOperators(
  artifact: ScheduleArtifact,
  file: string,
  load: ModelLoader,
): Promise<Result<VerifiedSchedule>> {
  const { operators } = artifact;
  if (operators === undefined) {
    return fail([sectionMissing(file, "operators")]);
  }
  const contradictions = provenanceProblems(artifact);
  if (contradictions.length > 0) {
    return broken(file, contradictions);
  }
  const lowered = await load(artifact);
  if (!lowered.ok) {
    return lowered;
  }
  const { dims, tasks, gpu } = operators;
  const sizes = lowered.value.boundDims.map(({ name, size }) => ({ name, size }));
  if (JSON.stringify(dims) !== JSON.stringify(sizes)) {
    return broken(file, ["/operators/dims does not follow from the model and the options"]);
  }
  const merged = modelWithMerges(lowered.value, operators, file);
  if (!merged.ok) {
    return merged;
  }
  const { graph } = merged.value;
  const left = (tasks ?? [{ done: 0 }]).reduce(
    (sum, { done }) => sum + Math.max(0, graph.operators.length - done),
    0,
  );
  if (tasks !== undefined && left !== operators.launches.length) {
    const launches = `${operators.launches.length} launches`;
    return broken(file, [`${launches}, but its tasks have ${left} operators left`]);
  }
  const scheduled = tasks === undefined ? graph : graphOfTasks(graph, tasks).graph;
  const schedule = scheduleOfArtifact(operators, scheduled, file);
  if (!schedule.ok) {
    return schedule;
  }
  const stored = storedAs(artifact, lowered.value);
  const storedMerged = stored === lowered.value ? merged : modelWithMerges(stored, operators, file);
  if (!storedMerged.ok) {
    return storedMerged;
  }
  const inside = operatorsProblems(artifact);
  const wrong =
    inside.length > 0
      ? inside
      : gpu === undefined
        ? [
            ...(tasks === undefined ? handOverProblems(merged.value, schedule.value) : []),
            ...workerPredictionProblems(operators, scheduled, schedule.value),
          ]
        : estimateProblems(artifact, { plain: stored, merged: storedMerged.value }, schedule.value);
  return wrong.length > 0
    ? broken(file, wrong)
    : ok({ artifact, lowered: merged.value, schedule: schedule.value });
}

function broken(file: string, problems: readonly string[]): Result<never> {
  const failures = problems
    .slice(0, MOST_PROBLEMS)
    .map((problem): Failure => scheduleBroken(file, problem));
  return fail(failures as unknown as Failures);
}
