import type { Failure } from "../core/failure.js";
import type { Scenario } from "../cost/scenarios.js";
import type { Merge } from "../onnx/merge-operators.js";
import type { GpuAlgorithm } from "./algorithm-names.js";
import type { GpuBounds } from "./gpu-bounds.js";
import type { GpuProblem } from "./gpu-problem.js";
import type { OperatorSchedule } from "./operator-schedule.js";
import type { SpeedUpRange } from "./speed-up-range.js";

/** A schedule with its prediction. */
export interface GpuCandidate {
  readonly algorithm: GpuAlgorithm;
  /** The problem that it schedules: the original one, or that with the merges. */
  readonly problem: GpuProblem;
  /** Operators of the original problem that are one in this; most candidates have none. */
  readonly merges: readonly Merge[];
  readonly schedule: OperatorSchedule;
  readonly predictedNs: number;
  /** In every case of what is assumed, that of the figures used first; absent: nothing is assumed. */
  readonly timesNs?: readonly number[];
  /** Over one stream of the model as it is, in every case; absent like `timesNs`. */
  readonly speedUp?: SpeedUpRange;
  readonly status: "optimal" | "heuristic";
  /** Of its own problem. */
  readonly bounds: GpuBounds;
}

/** One stream of the model as it is, under one scenario. */
export interface SequentialCase {
  readonly scenario: Scenario;
  readonly sequentialNs: number;
}

/** Candidates: largest least speed-up first, then fastest; where nothing is assumed, fastest first. */
export interface GpuCandidates {
  /** What is assumed, that of the figures used first; none: nothing is. */
  readonly cases: readonly SequentialCase[];
  readonly ranked: readonly GpuCandidate[];
  readonly refused: readonly { readonly algorithm: GpuAlgorithm; readonly reason: Failure }[];
  /** Of the original problem, without merges. */
  readonly bounds: GpuBounds;
}
