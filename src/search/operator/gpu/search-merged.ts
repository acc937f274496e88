import type { Scenario } from "../../../cost/scenarios.js";
import type { Merge } from "../../../onnx/merge-operators.js";
import { blockDemand, type GpuProblem } from "../../../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { problemUnder } from "../../../schedule/problem-under.js";
import { gpuMakespan } from "../../../schedule/simulate-gpu.js";
import { searchOpara } from "../opara.js";
import { searchSequential } from "../sequential.js";
import { searchWavefront } from "../wavefront.js";
import { chooseMerges } from "./choose-merges.js";
import { searchGpu } from "./gpu-search.js";
import type { MergedSchedule, MergeSpace } from "./merge-space.js";

/** Options of the search: known schedules and limits. */
export interface SearchMergedOptions {
  /** Our schedule of the model as it is. */
  readonly unmerged: MergedSchedule;
  /** Schedules that the result must not be worse than. */
  readonly rivals: readonly MergedSchedule[];
  readonly seed?: number;
  readonly effort?: number;
  /** Most streams (default: no limit). */
  readonly streams?: number;
}

/**
 * The best schedule with merges or without: our search on the model with the merges of our choice,
 * and on it with those of each rival that is still faster.
 *
 * Ensures: predicted no slower than `unmerged` and every rival.
 */
export function searchMerged(space: MergeSpace, options: SearchMergedOptions): MergedSchedule {
  const { unmerged, rivals, ...limits } = options;
  const merged = rivals.filter(({ merges }) => merges.length > 0);
  const search = (problem: GpuProblem, merges: readonly Merge[]): Timed => {
    const same = merged.filter((rival) => isSame(rival.merges, merges));
    const known = same.map(({ schedule }) => schedule);
    const schedule = searchGpu(problem, { ...limits, rivals: [...known, ...usualStarts(problem)] });
    return timed({ problem, merges, schedule });
  };
  let best = timed(unmerged);
  const chosen = chooseMerges(space, {
    ...(limits.effort === undefined ? {} : { effort: limits.effort }),
    starts: merged.map(({ merges }) => merges),
  });
  if (chosen.length > 0) {
    best = faster(best, search(space.problemOf(chosen).problem, chosen));
  }
  for (const rival of merged) {
    if (timed(rival).ns < best.ns) {
      best = faster(best, search(rival.problem, rival.merges));
    }
  }
  return best.made;
}

/** Options of the search under a scenario: limits, and the merges of other schedules. */
export interface MergedUnderOptions extends Omit<SearchMergedOptions, "unmerged" | "rivals"> {
  readonly under: Scenario;
  /** Not worth another search, but a start. */
  readonly known: readonly Merge[];
}

/**
 * The schedule with the merges that are best if the device is as `under` says, searched there: what gains most where
 * merges that were chosen for the figures used gain least. `undefined` where these are `known`, or none.
 */
export function searchMergedUnder(
  space: MergeSpace,
  { under, known, ...limits }: MergedUnderOptions,
): MergedSchedule | undefined {
  const merges = chooseMerges(space, {
    ...(limits.effort === undefined ? {} : { effort: limits.effort }),
    starts: [known],
    under,
  });
  if (merges.length === 0 || isSame(merges, known)) {
    return undefined;
  }
  const { problem } = space.problemOf(merges);
  const there = problemUnder(problem, under);
  const schedule = searchGpu(there, { ...limits, rivals: usualStarts(there) });
  return { problem, merges, schedule };
}

function usualStarts(problem: GpuProblem): readonly OperatorSchedule[] {
  return [
    searchSequential(problem),
    searchWavefront(problem),
    searchOpara(problem, { demand: ({ id }) => blockDemand(problem, id) }),
  ];
}

interface Timed {
  readonly made: MergedSchedule;
  readonly ns: number;
}

function timed(made: MergedSchedule): Timed {
  return { made, ns: gpuMakespan(made.problem.work, made.schedule) };
}

/** Equals stay as they are: fewer merges. */
function faster(a: Timed, b: Timed): Timed {
  return b.ns < a.ns ? b : a;
}

function isSame(a: readonly Merge[], b: readonly Merge[]): boolean {
  const key = (merges: readonly Merge[]): string =>
    merges
      .map((merge) => merge.join())
      .sort()
      .join(";");
  return key(a) === key(b);
}
