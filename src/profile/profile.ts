import type { OperatorCosts, WorkerCosts } from "../cost/operator-costs.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import type { ImportRecord } from "./import-record.js";
import type { ProfileKey } from "./profile-key.js";

/** A summary of repeated timings of one thing: integer nanoseconds. */
export interface Timing {
  readonly medianNs: number;
  readonly p10Ns: number;
  readonly p90Ns: number;
  /** Samples kept. */
  readonly samples: number;
}

/** The measured time of one operator, run inside the whole model on one thread. */
export interface OperatorTiming extends Timing {
  /** The operator's unique name. */
  readonly name: string;
  /** Kernels whose time it was given: 0 when the optimizer removed it. */
  readonly kernels: number;
  /** True if it shares a kernel with others, so that its part of the kernel's time is estimated. */
  readonly shared: boolean;
  /**
   * The first operator, in the graph's order, of those fused with this one: cutting between them
   * takes a kernel apart. Absent: it is that first one itself, shares no kernel, or it is not known.
   */
  readonly fusedWith?: string;
}

/** The machine and the software that were measured. */
export interface ProfileDevice {
  readonly name: string;
  /** `imported`: another tool measured, and `imported` of the profile says which. */
  readonly source: "measured" | "imported";
  readonly logicalCores: number;
  readonly architecture: string;
  readonly node: string;
  readonly onnxruntime: string;
}

/** The method of measuring the operators, and how far the figures can be trusted. */
export interface OperatorMethod {
  readonly level: "all";
  readonly intraThreads: 1;
  readonly sessions: number;
  /** Runs of each session that were left out at its beginning, and that were kept. */
  readonly warmUpRuns: number;
  readonly keptRuns: number;
  /** A whole run of the model without the profiler, as long as the operators together. */
  readonly run: Timing;
  /** A run with the profiler on, divided by one without: the operators' times are corrected for it. */
  readonly profilerRatio: number;
  /** Part of the run that no operator could be given: it was spread over all of them (1 is everything). */
  readonly unattributedRatio: number;
  /** Part of the operators' time that comes from kernels shared by several operators. */
  readonly sharedRatio: number;
  /** Largest relative difference between the sessions' medians of the whole run. */
  readonly runDriftRatio: number;
  /** The 90 % quantile of the same over operators of 50 us and more; 0 without such operators. */
  readonly operatorDriftRatio: number;
}

/** A relative time: median of the ratios of neighboring runs, and its 95 % bootstrap interval. */
export interface RelativeTime {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Comparison of a run's outputs with those of the whole model on one thread. */
export interface OutputCheck {
  readonly identical: boolean;
  readonly maxAbsolute: number;
  readonly maxRelative: number;
}

/** A schedule that was executed. */
export interface ScheduleTiming {
  /** Digest of streams, launches and waits: see `scheduleDigest`. */
  readonly digest: string;
  readonly algorithm: string;
  readonly streams: number;
  readonly segments: number;
  readonly latency: Timing;
  /** Its time divided by that of the sequential baseline in the same round. */
  readonly relative: RelativeTime;
  readonly outputs: OutputCheck;
}

/** The ways in which ONNX Runtime alone runs the whole model. */
export type BaselineName = "sequential" | "sequential-again" | "all-cores" | "parallel";

/** A baseline: ONNX Runtime with the whole model on the calling thread. */
export interface BaselineTiming {
  readonly name: BaselineName;
  readonly intraThreads: number;
  readonly interThreads: number;
  readonly latency: Timing;
  readonly relative: RelativeTime;
  readonly outputs: OutputCheck;
}

/** Schedules and baselines that were measured together, in rotation. */
export interface ScheduleMeasurement {
  readonly rounds: number;
  readonly warmUpRounds: number;
  readonly seed: number;
  /**
   * Noise floor: the larger distance from 1 of the interval of `sequential-again`, the same thing
   * measured twice. Differences below it mean nothing.
   */
  readonly noiseRatio: number;
  readonly baselines: readonly BaselineTiming[];
  readonly schedules: readonly ScheduleTiming[];
}

/** Everything measured about one model on one machine. */
export interface Profile {
  readonly key: ProfileKey;
  readonly model: string;
  readonly device: ProfileDevice;
  /** Where imported figures come from; absent: they were measured by this tool. */
  readonly imported?: ImportRecord;
  /** Absent of imported figures. */
  readonly method?: OperatorMethod;
  /** In the order of the graph. */
  readonly operators: readonly OperatorTiming[];
  readonly workers: WorkerCosts;
  /** Absent until schedules were measured. */
  readonly measurement?: ScheduleMeasurement;
}

/**
 * The costs that a profile holds, in the order of the graph's operators.
 *
 * Requires: the profile is of this graph (`checkProfile`).
 */
export function operatorCostsOf(profile: Profile, graph: OperatorGraph): OperatorCosts {
  const byName = new Map(profile.operators.map(({ name, medianNs }) => [name, medianNs]));
  return {
    source: "measured",
    durationNs: Float64Array.from(graph.operators, ({ name }) => byName.get(name) ?? 0),
  };
}

/**
 * Operators that must not be cut apart, as numbers that those of one group share, in the order of
 * the graph. A profile that does not record what is fused puts every operator by itself.
 *
 * Requires: the profile is of this graph (`checkProfile`).
 */
export function fusedGroups(
  profile: {
    readonly operators: readonly { readonly name: string; readonly fusedWith?: string }[];
  },
  graph: OperatorGraph,
): Int32Array {
  const byName = new Map(graph.operators.map(({ name, id }) => [name, id]));
  const first = new Map(profile.operators.map(({ name, fusedWith }) => [name, fusedWith ?? name]));
  return Int32Array.from(
    graph.operators,
    ({ name, id }) => byName.get(first.get(name) ?? name) ?? id,
  );
}

/** The measured time of a schedule, if the profile has it. */
export function measuredSchedule(profile: Profile, digest: string): ScheduleTiming | undefined {
  return profile.measurement?.schedules.find((schedule) => schedule.digest === digest);
}
