/**
 * Schedules of merged windows. A start has every part on streams of its own, in the schedule of its model
 * alone; the operator search takes it from there, on the graph of all parts.
 */
import { USUAL_GRIDS } from "../cost/device-model.js";
import { subgraphOf } from "../ir/subgraph.js";
import { gpuBounds } from "../schedule/gpu-bounds.js";
import { blockDemand, type GpuProblem } from "../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import type { MergedWindow, WindowTask } from "../schedule/serving/merged-window.js";
import {
  type WindowPart,
  type WindowProblem,
  windowPartsOf,
  windowProblemOf,
} from "../schedule/serving/window-graph.js";
import { gpuMakespan } from "../schedule/simulate-gpu.js";
import { foldStreams } from "../search/operator/fold-streams.js";
import { searchGpu } from "../search/operator/gpu/gpu-search.js";
import { launchUnits } from "../search/operator/gpu/launch-units.js";
import { sideBySide } from "../search/operator/gpu/side-by-side.js";
import { searchOpara } from "../search/operator/opara.js";
import { composeSchedule } from "../search/operator/waits.js";

/** A task of a window with what is known of its model for its batch. */
export interface PlannedTask extends WindowTask {
  readonly problem: GpuProblem;
  /** Of the model alone. */
  readonly schedule: OperatorSchedule;
}

/** How much a window's schedule is searched. */
export interface WindowEffort {
  readonly seed: number;
  /** Ends of kernel phases. */
  readonly effort: number;
  /** Further starts. */
  readonly starts?: readonly OperatorSchedule[];
}

/** The problem of a window's parts. Cost: O(V + E). */
export function problemOfWindow(tasks: readonly PlannedTask[]): WindowProblem {
  return windowProblemOf(windowPartsOf(tasks), (task) => problemOf(tasks, task));
}

/** The window whose parts run next to each other as they would alone. Cost: a simulation. */
export function plainWindow(tasks: readonly PlannedTask[]): MergedWindow {
  const window = problemOfWindow(tasks);
  return windowWith(tasks, window.problem, startOf(tasks, window));
}

/**
 * The window with the best schedule that the operator search finds on the figures of the device as they are; never
 * longer than `plainWindow`, nor than its other starts. Cost: of the search.
 */
export function searchWindow(
  tasks: readonly PlannedTask[],
  { seed, effort, starts = [] }: WindowEffort,
): MergedWindow {
  const window = problemOfWindow(tasks);
  const { problem } = window;
  const units = launchUnits(problem);
  const all = [startOf(tasks, window), ...starts];
  const searched = units === undefined ? problem : units.problem;
  const found = searchGpu(searched, {
    rivals: [
      ...all.map((start) => units?.contract(start) ?? start),
      searchOpara(searched, { demand: ({ id }) => blockDemand(searched, id) }),
    ],
    seed,
    effort,
    streams: streamsOf(problem),
  });
  const windows = [units?.expand(found) ?? found, ...all].map((schedule) =>
    windowWith(tasks, problem, schedule),
  );
  return windows.reduce((best, each) => (each.periodNs < best.periodNs ? each : best));
}

/** The launches of a model's schedule that belong to a part, as a schedule of that part. */
export function scheduleOfPart(
  { problem, schedule }: PlannedTask,
  { operators }: WindowPart,
): OperatorSchedule {
  const number = new Map(operators.map((id, at) => [id, at]));
  const streamOf = new Int32Array(operators.length);
  const order = schedule.launches.flatMap(({ operator, stream }) => {
    const at = number.get(operator);
    if (at === undefined) {
      return [];
    }
    streamOf[at] = stream;
    return [at];
  });
  const graph = subgraphOf(problem.graph, operators);
  return composeSchedule(graph, schedule.algorithm, { order: Int32Array.from(order), streamOf });
}

function startOf(
  tasks: readonly PlannedTask[],
  { parts, joint, problem }: WindowProblem,
): OperatorSchedule {
  const own = parts.map((part) => scheduleOfPart(tasks[part.task] as PlannedTask, part));
  return foldStreams(problem, sideBySide(joint, own), streamsOf(problem));
}

function streamsOf({ device }: GpuProblem): number {
  return device.residentGrids ?? USUAL_GRIDS;
}

function problemOf(tasks: readonly PlannedTask[], task: number): GpuProblem {
  return (tasks[task] as PlannedTask).problem;
}

function windowWith(
  tasks: readonly PlannedTask[],
  problem: GpuProblem,
  schedule: OperatorSchedule,
): MergedWindow {
  const periodNs = gpuMakespan(problem.work, schedule);
  const { lowerBoundNs, boundedBy } = gpuBounds(problem);
  return {
    tasks: tasks.map(({ model, batch, parts }) => ({ model, batch, parts })),
    schedule,
    periodNs,
    lowerBoundNs,
    boundedBy,
    status: periodNs <= lowerBoundNs ? "optimal" : "bounded",
  };
}
