/** The window of a recorded policy, from the names of its operators. */
import type { ArtifactWindow } from "../artifact/launcher-policies.js";
import type { Failure, Failures } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import type { OperatorId } from "../ir/operator-graph.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import type { WindowTask } from "../schedule/serving/merged-window.js";
import type { LauncherWindow } from "../schedule/serving/serving-model.js";
import { windowPartsOf, windowProblemOf } from "../schedule/serving/window-graph.js";
import { scheduleBroken } from "./failures.js";
import { namedSchedule } from "./schedule-of-artifact.js";
import { taskProblems, windowProblems } from "./window-problems.js";

/** What is known of the models that are served. */
export interface ServedModels {
  /** Names, in the order of the section. */
  readonly names: readonly string[];
  /** The problem of a model for a batch; `undefined`: it has no such batch. */
  readonly problemOf: (model: number, batch: number) => GpuProblem | undefined;
}

/** Faults reported at most. */
const MOST_PROBLEMS = 20;

/** Where a window stands. */
export interface WindowPlace {
  readonly file: string;
  readonly place: string;
}

/**
 * The window at `place`, whole and checked: its parts cut their models, its schedule runs all of them, and its period
 * with its bound is what the simulator and the bounds say.
 *
 * Fails: `schedule-broken` for every fault, at most twenty. Cost: as `windowProblems`.
 */
export function windowOfArtifact(
  recorded: ArtifactWindow,
  { names, problemOf }: ServedModels,
  { file, place }: WindowPlace,
): Result<LauncherWindow> {
  const broken = (problems: readonly string[]): Result<never> => {
    const failures = problems
      .slice(0, MOST_PROBLEMS)
      .map((problem): Failure => scheduleBroken(file, `${place}: ${problem}`, "launch"));
    return fail(failures as unknown as Failures);
  };
  const named = tasksOf(recorded, names, problemOf);
  if (!named.ok) {
    return broken([named.error]);
  }
  const tasks = named.value;
  const faults = taskProblems(tasks, problemOf);
  if (faults.length > 0) {
    return broken(faults);
  }
  const problems = tasks.map(({ model, batch }) => problemOf(model, batch) as GpuProblem);
  const { problem } = windowProblemOf(windowPartsOf(tasks), (task) => problems[task] as GpuProblem);
  const own = { algorithm: "", ...recorded.schedule };
  const schedule = namedSchedule(own, problem.graph, file, `${place}/schedule`);
  if (!schedule.ok) {
    return schedule;
  }
  const { periodNs, lowerBoundNs, boundedBy, status } = recorded;
  const window = { tasks, schedule: schedule.value, periodNs, lowerBoundNs, boundedBy, status };
  const wrong = windowProblems(window, problemOf);
  return wrong.length > 0 ? broken(wrong) : ok({ window, problems });
}

/** The tasks with the operators of their parts; else the first name that says nothing. */
function tasksOf(
  { tasks, schedule }: ArtifactWindow,
  names: readonly string[],
  problemOf: ServedModels["problemOf"],
):
  | { readonly ok: true; readonly value: readonly WindowTask[] }
  | { readonly ok: false; readonly error: string } {
  const models = tasks.map(({ model }) => names.indexOf(model));
  const ids = tasks.map(({ batch }, task) => idsOf(problemOf(models[task] ?? -1, batch)));
  const parts = tasks.map((task) => Array.from({ length: task.parts }, (): OperatorId[] => []));
  for (const [at, { operator }] of schedule.launches.entries()) {
    const place = placeOf(operator);
    const part = parts[place?.task ?? -1]?.[place?.part ?? -1];
    const id = ids[place?.task ?? -1]?.get(place?.name ?? "");
    if (part === undefined || id === undefined) {
      const error = `/schedule/launches/${at} names "${operator}", which no task of the window has`;
      return { ok: false, error };
    }
    part.push(id);
  }
  const sorted = tasks.map(({ batch }, task) => ({
    model: models[task] ?? -1,
    batch,
    parts: (parts[task] ?? []).map((part) => part.sort((a, b) => a - b)),
  }));
  return { ok: true, value: sorted };
}

/** The ids of operators by their names. */
function idsOf(problem: GpuProblem | undefined): ReadonlyMap<string, OperatorId> {
  return new Map(problem?.graph.operators.map(({ name, id }) => [name, id]));
}

/** Task, part and name of `task/part:name`. */
const OPERATOR = /^(0|[1-9]\d*)\/(0|[1-9]\d*):(.*)$/su;

function placeOf(
  operator: string,
): { readonly task: number; readonly part: number; readonly name: string } | undefined {
  const [, task, part, name = ""] = OPERATOR.exec(operator) ?? [];
  return task === undefined ? undefined : { task: Number(task), part: Number(part), name };
}
