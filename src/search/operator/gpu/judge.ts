import { invariant } from "../../../core/invariant.js";
import type { Scenario } from "../../../cost/scenarios.js";
import { GPU_ALGORITHMS, type GpuAlgorithm } from "../../../schedule/algorithm-names.js";
import { gpuBounds } from "../../../schedule/gpu-bounds.js";
import type { GpuCandidate, SequentialCase } from "../../../schedule/gpu-candidate.js";
import type { GpuProblem } from "../../../schedule/gpu-problem.js";
import { gpuMakespan } from "../../../schedule/simulate-gpu.js";
import {
  type AssumedCase,
  assumedCases,
  speedUpRange,
  timesIn,
} from "../../../schedule/speed-up-range.js";
import { verifyOperatorSchedule } from "../../../schedule/verify-operator-schedule.js";
import { searchSequential } from "../sequential.js";
import type { MergedSchedule } from "./merge-space.js";

/**
 * Verifies and predicts schedules: as the device is taken to be, and over the range of what is assumed of it.
 *
 * Every schedule is compared with one stream of the model as it is, under the same scenario.
 */
export class Judge {
  readonly #cases = new Map<GpuProblem, readonly AssumedCase[]>();
  readonly #baseline: GpuProblem;
  readonly #sequentialNs: readonly number[];

  /** `baseline`: the model as it is. Cost: a simulation for each scenario. */
  constructor(baseline: GpuProblem) {
    this.#baseline = baseline;
    this.#sequentialNs = timesIn(this.casesOf(baseline), searchSequential(baseline));
  }

  /** One stream in every case, that of the figures used first; none if nothing is assumed. */
  sequentialOf(problem: GpuProblem): readonly SequentialCase[] {
    return this.casesOf(problem).map(({ scenario }, at) => ({
      scenario,
      sequentialNs: this.#sequentialNs[at] ?? 0,
    }));
  }

  /** The cases of a problem, worked out once. */
  casesOf(problem: GpuProblem): readonly AssumedCase[] {
    const known = this.#cases.get(problem) ?? assumedCases(problem);
    this.#cases.set(problem, known);
    return known;
  }

  /** The scenario in which a candidate gains least; `undefined`: that of the figures used, or nothing is assumed. */
  worstOf({ problem, speedUp }: GpuCandidate): Scenario | undefined {
    const at = speedUp?.lowAt ?? 0;
    return at === 0 ? undefined : this.casesOf(problem)[at]?.scenario;
  }

  /** The candidate of a schedule. Cost: a simulation for each case, at most 9. */
  judged(algorithm: GpuAlgorithm, made: MergedSchedule): GpuCandidate {
    const { problem, merges, schedule } = made;
    const problems = verifyOperatorSchedule(problem.graph, schedule);
    invariant(problems.length === 0, `${algorithm} returns a valid schedule`);
    const bounds = gpuBounds(problem);
    const isBaseline = algorithm === "sequential" && problem === this.#baseline;
    const times = isBaseline ? this.#sequentialNs : timesIn(this.casesOf(problem), schedule);
    const predictedNs = times[0] ?? gpuMakespan(problem.work, schedule);
    const status = predictedNs <= bounds.lowerBoundNs ? "optimal" : "heuristic";
    const candidate = {
      algorithm,
      problem,
      merges,
      schedule,
      predictedNs,
      status,
      bounds,
    } as const;
    return times.length === 0
      ? candidate
      : { ...candidate, timesNs: times, speedUp: speedUpRange(this.#sequentialNs, times) };
  }
}

/**
 * Whether a candidate comes before another: negative if it does. The larger least speed-up first, then the
 * shorter prediction; where nothing is assumed, the prediction alone.
 */
export function compareCandidates(a: GpuCandidate, b: GpuCandidate): number {
  return (b.speedUp?.low ?? 0) - (a.speedUp?.low ?? 0) || a.predictedNs - b.predictedNs;
}

/** Best first, by `compareCandidates`; equals in the order of `GPU_ALGORITHMS`. */
export function rankCandidates(candidates: readonly GpuCandidate[]): readonly GpuCandidate[] {
  const rank = (algorithm: GpuAlgorithm): number => GPU_ALGORITHMS.indexOf(algorithm);
  return [...candidates].sort(
    (a, b) => compareCandidates(a, b) || rank(a.algorithm) - rank(b.algorithm),
  );
}
