import type { Ratio } from "./max-cycle-ratio.js";
import type { Objective } from "./pipeline-objectives.js";
import type { PeriodicSchedule, PipelineSchedule } from "./pipeline-schedule.js";

/**
 * `optimal`: the lower bound is reached; `bounded`: it is proved, but not reached; `heuristic`:
 * nothing was tried to prove it. Of a period: the bound for any number of micro-batches per period, unrounded.
 */
export type SearchStatus = "optimal" | "bounded" | "heuristic";

/** Kinds of reasons why a period is not shorter. */
export const BOUND_KINDS = [
  "load",
  "recurrence",
  "memory",
  "loop",
  "configurations",
  "search",
] as const;

/** One of them. */
export type BoundKind = (typeof BOUND_KINDS)[number];

/** The reason why the period is not shorter. */
export interface TightBound {
  /**
   * `load`: a device; `recurrence`, `memory`: a chain of blocks; `loop`: blocks that wait for each other; `configurations`: all that the pipeline can be doing;
   * `search`: all else was tried.
   */
  readonly kind: BoundKind;
  /** Position in `Placement.devices`; absent where no single device is the reason. */
  readonly device?: number;
  /** Positions in `Placement.blocks`. */
  readonly blocks: readonly number[];
  /** For `configurations`: what a micro-batch of each part that nothing ties to the others counts, by first block; absent: one part. */
  readonly weights?: readonly number[];
  /**
   * For `memory` and `configurations`: positions of blocks over all devices that hold no memory. The reason is one of the others,
   * and the time of these comes besides. Absent: none.
   */
  readonly beside?: readonly number[];
}

/** The result of every pipeline algorithm. */
export interface PipelineOutcome {
  /** Its name on the command line. */
  readonly algorithm: string;
  readonly periodic: PeriodicSchedule;
  /** No schedule with the same `microBatchesPerPeriod` has a shorter period. Integer. */
  readonly periodLowerBound: number;
  /** No repeating schedule, with any number of micro-batches per period, takes less for each. */
  readonly boundEach: Ratio;
  /** `optimal`: the period takes `boundEach` for each micro-batch. */
  readonly status: SearchStatus;
  /**
   * No repeating schedule with up to so many micro-batches per period takes less for each: by search in full.
   * Absent: not proved, or optimal.
   */
  readonly leastUpTo?: number;
  /** What gives `boundEach`, and rounded up to whole periods `periodLowerBound`. */
  readonly boundedBy: TightBound;
  /** All requested micro-batches. */
  readonly whole: PipelineSchedule;
  /** No schedule of as many micro-batches is shorter. */
  readonly makespanLowerBound: number;
  readonly makespanStatus: SearchStatus;
  /** What the whole schedule was to be least in; absent: the makespan. */
  readonly objective?: Exclude<Objective, "makespan">;
  /** With `objective`: no schedule of as many micro-batches takes less; absent: what loads alone prove. */
  readonly objectiveLowerBound?: number;
  /** Work done, in the algorithm's own unit (nodes, states); what `--max-nodes` limits. */
  readonly nodes: number;
  /** Whether a limit left the proof open; for our search also whether its method did. */
  readonly isCutShort: boolean;
}
