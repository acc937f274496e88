/**
 * What a launcher decides about, and what its decisions cost: models with their variants, the device
 * that they share, and a policy.
 */
import type { GpuProblem } from "../gpu-problem.js";
import type { Interference } from "../gpu-work.js";
import type { MergedWindow } from "./merged-window.js";
import type { Reaction } from "./reaction.js";
import type { ServiceRecord } from "./service-record.js";

/**
 * What a task does to the device, as stages one after the other; by stage. A task is one launch of a
 * model for one batch of requests.
 */
export interface TaskProfile {
  /** Nanoseconds that it takes while the task has the device to itself. */
  readonly ns: Float64Array;
  /** Of a GPU: share of its capacity. Of a CPU: worker threads. 0: nothing runs, as between two kernels. */
  readonly share: Float64Array;
  /** Share of the device's arithmetic and bandwidth that it uses; 0 on a CPU, whose threads say it all. */
  readonly arithmetic: Float64Array;
  readonly bandwidth: Float64Array;
}

/** One launch of an operator schedule, with names instead of ids (`Launch`). */
export interface ServedLaunch {
  readonly operator: string;
  readonly stream: number;
  readonly waits: readonly string[];
  readonly record: boolean;
}

/** An operator schedule by the names of its operators. */
export interface ServedSchedule {
  readonly streams: number;
  readonly launches: readonly ServedLaunch[];
}

/** A task of one variant with one batch size. */
export interface BatchRun {
  readonly batch: number;
  readonly profile: TaskProfile;
  /** Memory that each task in flight holds. */
  readonly workspaceBytes: number;
  /**
   * On a CPU, measured: times that the task takes longer than alone while t threads are busy, its own among
   * them, at position t - 1; beyond the last in proportion to t. Absent: as the device says.
   */
  readonly contention?: readonly number[];
  /**
   * On a CPU, measured: how times vary, by sessions ascending. The profile's time is the least mean of them. Absent: they
   * do not.
   */
  readonly records?: readonly ServiceRecord[];
  /** What the profile is of; absent: it was measured, or made for a simulation. */
  readonly schedule?: ServedSchedule;
  /**
   * The task is pipelined: stages of the profile at which its parts begin, ascending from 0. At most one task of
   * the model is in each part. Absent: it is not.
   */
  readonly pipeline?: readonly number[];
}

/** One way to run a model: one operator schedule for each batch size. */
export interface ServingVariant {
  readonly name: string;
  /** Names of further ways to make schedules, which make the same ones for this model; absent: there are none. */
  readonly also?: readonly string[];
  /** By batch: ascending, the first of 1. */
  readonly runs: readonly BatchRun[];
}

/** A model that requests can be made to. */
export interface ServingModel {
  readonly name: string;
  /** Memory of its weights, held once. */
  readonly residentBytes: number;
  readonly variants: readonly ServingVariant[];
}

/** What tasks in flight share, and how they slow each other down. */
export type ServingDevice =
  | { readonly kind: "gpu"; readonly interference: Interference; readonly memoryBytes?: number }
  | {
      readonly kind: "cpu";
      /** Threads that run at the same time; more than these take turns. */
      readonly workers: number;
      /** Times that work takes longer while k threads are busy: index k - 1, first entry 1. */
      readonly slowdown: readonly number[];
      readonly memoryBytes?: number;
    };

/** The models and the device that they share. */
export interface ServingProblem {
  readonly device: ServingDevice;
  readonly models: readonly ServingModel[];
}

/** What a launcher decides for one model. */
export interface LaunchKnobs {
  /**
   * Least time from one launch of the model to the next. A launch that is due waits for requests
   * and for room in flight; 0: nothing but these is waited for.
   */
  readonly periodNs: number;
  /** Most requests in a task: fewer are taken where fewer wait, with the smallest batch that holds them. */
  readonly batch: number;
  /** Most tasks of the model in flight. */
  readonly concurrency: number;
  /** Position in `ServingModel.variants`. */
  readonly variant: number;
}

/** How a launcher treats the requests for one model. */
export interface ModelPolicy extends LaunchKnobs {
  /** How launches follow what waits; absent: they do not. */
  readonly reaction?: Reaction;
  /** Which requests are refused; absent: none. */
  readonly shed?: ShedRule;
}

/** A rule by which requests of a model are refused. */
export type ShedRule =
  /** Where `queue` requests wait already: the one that arrives, or the one that has waited longest. */
  | { readonly kind: "newest"; readonly queue: number }
  | { readonly kind: "oldest"; readonly queue: number }
  /**
   * Those that would be answered too late, when a task could take them. How long a task is expected to take is in
   * `expected-time.ts`.
   */
  | { readonly kind: "deadline"; readonly objectiveNs: number };

/** How a launcher treats all requests. */
export interface LauncherPolicy {
  /** By model. */
  readonly models: readonly ModelPolicy[];
  /** Most tasks in flight, of all models together; absent: no limit but the models' own. */
  readonly inFlight?: number;
  /**
   * Tasks are launched together, in windows that follow each other; then all models have the period of the windows,
   * and their batch and concurrency are what follows from its tasks. Absent: each by itself.
   */
  readonly window?: LauncherWindow;
}

/** A window that a launcher runs, with what its tasks do to the device. */
export interface LauncherWindow {
  readonly window: MergedWindow;
  /** By task of the window: its model for its batch. */
  readonly problems: readonly GpuProblem[];
}
