import type { Failure } from "../core/failure.js";
import type { Merge } from "../onnx/merge-operators.js";
import type { GpuAlgorithm } from "./algorithm-names.js";
import type { GpuBounds } from "./gpu-bounds.js";
import type { GpuProblem } from "./gpu-problem.js";
import type { OperatorSchedule } from "./operator-schedule.js";

/** A schedule with its prediction. */
export interface GpuCandidate {
  readonly algorithm: GpuAlgorithm;
  /** The problem that it schedules: the original one, or that with the merges. */
  readonly problem: GpuProblem;
  /** Operators of the original problem that are one in this; most candidates have none. */
  readonly merges: readonly Merge[];
  readonly schedule: OperatorSchedule;
  readonly predictedNs: number;
  readonly status: "optimal" | "heuristic";
  /** Of its own problem. */
  readonly bounds: GpuBounds;
}

/** Candidates, fastest first. */
export interface GpuCandidates {
  readonly ranked: readonly GpuCandidate[];
  readonly refused: readonly { readonly algorithm: GpuAlgorithm; readonly reason: Failure }[];
  /** Of the original problem, without merges. */
  readonly bounds: GpuBounds;
}
