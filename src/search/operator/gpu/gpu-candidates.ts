/**
 * All algorithms on one model and one GPU, compared in the simulator.
 *
 * The published ones run as their papers say; ours takes their schedules as starts, so it is never
 * predicted slower than any of them. Every schedule passes the verifier.
 */
import type { Failure } from "../../../core/failure.js";
import { invariant } from "../../../core/invariant.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { gpuMakespan } from "../../../schedule/simulate-gpu.js";
import { verifyOperatorSchedule } from "../../../schedule/verify-operator-schedule.js";
import { tooManyOperators } from "../failures.js";
import { NIMBLE_MAXIMUM_OPERATORS, searchNimble } from "../nimble.js";
import { searchOpara } from "../opara.js";
import { searchSequential } from "../sequential.js";
import { searchWavefront } from "../wavefront.js";
import { type GpuBounds, gpuBounds } from "./gpu-bounds.js";
import { blockDemand, type GpuProblem } from "./gpu-problem.js";
import { searchGpu } from "./gpu-search.js";
import { searchIos } from "./ios.js";
import { stepLatencyOn } from "./step-latency.js";

/** Names of the algorithms for GPUs, in the order in which equals are ranked. */
export const GPU_ALGORITHMS = [
  "sequential",
  "top-compile",
  "opara",
  "nimble",
  "wavefront",
  "ios",
] as const;

/** Name of an algorithm for GPUs. */
export type GpuAlgorithm = (typeof GPU_ALGORITHMS)[number];

/** A schedule with its prediction. */
export interface GpuCandidate {
  readonly algorithm: GpuAlgorithm;
  readonly schedule: OperatorSchedule;
  readonly predictedNs: number;
  readonly status: "optimal" | "heuristic";
}

/** Candidates, fastest first. */
export interface GpuCandidates {
  readonly ranked: readonly GpuCandidate[];
  readonly refused: readonly { readonly algorithm: GpuAlgorithm; readonly reason: Failure }[];
  readonly bounds: GpuBounds;
}

/** What to search and how hard. */
export interface GpuCandidateOptions {
  readonly algorithms?: readonly GpuAlgorithm[];
  readonly seed?: number;
  readonly effort?: number;
  /** Runs each search: for a caller who wants to know how long they take. */
  readonly around?: <T>(algorithm: GpuAlgorithm, search: () => T) => T;
  /** Further schedules for our search to start from. */
  readonly starts?: readonly OperatorSchedule[];
}

/** IOS takes minutes beyond this, whatever its pruning. */
const IOS_MAXIMUM_OPERATORS = 5_000;

/** Runs the algorithms, verifies and simulates their schedules, and ranks them. */
export function searchGpuSchedules(
  problem: GpuProblem,
  options: GpuCandidateOptions = {},
): GpuCandidates {
  const wanted = new Set<GpuAlgorithm>(options.algorithms ?? GPU_ALGORITHMS);
  const refused: { algorithm: GpuAlgorithm; reason: Failure }[] = [];
  const bounds = gpuBounds(problem);
  const found: GpuCandidate[] = [];
  const { around = (_algorithm, search) => search() } = options;
  const offer = (algorithm: GpuAlgorithm, search: () => OperatorSchedule): void => {
    found.push(judged(problem, bounds, algorithm, around(algorithm, search)));
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
    offer("ios", () => searchIos(problem.graph, stepLatencyOn(problem)).schedule);
  }
  if (wanted.has("top-compile")) {
    const rivals = [...found.map(({ schedule }) => schedule), ...(options.starts ?? [])];
    const { seed, effort } = options;
    offer("top-compile", () =>
      searchGpu(problem, {
        rivals,
        ...(seed === undefined ? {} : { seed }),
        ...(effort === undefined ? {} : { effort }),
      }),
    );
  }
  const rank = (algorithm: GpuAlgorithm): number => GPU_ALGORITHMS.indexOf(algorithm);
  const ranked = found.sort(
    (a, b) => a.predictedNs - b.predictedNs || rank(a.algorithm) - rank(b.algorithm),
  );
  return { ranked, refused, bounds };
}

function judged(
  problem: GpuProblem,
  bounds: GpuBounds,
  algorithm: GpuAlgorithm,
  schedule: OperatorSchedule,
): GpuCandidate {
  const problems = verifyOperatorSchedule(problem.graph, schedule);
  invariant(problems.length === 0, `${algorithm} gives a schedule that does not verify`);
  const predictedNs = gpuMakespan(problem.work, schedule);
  const status = predictedNs <= bounds.lowerBoundNs ? "optimal" : "heuristic";
  return { algorithm, schedule, predictedNs, status };
}
