import type { GpuAlgorithm } from "../schedule/algorithm-names.js";
import type { GpuCandidates } from "../schedule/gpu-candidate.js";

/** One algorithm in the comparison. */
export interface ComparedAlgorithm {
  readonly algorithm: GpuAlgorithm;
  readonly predictedNs: number;
  /** Times faster than one stream. */
  readonly speedUp: number;
  /** The same over the range of what is assumed of the device; absent: nothing is. */
  readonly speedUpRange?: { readonly low: number; readonly high: number };
  readonly streams: number;
  readonly waits: number;
  /** Operators that are launched together with others; 0 without merges. */
  readonly mergedOperators: number;
  /** The excess over the lower bound of all schedules, as a share of that bound. */
  readonly boundGap: number;
  /** Time of the search itself, in milliseconds. */
  readonly searchMs: number;
}

/** All algorithms on one model and one GPU. */
export interface GpuComparison {
  readonly lowerBoundNs: number;
  readonly boundedBy: string;
  /** Largest least speed-up first, where something is assumed; then fastest prediction first. */
  readonly algorithms: readonly ComparedAlgorithm[];
  readonly refused: readonly { readonly algorithm: GpuAlgorithm; readonly reason: string }[];
}

/** The candidates of a search side by side; `searchMs` has the time that each search took. */
export function comparisonOf(
  { ranked, refused, bounds }: GpuCandidates,
  searchMs: ReadonlyMap<GpuAlgorithm, number>,
): GpuComparison {
  const sequential = ranked.find(({ algorithm }) => algorithm === "sequential");
  const rounded = (value: number, digits: number): number =>
    Math.round(value * 10 ** digits) / 10 ** digits;
  return {
    lowerBoundNs: bounds.lowerBoundNs,
    boundedBy: bounds.boundedBy,
    algorithms: ranked.map(
      ({ algorithm, schedule, predictedNs, merges, bounds: own, speedUp }) => ({
        algorithm,
        predictedNs,
        speedUp: rounded((sequential?.predictedNs ?? 0) / Math.max(1, predictedNs), 4),
        ...(speedUp && { speedUpRange: { low: speedUp.low, high: speedUp.high } }),
        streams: schedule.streams,
        waits: schedule.launches.reduce((sum, { waits }) => sum + waits.length, 0),
        mergedOperators: merges.reduce((sum, merge) => sum + merge.length, 0),
        boundGap: rounded(predictedNs / Math.max(1, own.lowerBoundNs) - 1, 4),
        searchMs: rounded(searchMs.get(algorithm) ?? 0, 3),
      }),
    ),
    refused: refused.map(({ algorithm, reason }) => ({ algorithm, reason: reason.message })),
  };
}
