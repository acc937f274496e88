import { GPU_ALGORITHMS, type GpuAlgorithm } from "../../../schedule/algorithm-names.js";
import type { GpuCandidate, GpuCandidates } from "../../../schedule/gpu-candidate.js";
/**
 * All algorithms on one model and one GPU, compared in the simulator.
 *
 * The published ones run as in their papers, on at most as many streams as the device runs kernels at
 * a time: what has more is folded onto them (`fold-streams.ts`). Ours takes their schedules as starts, so it is never
 * predicted slower than any of them; where figures of the device are assumed, it never gains less than any of
 * them in the worst case. Every schedule passes the verifier.
 */

import type { Failure } from "../../../core/failure.js";
import { USUAL_GRIDS } from "../../../cost/device-model.js";
import { gpuBounds } from "../../../schedule/gpu-bounds.js";
import { blockDemand, type GpuProblem } from "../../../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { tooManyOperators } from "../failures.js";
import { foldStreams } from "../fold-streams.js";
import { NIMBLE_MAXIMUM_OPERATORS, searchNimble } from "../nimble.js";
import { searchOpara } from "../opara.js";
import { searchSequential } from "../sequential.js";
import { searchWavefront } from "../wavefront.js";
import { searchGpu } from "./gpu-search.js";
import { searchIos } from "./ios.js";
import { searchMergedIos } from "./ios-merged.js";
import { Judge, rankCandidates } from "./judge.js";
import { launchUnits } from "./launch-units.js";
import type { MergedSchedule, MergeSpace } from "./merge-space.js";
import { searchMerged, searchMergedUnder } from "./search-merged.js";
import { searchOverRange, usedFiguresEffort, worstCaseEffort } from "./search-over-range.js";
import { stepLatencyOn } from "./step-latency.js";

/** Returns whether the algorithm can compute convolutions together. */
export function isMerging(algorithm: GpuAlgorithm): boolean {
  return algorithm === "ios" || algorithm === "top-compile";
}

/** Options of the search for candidates. */
export interface GpuCandidateOptions {
  readonly algorithms?: readonly GpuAlgorithm[];
  readonly seed?: number;
  readonly effort?: number;
  /** Runs each search: for a caller who wants to know how long they take. */
  readonly around?: <T>(algorithm: GpuAlgorithm, search: () => T) => T;
  /** IOS's schedule, where it has been found already. */
  readonly ios?: OperatorSchedule;
  /** Further schedules for our search to start from. */
  readonly starts?: readonly OperatorSchedule[];
  /** Merges that `ios` and `top-compile` may use; absent: none. */
  readonly merging?: MergeSpace;
  /** What speed-ups are over one stream of; absent: the problem itself. */
  readonly baseline?: GpuProblem;
  /** Most streams of a schedule; absent, or more than it runs at a time: what the device runs. */
  readonly maxStreams?: number;
}

/** IOS takes minutes beyond this, whatever its pruning. */
export const IOS_MAXIMUM_OPERATORS = 5_000;

/**
 * Runs the algorithms, verifies and simulates their schedules, and ranks them. They schedule launches
 * (`launch-units.ts`), unless merges make other launches; the schedules are those of all operators.
 */
export function searchGpuSchedules(
  problem: GpuProblem,
  options: GpuCandidateOptions = {},
): GpuCandidates {
  const units = options.merging === undefined ? launchUnits(problem) : undefined;
  if (units === undefined) {
    return searchAll(problem, options);
  }
  const { ios, starts } = options;
  const { ranked, refused } = searchAll(units.problem, {
    ...options,
    ...(ios === undefined ? {} : { ios: units.contract(ios) }),
    ...(starts === undefined ? {} : { starts: starts.map((start) => units.contract(start)) }),
  });
  const judge = new Judge(options.baseline ?? problem);
  const whole = ranked.map(({ algorithm, schedule }) =>
    judge.judged(algorithm, { problem, merges: [], schedule: units.expand(schedule) }),
  );
  return {
    cases: judge.sequentialOf(problem),
    ranked: rankCandidates(whole),
    refused,
    bounds: gpuBounds(problem),
  };
}

/** Runs the algorithms on the operators of a problem as they are. */
function searchAll(problem: GpuProblem, options: GpuCandidateOptions): GpuCandidates {
  const wanted = new Set<GpuAlgorithm>(options.algorithms ?? GPU_ALGORITHMS);
  const refused: { algorithm: GpuAlgorithm; reason: Failure }[] = [];
  const found: GpuCandidate[] = [];
  const judge = new Judge(options.baseline ?? problem);
  const { merging, around = (_algorithm, search) => search() } = options;
  const runs = problem.device.residentGrids ?? USUAL_GRIDS;
  const streams = Math.min(options.maxStreams ?? runs, runs);
  const find = (algorithm: GpuAlgorithm, search: () => MergedSchedule): void => {
    const folded = around(algorithm, () => onStreams(search(), streams));
    found.push(judge.judged(algorithm, folded));
  };
  const offer = (algorithm: GpuAlgorithm, search: () => OperatorSchedule): void => {
    find(algorithm, () => ({ problem, merges: [], schedule: search() }));
  };
  const count = problem.graph.operators.length;
  const takes = (algorithm: GpuAlgorithm, most: number): boolean => {
    if (wanted.has(algorithm) && count > most) {
      refused.push({ algorithm, reason: tooManyOperators(algorithm, count, most) });
    }
    return wanted.has(algorithm) && count <= most;
  };
  offer("sequential", () => searchSequential(problem));
  if (wanted.has("opara")) {
    offer("opara", () => searchOpara(problem, { demand: ({ id }) => blockDemand(problem, id) }));
  }
  if (takes("nimble", NIMBLE_MAXIMUM_OPERATORS)) {
    offer("nimble", () => searchNimble(problem));
  }
  if (wanted.has("wavefront")) {
    offer("wavefront", () => searchWavefront(problem));
  }
  if (takes("ios", IOS_MAXIMUM_OPERATORS)) {
    find("ios", () =>
      merging === undefined
        ? {
            problem,
            merges: [],
            schedule: options.ios ?? searchIos(problem.graph, stepLatencyOn(problem)).schedule,
          }
        : searchMergedIos(problem, merging),
    );
  }
  if (wanted.has("top-compile")) {
    const unmergedYet = found.filter(({ merges }) => merges.length === 0);
    const starts = [...unmergedYet.map(({ schedule }) => schedule), ...(options.starts ?? [])];
    const seeded = { streams, ...(options.seed === undefined ? {} : { seed: options.seed }) };
    const isAssumed = judge.casesOf(problem).length > 0;
    const limits = { ...seeded, effort: usedFiguresEffort(isAssumed, options.effort) };
    const wide = { judge, ...seeded, effort: worstCaseEffort(options.effort) };
    const rivals = [...found];
    const search = (): GpuCandidate => {
      const unmerged = {
        problem,
        merges: [],
        schedule: searchGpu(problem, { rivals: starts, ...limits }),
      };
      const plain = judge.judged("top-compile", onStreams(unmerged, streams));
      if (merging === undefined) {
        return searchOverRange(plain, { ...wide, rivals });
      }
      const made = searchMerged(merging, { unmerged, rivals, ...limits });
      const own = judge.judged("top-compile", onStreams(made, streams));
      const under = judge.worstOf(own);
      const robust = under && searchMergedUnder(merging, { under, known: own.merges, ...wide });
      const others =
        robust === undefined ? [] : [judge.judged("top-compile", onStreams(robust, streams))];
      return searchOverRange(own, { ...wide, rivals: [plain, ...others, ...rivals] });
    };
    found.push(around("top-compile", search));
  }
  return {
    cases: judge.sequentialOf(problem),
    ranked: rankCandidates(found),
    refused,
    bounds: gpuBounds(problem),
  };
}

/** The schedule on at most `streams` streams, folded where it has more. */
function onStreams(made: MergedSchedule, streams: number): MergedSchedule {
  return { ...made, schedule: foldStreams(made.problem, made.schedule, streams) };
}
