import type { Failure } from "../../core/failure.js";
import { invariant } from "../../core/invariant.js";
import type { WorkerCosts } from "../../cost/operator-costs.js";
import { OPERATOR_ALGORITHMS, type OperatorAlgorithm } from "../../schedule/algorithm-names.js";
import { type WorkerBounds, workerBounds } from "../../schedule/operator-bounds.js";
import type { OperatorProblem } from "../../schedule/operator-problem.js";
import type { OperatorSchedule } from "../../schedule/operator-schedule.js";
import { simulateWorkers } from "../../schedule/simulate-workers.js";
import { verifyOperatorSchedule } from "../../schedule/verify-operator-schedule.js";
import { tooManyOperators } from "./failures.js";
import { foldStreams } from "./fold-streams.js";
import { NIMBLE_MAXIMUM_OPERATORS, searchNimble } from "./nimble.js";
import { searchOpara } from "./opara.js";
import { searchSequential } from "./sequential.js";
import { type UnitProblem, unitProblemOf } from "./units.js";
import { searchWavefront } from "./wavefront.js";
import { searchWorkers } from "./worker-search.js";

/**
 * All algorithms on one model, compared.
 *
 * The published algorithms know nothing of workers and use as many streams as they like; each is
 * folded onto 2, 3, 4, 6, ... and all workers, and the fastest of these stands for it (with slow
 * neighbors, fewer workers can be faster). Ours runs last and takes the others as rivals. Every
 * schedule passes the verifier before it is given out: what fails there is a mistake of ours.
 */

/** A schedule with its prediction. */
export interface Candidate {
  readonly algorithm: OperatorAlgorithm;
  /** At most as many streams as workers. */
  readonly schedule: OperatorSchedule;
  /** Streams that the algorithm wanted before folding. */
  readonly streamsWanted: number;
  readonly predictedNs: number;
  /** No schedule is predicted faster. */
  readonly lowerBoundNs: number;
  /** `optimal` when the prediction meets the bound. */
  readonly status: "optimal" | "heuristic";
  /** A better-ranked candidate with the same launches, streams and waits: no need to measure both. */
  readonly sameAs: OperatorAlgorithm | undefined;
}

/** The candidates of one problem. */
export interface Candidates {
  /** Fastest prediction first; equals in the order of `OPERATOR_ALGORITHMS`. */
  readonly ranked: readonly Candidate[];
  /** Algorithms that did not take the problem, and why. */
  readonly refused: readonly { readonly algorithm: OperatorAlgorithm; readonly reason: Failure }[];
  readonly bounds: WorkerBounds;
}

/** Options of the search for candidates. */
export interface CandidateOptions {
  readonly workers: WorkerCosts;
  /** Operators that share a number stay in one segment (`units.ts`); default: each has its own. */
  readonly groupOf?: ArrayLike<number>;
  /** Default: all. `sequential` is always searched. */
  readonly algorithms?: readonly OperatorAlgorithm[];
  /** Default 1. */
  readonly seed?: number;
  /** See `WorkerSearchOptions`. */
  readonly evaluations?: number;
}

/** Graphs with more operators are folded onto all workers only. */
const MANY_OPERATORS = 20_000;

/** Runs the algorithms, folds, verifies and simulates their schedules, and ranks them. */
export function searchOperatorSchedules(
  problem: OperatorProblem,
  options: CandidateOptions,
): Candidates {
  const units = unitProblemOf(problem, options.groupOf);
  const { found, refused } = searchAll(units.problem, options);
  const bounds = workerBounds(problem, options.workers);
  const own = units.problem === problem ? found : found.map(inOperators(problem, units, options));
  return { ranked: ranking(own, bounds), refused, bounds };
}

type Found = Pick<Candidate, "algorithm" | "schedule" | "streamsWanted" | "predictedNs">;

/** What was found for units, as schedules of their operators. */
function inOperators(
  problem: OperatorProblem,
  { expand }: UnitProblem,
  { workers }: CandidateOptions,
): (found: Found) => Found {
  return (found) => {
    const schedule = expand(found.schedule);
    const predictedNs = predicted(problem, workers, schedule);
    return { ...found, schedule, predictedNs };
  };
}

function searchAll(
  problem: OperatorProblem,
  options: CandidateOptions,
): { readonly found: readonly Found[]; readonly refused: Candidates["refused"] } {
  const wanted = new Set<OperatorAlgorithm>(options.algorithms ?? OPERATOR_ALGORITHMS);
  const refused: { algorithm: OperatorAlgorithm; reason: Failure }[] = [];
  const found: Found[] = [judged(problem, options, "sequential", searchSequential(problem))];
  const count = problem.graph.operators.length;
  if (wanted.has("opara")) {
    found.push(judged(problem, options, "opara", searchOpara(problem)));
  }
  if (wanted.has("nimble") && count > NIMBLE_MAXIMUM_OPERATORS) {
    const reason = tooManyOperators("nimble", count, NIMBLE_MAXIMUM_OPERATORS);
    refused.push({ algorithm: "nimble", reason });
  } else if (wanted.has("nimble")) {
    found.push(judged(problem, options, "nimble", searchNimble(problem)));
  }
  if (wanted.has("wavefront")) {
    found.push(judged(problem, options, "wavefront", searchWavefront(problem)));
  }
  if (wanted.has("top-compile")) {
    const rivals = found.map(({ schedule }) => schedule);
    const schedule = searchWorkers(problem, options.workers, { ...searchOptions(options), rivals });
    found.push(judged(problem, options, "top-compile", schedule));
  }
  return { found, refused };
}

function searchOptions({ seed, evaluations }: CandidateOptions): {
  seed?: number;
  evaluations?: number;
} {
  return {
    ...(seed === undefined ? {} : { seed }),
    ...(evaluations === undefined ? {} : { evaluations }),
  };
}

/** The fastest folding of a schedule; the fewest streams among equals. */
function judged(
  problem: OperatorProblem,
  { workers }: CandidateOptions,
  algorithm: OperatorAlgorithm,
  original: OperatorSchedule,
): Found {
  let best: Found | undefined;
  for (const width of widths(problem, original.streams, workers.workers)) {
    const schedule = foldStreams(problem, original, width);
    const predictedNs = predicted(problem, workers, schedule);
    if (best === undefined || predictedNs < best.predictedNs) {
      best = { algorithm, schedule, streamsWanted: original.streams, predictedNs };
    }
  }
  invariant(best !== undefined, "no folding was tried");
  return best;
}

/** The time of a schedule in the simulator, once the verifier takes it. */
function predicted(
  { graph, costs }: OperatorProblem,
  workers: WorkerCosts,
  schedule: OperatorSchedule,
): number {
  const problems = verifyOperatorSchedule(graph, schedule);
  invariant(problems.length === 0, `${schedule.algorithm} returns a valid schedule`);
  return simulateWorkers(graph, schedule, costs, workers).makespanNs;
}

/** Numbers of workers to fold onto, ascending. */
function widths({ graph }: OperatorProblem, streams: number, workers: number): number[] {
  const widest = Math.max(1, Math.min(streams, workers));
  if (graph.operators.length > MANY_OPERATORS) {
    return [widest];
  }
  const tried: number[] = [];
  for (let width = 2; width < widest; width += Math.max(1, width >> 1)) {
    tried.push(width);
  }
  return [...tried, widest];
}

function ranking(found: readonly Found[], { lowerBoundNs }: WorkerBounds): Candidate[] {
  const rank = (algorithm: OperatorAlgorithm): number => OPERATOR_ALGORITHMS.indexOf(algorithm);
  const sorted = [...found].sort(
    (a, b) => a.predictedNs - b.predictedNs || rank(a.algorithm) - rank(b.algorithm),
  );
  const seen = new Map<string, OperatorAlgorithm>();
  return sorted.map((candidate) => {
    const text = JSON.stringify(candidate.schedule.launches);
    const sameAs = seen.get(text);
    if (sameAs === undefined) {
      seen.set(text, candidate.algorithm);
    }
    const status = candidate.predictedNs <= lowerBoundNs ? "optimal" : "heuristic";
    return { ...candidate, lowerBoundNs, status, sameAs };
  });
}
