import type { OperatorGraph } from "../ir/operator-graph.js";

/**
 * A model cut into stages that run one after the other, each on its own device.
 *
 * Stages are numbered so that every dependency goes from a stage to the same or a later one. That
 * alone makes every stage convex: a path that leaves a stage has gone to a later one and cannot
 * come back. A stage need not be connected, and its operators need not lie next to each other in
 * any one topological order of the graph.
 */
export interface StagePartition {
  readonly stageCount: number;
  /** Stage of each operator, by operator id. */
  readonly stageOf: Int32Array;
}

/** One fault of a partition. */
export type StagePartitionProblem =
  | {
      /** Not one entry per operator. */
      readonly kind: "wrong-length";
      readonly length: number;
      readonly operators: number;
    }
  | { readonly kind: "stage-count-invalid"; readonly stageCount: number }
  | { readonly kind: "stage-out-of-range"; readonly operator: number; readonly stage: number }
  | { readonly kind: "empty-stage"; readonly stage: number }
  | {
      /** A dependency that leads back to an earlier stage. */
      readonly kind: "backward-edge";
      readonly from: number;
      readonly to: number;
      readonly fromStage: number;
      readonly toStage: number;
    };

/**
 * All faults of a partition, by reading the graph only; empty when it is valid.
 *
 * Order: length and count first (nothing else is checked when they are invalid), then operators by
 * id, each with its edges, then empty stages.
 * Cost: O(operators + edges + stages).
 */
export function verifyStagePartition(
  graph: OperatorGraph,
  { stageCount, stageOf }: StagePartition,
): readonly StagePartitionProblem[] {
  const operators = graph.operators.length;
  if (stageOf.length !== operators) {
    return [{ kind: "wrong-length", length: stageOf.length, operators }];
  }
  if (!Number.isInteger(stageCount) || stageCount < 1 || stageCount > operators) {
    return [{ kind: "stage-count-invalid", stageCount }];
  }
  const problems: StagePartitionProblem[] = [];
  const size = new Int32Array(stageCount);
  for (const { id, successors } of graph.operators) {
    const stage = stageOf[id]!;
    if (stage < 0 || stage >= stageCount) {
      problems.push({ kind: "stage-out-of-range", operator: id, stage });
      continue;
    }
    size[stage] = size[stage]! + 1;
    for (const to of successors) {
      const toStage = stageOf[to]!;
      if (toStage < stage) {
        problems.push({ kind: "backward-edge", from: id, to, fromStage: stage, toStage });
      }
    }
  }
  size.forEach((count, stage) => {
    if (count === 0) {
      problems.push({ kind: "empty-stage", stage });
    }
  });
  return problems;
}
