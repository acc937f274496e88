import type { Random } from "../core/random.js";
import type { PartitionGraph } from "./partition-graph.js";
import { PartitionState } from "./partition-state.js";
import type { StagePartition } from "./stage-partition.js";
import { back, isAllowed, stepMaker, take } from "./stage-steps.js";

/**
 * Improves a partition by a measure of the caller's, such as the period that a pipeline search finds
 * for the placement made of it.
 *
 * Such a measure is dear, so it is asked rarely: for random steps that do not make the slowest stage
 * much slower. A step is kept unless it makes the measure worse.
 */

/** A partition and what the measure says of it; smaller is better. */
export interface MeasuredPartition {
  readonly partition: StagePartition;
  readonly value: number;
}

/** How often to ask. */
export interface ObjectiveLimits {
  readonly evaluations: number;
  readonly random: Random;
}

/** Steps that make the slowest stage slower than this are not worth measuring. */
const TOLERANCE = 1.05;

/** Steps drawn for one that is measured, at most. */
const DRAWS_PER_EVALUATION = 50;

/**
 * The best partition met: of equal values, the first.
 *
 * Requires: `start` fits into memory, and its value is what `objective` says of it.
 */
export function refineByObjective(
  graph: PartitionGraph,
  start: MeasuredPartition,
  objective: (partition: StagePartition) => number,
  { evaluations, random }: ObjectiveLimits,
): MeasuredPartition {
  let best = start;
  const { stageCount } = best.partition;
  const maker = stepMaker(graph, stageCount);
  const state = new PartitionState(graph, best.partition.stageOf, stageCount);
  const most = state.periodNs() * TOLERANCE;
  let draws = evaluations * DRAWS_PER_EVALUATION;
  for (let asked = 0; asked < evaluations && draws > 0; draws--) {
    const step = maker.random(state, random);
    if (step === undefined) {
      continue;
    }
    take(state, step);
    let isKept = false;
    if (state.periodNs() <= most && isAllowed(state, step)) {
      asked++;
      const partition = { stageCount, stageOf: state.stageOf.slice() };
      const value = objective(partition);
      isKept = value <= best.value;
      best = value < best.value ? { partition, value } : best;
    }
    if (!isKept) {
      take(state, back(step));
    }
  }
  return best;
}
