/**
 * Tasks of a window cut into parts, by the pipeline search.
 *
 * Every task is cut into stages (GPG), and the device into as many lanes, each with an equal share of it. A stage on
 * its lane is a block, whose duration is that of its kernels with no more than that share; stages go to
 * lanes longest first, each to the lane with the least to do. One window is one micro-batch, so the pipeline
 * search finds the least period, and says how many periods each stage trails the first of its task: stages of one
 * shift are a part. The lanes with their order are a start for the operator search, which is free to leave
 * them.
 *
 * Source: periods, shifts and repetends as in Tessel (HPCA 2024); that TOP's merged graph is such a repetend
 * is our reading.
 */

import { type OperatorId, operatorId } from "../ir/operator-graph.js";
import type { Block, Dependency, Placement } from "../placement/placement.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import type { PeriodicSchedule } from "../schedule/pipeline-schedule.js";
import type { TaskProfile } from "../schedule/serving/serving-model.js";
import { taskProfileOf } from "../schedule/serving/task-profile.js";
import { windowProblemOf } from "../schedule/serving/window-graph.js";
import { composeSchedule } from "../search/operator/waits.js";
import { searchPipeline } from "../search/pipeline/algorithms.js";
import { type PlannedTask, problemOfWindow, scheduleOfPart } from "./make-window.js";

/** Cuts a model into so many stages: by operator its stage. `undefined`: it cannot be cut into so many. */
export type CutStages = (problem: GpuProblem, stages: number) => Int32Array | undefined;

/** Tasks with parts, and the lanes as a schedule of their window. */
export interface PipelinedTasks {
  readonly tasks: readonly PlannedTask[];
  readonly start: OperatorSchedule;
}

/** Micro-batches of the whole schedule, which is not used. */
const MICRO_BATCHES = 4;

/** A stage of a task on its lane. */
interface LaneBlock {
  readonly task: number;
  readonly stage: number;
  readonly operators: readonly OperatorId[];
  readonly ns: number;
  lane: number;
}

/**
 * The tasks cut into at most `stages` parts each; `undefined` where no model can be cut, or cutting does not help.
 *
 * Cost: of cutting each model once, and of the pipeline search.
 */
export function pipelinedTasks(
  tasks: readonly PlannedTask[],
  stages: number,
  cut: CutStages,
): PipelinedTasks | undefined {
  const blocks = blocksOf(tasks, stages, cut);
  assignLanes(blocks, stages);
  const placement = placementOf(blocks, stages);
  const found = ["top-compile", "modulo"] as const;
  const periodic = found
    .map((algorithm) => searchPipeline(algorithm, placement, MICRO_BATCHES, { effort: "quick" }))
    .flatMap((each) => (each.ok ? [each.value.periodic] : []))
    .find(({ microBatchesPerPeriod }) => microBatchesPerPeriod === 1);
  if (periodic === undefined || tasks.length === blocks.length) {
    return undefined;
  }
  const cutTasks = tasks.map((task, at): PlannedTask => {
    const own = blocks.flatMap((block, number) => (block.task === at ? [number] : []));
    return { ...task, parts: partsOf(own, blocks, periodic) };
  });
  return cutTasks.every(({ parts }) => parts.length === 1)
    ? undefined
    : { tasks: cutTasks, start: laneSchedule(cutTasks, blocks, periodic) };
}

function blocksOf(
  tasks: readonly PlannedTask[],
  stages: number,
  cut: CutStages,
): readonly LaneBlock[] {
  const known = new Map<GpuProblem, readonly Omit<LaneBlock, "task">[]>();
  return tasks.flatMap((task, at) => {
    const own = known.get(task.problem) ?? stagesOf(task, stages, cut);
    known.set(task.problem, own);
    return own.map((block) => ({ ...block, task: at }));
  });
}

function stagesOf(
  task: PlannedTask,
  stages: number,
  cut: CutStages,
): readonly Omit<LaneBlock, "task">[] {
  const { problem } = task;
  const stageOf = cut(problem, stages) ?? new Int32Array(problem.graph.operators.length);
  const members: OperatorId[][] = [];
  for (const [id, stage] of stageOf.entries()) {
    members[stage] ??= [];
    (members[stage] as OperatorId[]).push(operatorId(id));
  }
  return members.map((operators, stage) => {
    const part = { task: 0, shift: stage, operators };
    const { work } = windowProblemOf([part], () => problem).problem;
    const profile = taskProfileOf(work, scheduleOfPart(task, part));
    return { stage, operators, ns: laneNs(profile, stages), lane: 0 };
  });
}

/** What a profile takes on one of `lanes` equal shares of the device: integer nanoseconds. */
function laneNs({ ns, share, arithmetic, bandwidth }: TaskProfile, lanes: number): number {
  const sum = ns.reduce((total, each, at) => {
    const most = Math.max(share[at]!, arithmetic[at]!, bandwidth[at]!);
    return total + each * Math.max(1, lanes * most);
  }, 0);
  return Math.max(1, Math.ceil(sum));
}

function assignLanes(blocks: readonly LaneBlock[], lanes: number): void {
  const loads = new Float64Array(lanes);
  for (const block of [...blocks].sort((a, b) => b.ns - a.ns)) {
    const lane = loads.indexOf(Math.min(...loads));
    block.lane = lane;
    loads[lane]! += block.ns;
  }
}

function placementOf(blocks: readonly LaneBlock[], lanes: number): Placement {
  const used = Array.from({ length: lanes }, (_, lane) => lane).filter((lane) =>
    blocks.some((block) => block.lane === lane),
  );
  return {
    timeUnit: "ns",
    devices: used.map((lane) => ({ name: `lane${lane}`, memory: undefined })),
    blocks: blocks.map(
      ({ task, stage, ns, lane }): Block => ({
        id: `${task}/${stage}`,
        kind: "forward",
        devices: [used.indexOf(lane)],
        duration: ns,
        memory: 0,
        workspace: 0,
        operators: [],
      }),
    ),
    dependencies: blocks.flatMap(({ task }, to): Dependency[] =>
      to > 0 && blocks[to - 1]?.task === task ? [{ from: to - 1, to, latency: 0 }] : [],
    ),
    memoryRelease: "end",
  };
}

/** The operators of a task by the shifts of its stages, which never fall. */
function partsOf(
  own: readonly number[],
  blocks: readonly LaneBlock[],
  periodic: PeriodicSchedule,
): readonly (readonly OperatorId[])[] {
  const parts = new Map<number, OperatorId[]>();
  for (const number of own) {
    const shift = periodic.repetend[number]?.shift ?? 0;
    const part = [...(parts.get(shift) ?? []), ...(blocks[number]?.operators ?? [])];
    parts.set(shift, part);
  }
  return [...parts.values()].map((part) => part.sort((a, b) => a - b));
}

/** Every lane on streams of its own, its stages in the order of the repetend. */
function laneSchedule(
  tasks: readonly PlannedTask[],
  blocks: readonly LaneBlock[],
  { repetend }: PeriodicSchedule,
): OperatorSchedule {
  const { problem, joint, parts } = problemOfWindow(tasks);
  const blockOf = tasks.map(({ problem: { graph } }) => new Int32Array(graph.operators.length));
  for (const [number, { task, operators }] of blocks.entries()) {
    for (const id of operators) {
      blockOf[task]![id] = number;
    }
  }
  const places = tasks.map(({ schedule }) => {
    const own: { readonly position: number; readonly stream: number }[] = [];
    for (const [position, { operator, stream }] of schedule.launches.entries()) {
      own[operator] = { position, stream };
    }
    return own;
  });
  const widest = Math.max(...tasks.map(({ schedule }) => schedule.streams));
  const launches = Array.from(joint.task, (number, id) => {
    const { task, operators } = parts[number]!;
    const operator = operators[joint.origin[id]!]!;
    const block = blockOf[task]![operator]!;
    const { position, stream } = places[task]![operator]!;
    const offset = repetend[block]?.offset ?? 0;
    return { id, block, offset, position, stream: blocks[block]!.lane * widest + stream };
  });
  const streamOf = Int32Array.from(launches, ({ stream }) => stream);
  launches.sort((a, b) => a.offset - b.offset || a.block - b.block || a.position - b.position);
  const order = Int32Array.from(launches, ({ id }) => id);
  return composeSchedule(problem.graph, "lanes", { order, streamOf });
}
