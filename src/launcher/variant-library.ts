/**
 * The library of a model: one variant for each way to schedule it, each with a task for every batch size.
 *
 * `sequential` leaves the most room to others and `wide` takes the most: Nimble's schedule, in which no two operators
 * that could run at the same time share a stream. `opara` is between them, `narrow` is Opara's schedule on two
 * streams, `ios` that of IOS, and `top-compile` what our search takes for a task alone. The pipelined ones have that schedule in two or
 * four parts, with at most one task of the model in each. Which of them is best depends on what
 * else is in flight: that is for the launcher to find out.
 */
import { invariant, present } from "../core/invariant.js";
import type { DeviceModel } from "../cost/device-model.js";
import { estimatedProblem } from "../estimate/estimated-problem.js";
import type { Precision } from "../kernels/precision.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { GpuAlgorithm } from "../schedule/algorithm-names.js";
import type { GpuProblem } from "../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../schedule/operator-schedule.js";
import { taskBytes, weightBytes } from "../schedule/serving/model-memory.js";
import { pipelineOf } from "../schedule/serving/pipelined-runs.js";
import { withOperatorNames } from "../schedule/serving/served-schedule.js";
import type { BatchRun, ServingModel, ServingVariant } from "../schedule/serving/serving-model.js";
import { taskProfileOf } from "../schedule/serving/task-profile.js";
import {
  type GpuCandidateOptions,
  searchGpuSchedules,
} from "../search/operator/gpu/gpu-candidates.js";

/** Names of the ways in which a model is scheduled, in their order. */
export const SCHEDULE_NAMES = [
  "sequential",
  "narrow",
  "opara",
  "wide",
  "ios",
  "top-compile",
] as const;

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
  readonly math: Precision;
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
  /** None of IOS where a model has too many operators for it. */
  readonly schedules: Readonly<Record<Exclude<ScheduleName, "ios">, OperatorSchedule>> & {
    readonly ios?: OperatorSchedule;
  };
}

/** A model with its variants, and what they were made from. */
export interface ServingLibrary {
  readonly model: ServingModel;
  /** By batch. */
  readonly batches: readonly ScheduledBatch[];
}

/**
 * The library of a model on a GPU known by its data sheet. Variants that are the same as an earlier one for
 * every batch are left out, so a chain has one schedule, and that in parts; the earlier one has their names (`also`).
 *
 * Requires: batches ascending from 1, operators that a graph can capture.
 * Cost: of the searches: some ten milliseconds a batch for hundreds of operators; of IOS up to a second where graphs are
 * wide (a thousand operators).
 */
export function servingLibraryOf(
  name: string,
  lowerings: readonly BatchedLowering[],
  options: LibraryOptions,
): ServingLibrary {
  invariant(lowerings[0]?.batch === 1, "a library has tasks for one request");
  const batches = lowerings.map((each) => scheduledBatch(each, options));
  const variants: readonly ServingVariant[] = [
    ...SCHEDULE_NAMES.flatMap((name) => variantOf(batches, name) ?? []),
    ...Object.entries(PIPELINED).map(([name, parts]) => ({
      name,
      runs: batches.map((each) => inParts(runOf(each, each.schedules["top-compile"]), parts)),
    })),
  ];
  const residentBytes = weightBytes(lowerings[0].lowered);
  return { model: { name, residentBytes, variants: withoutSame(variants) }, batches };
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
  // Ours starts from the schedules of Opara and IOS.
  const limits = { seed, effort: EFFORT };
  const of = schedulesBy(problem, ["opara", "ios", "top-compile"], limits);
  const wide = schedulesBy(problem, ["nimble"])("nimble");
  const ios = of("ios");
  const schedules = {
    sequential: present(of("sequential"), "schedule"),
    narrow: present(schedulesBy(problem, ["opara"], { maxStreams: NARROW })("opara"), "schedule"),
    opara: present(of("opara"), "schedule"),
    wide: wide ?? present(of("opara"), "schedule"),
    ...(ios === undefined ? {} : { ios }),
    "top-compile": present(of("top-compile"), "schedule"),
  };
  return { batch, problem, workspaceBytes: taskBytes(lowered), schedules };
}

/** The variant of a schedule for every batch; `undefined`: there is none for some. */
function variantOf(
  batches: readonly ScheduledBatch[],
  name: ScheduleName,
): ServingVariant | undefined {
  const runs = batches.flatMap((each) => {
    const schedule = each.schedules[name];
    return schedule === undefined ? [] : [runOf(each, schedule)];
  });
  return runs.length < batches.length ? undefined : { name, runs };
}

function runOf(
  { batch, problem, workspaceBytes }: Omit<ScheduledBatch, "schedules">,
  schedule: OperatorSchedule,
): BatchRun {
  const profile = taskProfileOf(problem.work, schedule);
  return { batch, profile, workspaceBytes, schedule: withOperatorNames(schedule, problem.graph) };
}

function inParts(run: BatchRun, parts: number): BatchRun {
  const pipeline = pipelineOf(run.profile, parts);
  return pipeline === undefined ? run : { ...run, pipeline };
}

/** Schedules by algorithm; none of one that does not take so many operators. */
function schedulesBy(
  problem: GpuProblem,
  algorithms: readonly GpuAlgorithm[],
  limits: Omit<GpuCandidateOptions, "algorithms"> = {},
): (algorithm: GpuAlgorithm) => OperatorSchedule | undefined {
  const { ranked } = searchGpuSchedules(problem, { ...limits, algorithms });
  return (sought) => ranked.find(({ algorithm }) => algorithm === sought)?.schedule;
}

/** Each variant that is not the same as an earlier one, with the names of the later ones that are. */
function withoutSame(variants: readonly ServingVariant[]): readonly ServingVariant[] {
  const kept: { readonly first: ServingVariant; readonly also: string[] }[] = [];
  for (const variant of variants) {
    const same = kept.find(({ first }) => areSame(first.runs, variant.runs));
    if (same === undefined) {
      kept.push({ first: variant, also: [] });
    } else {
      same.also.push(variant.name);
    }
  }
  return kept.map(({ first, also }) => (also.length === 0 ? first : { ...first, also }));
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
