/**
 * Our schedule where the device is not known exactly: the one that gains most in the worst case.
 *
 * The search for the shortest prediction is made first, with the figures as they are used. Then the scenario
 * under which its schedule gains least is taken for the truth, and the search goes on from there: with dearer
 * events it waits less often, with a slower front end it starts what is long first. Of both, and of all
 * other algorithms' schedules, the one with the largest least speed-up is ours; equals by prediction.
 *
 * Example: two branches of 5 us each behind a stem of 10 us. With events of 1 us one of them goes to a second
 * stream, and the end comes at 10 + 1 + 5 + 1 instead of 20; with events of 3 us it is later than that, and
 * both stay on one stream.
 *
 * The obvious way, to judge every change by all scenarios, is nine times the work for a few percent.
 */
import type { GpuCandidate } from "../../../schedule/gpu-candidate.js";
import { problemUnder } from "../../../schedule/problem-under.js";
import { searchGpu } from "./gpu-search.js";
import { compareCandidates, type Judge } from "./judge.js";

/** Limits of the search, and what its result is compared with. */
export interface RangeSearchOptions {
  readonly judge: Judge;
  /** Schedules that the result must not be worse than. */
  readonly rivals: readonly GpuCandidate[];
  readonly seed?: number;
  /** Of the search in the worst case: `worstCaseEffort`. */
  readonly effort: number;
  readonly streams?: number;
}

/** Of the effort of a search where something is assumed, the part that the worst case gets. */
const WORST_CASE = 0.4;

const DEFAULT_EFFORT = 3_000_000;

/** The effort of the search in the worst case, of that of both searches. */
export function worstCaseEffort(effort: number = DEFAULT_EFFORT): number {
  return Math.round(effort * WORST_CASE);
}

/** The effort of the search with the figures as they are used. */
export function usedFiguresEffort(isAssumed: boolean, effort: number = DEFAULT_EFFORT): number {
  return isAssumed ? Math.round(effort * (1 - WORST_CASE)) : effort;
}

/**
 * The best of `own`, of what is found from it in its worst case, and of `rivals` on several streams; `own`,
 * where nothing is assumed. One stream is no answer: whether it is better is for the caller to say.
 *
 * Requires: candidates of `judge`.
 */
export function searchOverRange(own: GpuCandidate, options: RangeSearchOptions): GpuCandidate {
  const { judge, rivals, ...limits } = options;
  const { problem, merges, speedUp } = own;
  if (speedUp === undefined) {
    return own;
  }
  const found = [own];
  const worst = judge.worstOf(own);
  if (worst !== undefined) {
    const same = rivals.filter((rival) => rival.problem === problem);
    const schedule = searchGpu(problemUnder(problem, worst), {
      ...limits,
      rivals: [own, ...same].map((each) => each.schedule),
    });
    found.push(judge.judged("top-compile", { problem, merges, schedule }));
  }
  const wide = [...found, ...rivals].filter(
    (each) => each.schedule.streams > 1 || each.merges.length > 0,
  );
  const best = wide.reduce((a, b) => (compareCandidates(b, a) < 0 ? b : a), wide[0] ?? own);
  return { ...best, algorithm: "top-compile", schedule: named(best.schedule) };
}

function named(schedule: GpuCandidate["schedule"]): GpuCandidate["schedule"] {
  return { ...schedule, algorithm: "top-compile" };
}
