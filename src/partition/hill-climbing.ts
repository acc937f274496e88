import type { Random } from "../core/random.js";
import type { FoundPartition } from "./found-partition.js";
import type { PartitionGraph } from "./partition-graph.js";
import { PartitionState } from "./partition-state.js";
import type { StagePartition } from "./stage-partition.js";
import { back, isAllowed, type StageStep, stepMaker, take } from "./stage-steps.js";

/**
 * Takes every step that makes the partition better until none does: a shorter period, or the same
 * period with more even stages, which opens the way to a shorter one. Operators are tried in random
 * order, round after round.
 *
 * Ends in the first partition that no single step improves; `annealing` goes on from there.
 *
 * Requires: `start` fits into memory. Ensures: never worse than `start`.
 * Cost: rounds * operators * steps; `rounds` at most `MOST_ROUNDS`.
 */
export function climbHill(
  graph: PartitionGraph,
  { stageCount, stageOf }: StagePartition,
  random: Random,
): FoundPartition {
  const state = new PartitionState(graph, stageOf, stageCount);
  const maker = stepMaker(graph, stageCount);
  const operators = Array.from({ length: graph.operators }, (_, id) => id);
  let [period, unevenness] = [state.periodNs(), state.unevenness()];
  const isBetter = (step: StageStep): boolean => {
    const changed = state.periodNs();
    if (changed > period) {
      return false;
    }
    const even = state.unevenness();
    const isGain = changed < period || even < unevenness * (1 - 1e-9);
    if (!isGain || !isAllowed(state, step)) {
      return false;
    }
    [period, unevenness] = [changed, even];
    return true;
  };
  let improved = true;
  for (let round = 0; improved && round < MOST_ROUNDS; round++) {
    improved = false;
    random.shuffle(operators);
    for (const operator of operators) {
      for (const step of maker.all(state, operator)) {
        take(state, step);
        if (isBetter(step)) {
          improved = true;
          break;
        }
        take(state, back(step));
      }
    }
  }
  return { partition: { stageCount, stageOf: state.stageOf }, periodNs: period };
}

const MOST_ROUNDS = 50;
