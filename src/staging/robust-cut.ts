/**
 * The cut where GPUs are not known exactly: the one that gains most in the worst case.
 *
 * A cut that balances the stages with the figures that are used may be uneven with others: a stage of
 * many small kernels grows with gaps, one of a few large kernels does not. So the scenario under which the
 * cut gains least is taken for the truth and the model is cut once more, then with times between the two: a cut that
 * is even there may be too uneven with the usual figures. The one is taken whose slowest stage is, in its worst case,
 * the smallest share of the time on one device.
 *
 * Example: twelve kernels of 2 us, then two of 12 us, on two devices, with gaps that may take nothing or 1 us. Cut
 * behind all the small ones both stages take 24 us of 48, or 36 and 26 of 62: 1.72x at worst. Even with gaps is ten
 * small ones beside the rest, 1.71x without. Eleven gain 1.85x or more.
 */
import { formatFactor, formatNs } from "../core/format.js";
import type { Result } from "../core/result.js";
import type { Scenario } from "../cost/scenarios.js";
import type { PartitionProblem } from "../partition/partition-problem.js";
import type { PartitionOutcome } from "../partition/search-partition.js";
import { periodOf, stageCosts } from "../partition/stage-costs.js";
import type { StagePartition } from "../partition/stage-partition.js";

/** A model to cut, on devices as they may be. */
export interface CutCase extends Pick<Scenario, "kernelFloorNs" | "launchGapNs"> {
  readonly problem: PartitionProblem;
  /** All operators on one device of speed 1. */
  readonly oneDeviceNs: number;
}

/** Less more is not worth another cut than that of the usual figures. */
const WORTH_IT = 1.02;

/** The cut to use, and notes for the user. */
export interface RobustCut {
  readonly search: PartitionOutcome;
  readonly notes: readonly string[];
}

/**
 * Of `found` and cuts for its worst case the one that gains most at worst, if by two percent; else `found`, and
 * where nothing is assumed.
 *
 * Requires: `found` is a cut of the first case, that of the figures used. Cost: two searches at most.
 */
export function robustCut(
  found: PartitionOutcome,
  cases: readonly CutCase[],
  search: (problem: PartitionProblem) => Result<PartitionOutcome>,
): RobustCut {
  const gainsOf = (partition: StagePartition): readonly number[] =>
    cases.map(({ problem, oneDeviceNs }) => oneDeviceNs / periodOf(problem, partition));
  const gains = gainsOf(found.partition);
  const least = Math.min(...gains);
  const [used] = cases;
  const worst = cases[gains.indexOf(least)];
  if (used === undefined || worst === undefined || worst === used) {
    return { search: found, notes: [] };
  }
  const others = [worst.problem, between(used, worst)].flatMap((problem) => {
    const other = search(problem);
    return other.ok ? [{ ...other.value, gain: Math.min(...gainsOf(other.value.partition)) }] : [];
  });
  const [first, ...rest] = others;
  const best = first && rest.reduce((a, b) => (b.gain > a.gain ? b : a), first);
  if (best === undefined || best.gain < least * WORTH_IT) {
    return { search: found, notes: [] };
  }
  const { method, partition, gain } = best;
  const periodNs = periodOf(used.problem, partition);
  const stages = stageCosts(used.problem, partition);
  const status = periodNs <= found.lowerBoundNs ? "optimal" : "heuristic";
  return {
    search: { ...found, method, partition, stages, periodNs, status },
    notes: [
      `cut with a view to kernels of ${formatNs(worst.kernelFloorNs)} at least and gaps of ${formatNs(worst.launchGapNs)}, as nobody has measured them: it gains ${formatFactor(gain)} over one device at worst, the cut for the usual figures ${formatFactor(least)}`,
    ],
  };
}

/** The problem whose operators take the mean of their shares in the two cases. */
function between(used: CutCase, worst: CutCase): PartitionProblem {
  const scale = used.oneDeviceNs / worst.oneDeviceNs;
  const durationNs = used.problem.durationNs.map((ns, operator) =>
    Math.round((ns + scale * worst.problem.durationNs[operator]!) / 2),
  );
  return { ...used.problem, durationNs };
}
