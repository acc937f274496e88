/**
 * The library of a model: one variant for each way to schedule it, each with a task for every batch size.
 *
 * `sequential` leaves the most room to others and `wide` takes the most: Nimble's schedule, in which no two operators
 * that could run at the same time share a stream. `opara` is between them, `narrow` is Opara's schedule on two
 * streams, and `top-compile` what our search takes for a task alone. The pipelined ones have that schedule in two or
 * four parts, with at most one task of the model in each. Which of them is best depends on what
 * else is in flight: that is for the launcher to find out.
 */
import { invariant } from "../core/invariant.js";
import type { DeviceModel } from "../cost/device-model.js";
import type { MathMode } from "../cost/kernels/arithmetic.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { estimatedProblem } from "../schedule/estimated-problem.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { taskBytes, weightBytes } from "../schedule/serving/model-memory.js";
import { pipelineOf } from "../schedule/serving/pipelined-runs.js";
import { withOperatorNames } from "../schedule/serving/served-schedule.js";
import type { BatchRun, ServingModel, ServingVariant } from "../schedule/serving/serving-model.js";
import { taskProfileOf } from "../schedule/serving/task-profile.js";
import { searchGpuSchedules } from "../search/operator/gpu/gpu-candidates.js";
import { NIMBLE_MAXIMUM_OPERATORS } from "../search/operator/nimble.js";

/** Names of the ways in which a model is scheduled, in their order. */
export const SCHEDULE_NAMES = ["sequential", "narrow", "opara", "wide", "top-compile"] as const;

/** One of `SCHEDULE_NAMES`. */
export type ScheduleName = (typeof SCHEDULE_NAMES)[number];

/** Parts of the pipelined variants, by name. */
const PIPELINED = { "pipelined-2": 2, "pipelined-4": 4 } as const;

/** Names of the variants, in their order. */
export const VARIANT_NAMES: readonly string[] = [...SCHEDULE_NAMES, ...Object.keys(PIPELINED)];

/** A model lowered for a batch of inputs. */
export interface BatchedLowering {
  readonly batch: number;
  readonly lowered: LoweredModel;
}

/** Where the tasks of a library would run, and with how much search. */
export interface LibraryOptions {
  readonly device: DeviceModel;
  readonly math: MathMode;
  readonly seed: number;
}

/** Streams of the narrow variant. */
const NARROW = 2;

/** Work of each search, in ends of kernel phases: a thirtieth of what compiling one model takes. */
const EFFORT = 100_000;

/** A model for a batch on a device, with the schedule of every variant. */
export interface ScheduledBatch {
  readonly batch: number;
  readonly problem: GpuProblem;
  readonly workspaceBytes: number;
  readonly schedules: Readonly<Record<ScheduleName, OperatorSchedule>>;
}

/** A model with its variants, and what they were made from. */
export interface ServingLibrary {
  readonly model: ServingModel;
  /** By batch. */
  readonly batches: readonly ScheduledBatch[];
}

/**
 * The library of a model on a GPU known by its data sheet. Variants that are the same as an earlier one for
 * every batch are left out, so a chain has one schedule, and that in parts.
 *
 * Requires: batches ascending from 1, operators that a graph can capture.
 * Cost: of the searches: some ten milliseconds a batch for hundreds of operators.
 */
export function servingLibraryOf(
  name: string,
  lowerings: readonly BatchedLowering[],
  options: LibraryOptions,
): ServingLibrary {
  invariant(lowerings[0]?.batch === 1, "a library has tasks for one request");
  const batches = lowerings.map((each) => scheduledBatch(each, options));
  const variants: readonly ServingVariant[] = [
    ...SCHEDULE_NAMES.map((name) => ({ name, runs: batches.map((each) => runOf(each, name)) })),
    ...Object.entries(PIPELINED).map(([name, parts]) => ({
      name,
      runs: batches.map((each) => inParts(runOf(each, "top-compile"), parts)),
    })),
  ];
  const kept = variants.filter(
    ({ runs }, at) => !variants.slice(0, at).some((earlier) => areSame(earlier.runs, runs)),
  );
  const residentBytes = weightBytes(lowerings[0].lowered);
  return { model: { name, residentBytes, variants: kept }, batches };
}

/** The model of `servingLibraryOf` alone. */
export function servingModelOf(
  name: string,
  lowerings: readonly BatchedLowering[],
  options: LibraryOptions,
): ServingModel {
  return servingLibraryOf(name, lowerings, options).model;
}

function scheduledBatch(
  { batch, lowered }: BatchedLowering,
  { device, math, seed }: LibraryOptions,
): ScheduledBatch {
  const problem = estimatedProblem(lowered, device, math);
  const opara = scheduleBy(problem, "opara");
  const schedules = {
    sequential: scheduleBy(problem, "sequential"),
    narrow: scheduleBy(problem, "opara", { maxStreams: NARROW }),
    opara,
    wide:
      problem.graph.operators.length > NIMBLE_MAXIMUM_OPERATORS
        ? opara
        : scheduleBy(problem, "nimble"),
    "top-compile": scheduleBy(problem, "top-compile", { seed, effort: EFFORT }),
  };
  return { batch, problem, workspaceBytes: taskBytes(lowered), schedules };
}

function runOf(
  { batch, problem, workspaceBytes, schedules }: ScheduledBatch,
  name: ScheduleName,
): BatchRun {
  const schedule = schedules[name];
  const profile = taskProfileOf(problem.work, schedule);
  return { batch, profile, workspaceBytes, schedule: withOperatorNames(schedule, problem.graph) };
}

function inParts(run: BatchRun, parts: number): BatchRun {
  const pipeline = pipelineOf(run.profile, parts);
  return pipeline === undefined ? run : { ...run, pipeline };
}

function scheduleBy(
  problem: GpuProblem,
  algorithm: "sequential" | "opara" | "nimble" | "top-compile",
  limits: Parameters<typeof searchGpuSchedules>[1] = {},
): OperatorSchedule {
  // Ours starts from the schedules of the others.
  const algorithms = algorithm === "top-compile" ? (["opara", algorithm] as const) : [algorithm];
  const { ranked } = searchGpuSchedules(problem, { ...limits, algorithms });
  const found = ranked.find((candidate) => candidate.algorithm === algorithm);
  invariant(found !== undefined, `${algorithm} has a schedule for every model`);
  return found.schedule;
}

function areSame(a: readonly BatchRun[], b: readonly BatchRun[]): boolean {
  return a.every(({ profile, pipeline = [] }, at) => {
    const { profile: other, pipeline: cuts = [] } = b[at] ?? {};
    return (
      pipeline.join() === cuts.join() &&
      (["ns", "share", "arithmetic", "bandwidth"] as const).every((key) => {
        const [one, two] = [profile[key], other?.[key]];
        return one.length === two?.length && one.every((each, i) => each === two[i]);
      })
    );
  });
}
