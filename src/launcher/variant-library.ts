/**
 * The library of a model: one variant for each way to schedule it, each with a task for every batch size.
 *
 * `sequential` leaves the most room to others and `wide` takes the most: Nimble's schedule, in which no two operators
 * that could run at the same time share a stream. `opara` is between them, `narrow` is Opara's schedule on two
 * streams, and `top-compile` what our search takes for a task alone. Which of them is best depends on what
 * else is in flight: that is for the launcher to find out.
 */
import { invariant } from "../core/invariant.js";
import type { DeviceModel } from "../cost/device-model.js";
import type { MathMode } from "../cost/kernels/arithmetic.js";
import type { OperatorGraph, OperatorId } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { estimatedProblem } from "../schedule/estimated-problem.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { taskBytes, weightBytes } from "../schedule/serving/model-memory.js";
import type { BatchRun, ServedSchedule, ServingModel } from "../schedule/serving/serving-model.js";
import { taskProfileOf } from "../schedule/serving/task-profile.js";
import { searchGpuSchedules } from "../search/operator/gpu/gpu-candidates.js";
import { NIMBLE_MAXIMUM_OPERATORS } from "../search/operator/nimble.js";

/** Names of the variants, in their order. */
export const VARIANT_NAMES = ["sequential", "narrow", "opara", "wide", "top-compile"] as const;

/** One of `VARIANT_NAMES`. */
export type VariantName = (typeof VARIANT_NAMES)[number];

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

/**
 * The library of a model on a GPU known by its data sheet. Variants that are the same as an earlier one for
 * every batch are left out, so a chain has one.
 *
 * Requires: batches ascending from 1, operators that a graph can capture.
 * Cost: of the searches: some ten milliseconds a batch for hundreds of operators.
 */
export function servingModelOf(
  name: string,
  batches: readonly BatchedLowering[],
  options: LibraryOptions,
): ServingModel {
  invariant(batches[0]?.batch === 1, "a library has tasks for one request");
  const libraries = batches.map((each) => tasksOf(each, options));
  const variants = VARIANT_NAMES.map((variant) => ({
    name: variant,
    runs: libraries.map((tasks) => tasks[variant]),
  }));
  const kept = variants.filter(
    ({ runs }, at) => !variants.slice(0, at).some((earlier) => areSame(earlier.runs, runs)),
  );
  return { name, residentBytes: weightBytes(batches[0].lowered), variants: kept };
}

function tasksOf(
  { batch, lowered }: BatchedLowering,
  { device, math, seed }: LibraryOptions,
): Readonly<Record<VariantName, BatchRun>> {
  const problem = estimatedProblem(lowered, device, math);
  const workspaceBytes = taskBytes(lowered);
  const task = (schedule: OperatorSchedule): BatchRun => {
    const profile = taskProfileOf(problem.work, schedule);
    return { batch, profile, workspaceBytes, schedule: withNames(schedule, problem.graph) };
  };
  const opara = scheduleBy(problem, "opara");
  const isLarge = problem.graph.operators.length > NIMBLE_MAXIMUM_OPERATORS;
  return {
    sequential: task(scheduleBy(problem, "sequential")),
    narrow: task(scheduleBy(problem, "opara", { maxStreams: NARROW })),
    opara: task(opara),
    wide: task(isLarge ? opara : scheduleBy(problem, "nimble")),
    "top-compile": task(scheduleBy(problem, "top-compile", { seed, effort: EFFORT })),
  };
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
  return a.every(({ profile }, at) => {
    const other = b[at]?.profile;
    return (["ns", "share", "arithmetic", "bandwidth"] as const).every((key) => {
      const [one, two] = [profile[key], other?.[key]];
      return one.length === two?.length && one.every((each, i) => each === two[i]);
    });
  });
}

function withNames(
  { streams, launches }: OperatorSchedule,
  { operators }: OperatorGraph,
): ServedSchedule {
  const name = (id: OperatorId): string => operators[id]?.name ?? "";
  return {
    streams,
    launches: launches.map(({ operator, stream, waits, record }) => ({
      operator: name(operator),
      stream,
      waits: waits.map(name),
      record,
    })),
  };
}
