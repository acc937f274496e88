import type { Placement } from "../../placement/placement.js";
import type { PeriodicSchedule } from "../../schedule/pipeline-schedule.js";
import type { PeriodBound } from "./lower-bounds.js";
import type { OnPipelineProgress } from "./progress.js";

/** Limits of a period search. */
export interface PeriodOptions {
  /** Placements of blocks tried at most, over all steps. */
  readonly maxNodes: number;
  readonly seed: number;
  /** Ends the search early with what is known. */
  readonly shouldStop?: () => boolean;
  readonly onProgress?: OnPipelineProgress | undefined;
  /** Micro-batches per period at most; default 3, and any number at once. */
  readonly maxMicroBatches?: number;
  /** Whether the placement is the twin of another, and needs none of its own; default false. */
  readonly isTwin?: boolean;
  /** Whether to look for less memory and latency at the best period; default true. */
  readonly polish?: boolean;
  /** Of `maxNodes`, at most so many for less memory, and for less latency; default: all that is left. */
  readonly memoryNodes?: number | undefined;
  /** Share of the work left for a period of several micro-batches; default 0.1. */
  readonly shareOfMore?: number | undefined;
  readonly latencyNodes?: number | undefined;
}

/** What a period search knows at its end. */
export interface PeriodResult {
  /**
   * `optimal`: the lower bound is reached, unrounded. `bounded`: it is not, but everything shorter may have been
   * searched in full, up to `exhaustedUpTo` micro-batches per period. `infeasible` is proved. `heuristic`: nothing
   * found.
   */
  readonly status: "optimal" | "bounded" | "heuristic" | "infeasible";
  readonly schedule: PeriodicSchedule | undefined;
  /** What less work would have given, where that is another. */
  readonly earlier: readonly PeriodicSchedule[];
  /** No schedule has less time per micro-batch than `numerator / denominator`. */
  readonly lowerBound: { readonly numerator: number; readonly denominator: number };
  /** What gives the lower bound; `undefined` without blocks. */
  readonly boundedBy: PeriodBound | undefined;
  /** Least period for one micro-batch per period is proved. */
  readonly leastForOne: boolean;
  /** No shorter time per micro-batch with up to so many per period: proved by search. 0: not proved. */
  readonly exhaustedUpTo: number;
  readonly nodes: number;
  /** Highest level per device; `undefined` where the placement leaves memory behind. */
  readonly peaks: readonly (number | undefined)[];
  /** The highest peak of all devices cannot be lower at this period and number of micro-batches. */
  readonly leastPeak: boolean;
  /** Longest time from the first start to the last end of a micro-batch. */
  readonly latency: number;
  /** It cannot be shorter at this period, peak and number of micro-batches. */
  readonly leastLatency: boolean;
  /** When infeasible: the least limits per device that may do; `undefined` where none does. */
  readonly leastMemory: readonly (number | undefined)[] | undefined;
}

/** Micro-batches per period that are tried, unless a search is told otherwise. */
export const DEFAULT_MICRO_BATCHES = 3;

/** What every period takes for each micro-batch, as times are integers. */
export const NO_BOUND = { numerator: 1, denominator: 1 };

/** The result where no schedule was found; `leastMemory`: none exists, and what limits may do. */
export function withoutSchedule(
  { devices }: Placement,
  bound: PeriodBound | undefined,
  nodes: number,
  leastMemory?: readonly (number | undefined)[],
): PeriodResult {
  const { numerator, denominator } = bound ?? NO_BOUND;
  return {
    status: leastMemory === undefined ? "heuristic" : "infeasible",
    schedule: undefined,
    earlier: [],
    lowerBound: { numerator, denominator },
    boundedBy: bound,
    leastForOne: false,
    exhaustedUpTo: 0,
    nodes,
    peaks: devices.map(() => undefined),
    leastPeak: false,
    latency: 0,
    leastLatency: false,
    leastMemory,
  };
}
