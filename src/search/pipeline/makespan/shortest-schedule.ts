/**
 * The shortest schedule that shortening any of several leads to.
 *
 * First each is shortened until it stays as it is. Those that have become the same by then are one from
 * there on, and the others are shortened at length, until one is as short as any can be.
 */
import type { Placement } from "../../../placement/placement.js";
import type { PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { Shortening } from "./shorten-schedule.js";

/** How much is worth doing. */
export interface ShortestOptions {
  /** Blocks placed for each schedule. */
  readonly maxNodes: number;
  readonly seed: number;
  /** Whether those that have become the same are shortened on all the same. */
  readonly isThorough: boolean;
  /** No schedule is shorter. */
  readonly floor: number;
  /** Told after each round how much work is done, and how much there may be. */
  readonly onRound?: OnRound | undefined;
}

type OnRound = (done: number, total: number) => void;

/** Rounds without a gain after which a schedule has settled. */
const SETTLED = 2;

/**
 * The shortest schedule that shortening any of `candidates` leads to; of equal ones the first. Stops at
 * the first that meets the lower bound. `undefined` without candidates.
 *
 * Requires: right schedules within the memory limits. Deterministic for equal options.
 */
export function shortestSchedule(
  placement: Placement,
  candidates: readonly PipelineSchedule[],
  { maxNodes, seed, isThorough, floor, onRound }: ShortestOptions,
): PipelineSchedule | undefined {
  const runs = candidates.map((candidate) => new Shortening(placement, candidate, seed, floor));
  const total = maxNodes * runs.length;
  const round = (run: Shortening): void => {
    run.round();
    const done = runs.reduce((sum, { nodes }) => sum + nodes, 0);
    onRound?.(Math.min(done, total), total);
  };
  for (const run of runs) {
    do {
      round(run);
    } while (!run.isShortest && run.nodes < maxNodes && (isThorough || run.failures < SETTLED));
    if (run.isShortest) {
      return run.schedule();
    }
  }
  const distinct = isThorough ? [] : unlike(runs);
  for (const run of distinct) {
    while (!run.isShortest && run.nodes < maxNodes) {
      round(run);
    }
    if (run.isShortest) {
      return run.schedule();
    }
  }
  const [best] = [...runs].sort((a, b) => a.least - b.least);
  return best?.schedule();
}

/** Each that no earlier one is like. */
function unlike(runs: readonly Shortening[]): readonly Shortening[] {
  return runs.filter((run, at) => !runs.slice(0, at).some((earlier) => earlier.isLike(run)));
}
