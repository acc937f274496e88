import type { Random } from "../core/random.js";
import type { FoundPartition } from "./found-partition.js";
import type { PartitionGraph } from "./partition-graph.js";
import { PartitionState } from "./partition-state.js";
import type { StagePartition } from "./stage-partition.js";
import { back, isAllowed, stepMaker, take } from "./stage-steps.js";

/**
 * Random steps, of which those for the worse are taken too while they are small; what is small
 * shrinks to nothing in each of a few passes. The best partition met is the result.
 *
 * A step is judged by the period and, weighted lightly, by how uneven the stages are: the period
 * alone does not see a step that takes work off a stage that is not yet the slowest.
 *
 * The rule is threshold accepting instead of Metropolis': it needs no exponential, whose last bit
 * differs between machines, and reaches what annealing does.
 *
 * Source: Dueck and Scheuer, J. Comput. Phys. 90(1), 1990.
 */

/** Options of annealing. */
export interface AnnealingOptions {
  /** Steps drawn in all passes together. */
  readonly steps: number;
  readonly random: Random;
}

/** By how much a step may be worse at the start of each pass, as a share of the period. */
const THRESHOLDS: readonly number[] = [0.1, 0.03, 0.01];

/** Weight of unevenness relative to the period. */
const EVENNESS = 0.1;

/**
 * The best partition met in `steps` steps. The same seed yields the same partition.
 *
 * Requires: `start` fits into memory. Ensures: never worse than `start`.
 */
export function anneal(
  graph: PartitionGraph,
  { stageCount, stageOf }: StagePartition,
  { steps, random }: AnnealingOptions,
): FoundPartition {
  let best = stageOf;
  let bestNs = new PartitionState(graph, stageOf, stageCount).periodNs();
  const maker = stepMaker(graph, stageCount);
  const scale = EVENNESS / Math.max(1, graph.totalNs);
  const passSteps = Math.ceil(steps / THRESHOLDS.length);
  for (const threshold of THRESHOLDS) {
    const state = new PartitionState(graph, best, stageCount);
    let energy = state.periodNs() + scale * state.unevenness();
    for (let spent = 0; spent < passSteps; spent++) {
      const step = maker.random(state, random);
      if (step === undefined) {
        continue;
      }
      take(state, step);
      const period = state.periodNs();
      const changed = period + scale * state.unevenness();
      const allowed = threshold * bestNs * (1 - spent / passSteps) * random.next();
      if (changed > energy + allowed || !isAllowed(state, step)) {
        take(state, back(step));
        continue;
      }
      energy = changed;
      if (period < bestNs) {
        bestNs = period;
        best = state.stageOf.slice();
      }
    }
  }
  return { partition: { stageCount, stageOf: best }, periodNs: bestNs };
}
