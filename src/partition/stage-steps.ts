import type { Lists } from "../core/lists.js";
import type { Random } from "../core/random.js";
import type { PartitionGraph } from "./partition-graph.js";
import type { PartitionState } from "./partition-state.js";

/**
 * Small changes of a partition that keep it valid.
 *
 * One operator can move to any stage between those of its predecessors and successors. In the
 * middle of a stage there is no such room: there, an operator goes to the next stage together with
 * everything of its own stage that depends on it, or to the stage before together with everything
 * of its stage that it depends on.
 *
 * Example: conv -> bias -> relu | next stage. relu can move alone; conv takes bias and relu along.
 */

/** Operators that move together from one stage to another. */
export interface StageStep {
  readonly operators: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** More operators than this do not move together: their like is had by several steps. */
const MOST_TOGETHER = 24;

/** Makes steps for one graph. */
export interface StepMaker {
  /** A random step of a random operator; `undefined` when it has no step. */
  random(state: PartitionState, random: Random): StageStep | undefined;
  /** All steps of an operator. */
  all(state: PartitionState, operator: number): readonly StageStep[];
}

/** A step maker; `stages` is the number of stages of the states it will be given. */
export function stepMaker(graph: PartitionGraph, stages: number): StepMaker {
  const along = (state: PartitionState, operator: number, to: number): StageStep | undefined => {
    const from = state.stageOf[operator]!;
    const links = to > from ? graph.successors : graph.predecessors;
    const operators = together(state, links, operator);
    return operators === undefined ? undefined : { operators, from, to };
  };
  return {
    random(state, random): StageStep | undefined {
      const operator = random.integer(graph.operators);
      const from = state.stageOf[operator]!;
      const [low, high] = [state.earliest(operator), state.latest(operator)];
      if (low < high) {
        const drawn = low + random.integer(high - low);
        return { operators: [operator], from, to: drawn < from ? drawn : drawn + 1 };
      }
      const to = from + (random.integer(2) === 0 ? -1 : 1);
      return to < 0 || to >= stages ? undefined : along(state, operator, to);
    },
    all(state, operator): readonly StageStep[] {
      const from = state.stageOf[operator]!;
      const [low, high] = [state.earliest(operator), state.latest(operator)];
      const steps: StageStep[] = [];
      for (let to = low; to <= high; to++) {
        if (to !== from) {
          steps.push({ operators: [operator], from, to });
        }
      }
      for (const to of [from - 1, from + 1]) {
        const isBlocked = to < from ? low === from : high === from;
        const step = isBlocked && to >= 0 && to < stages ? along(state, operator, to) : undefined;
        if (step !== undefined) {
          steps.push(step);
        }
      }
      return steps;
    },
  };
}

/** Takes a step, or takes it back. */
export function take(state: PartitionState, { operators, to }: StageStep): void {
  for (const operator of operators) {
    state.move(operator, to);
  }
}

/** The step back. */
export function back({ operators, from, to }: StageStep): StageStep {
  return { operators, from: to, to: from };
}

/** Returns whether after a step no stage is empty and both stages have room. */
export function isAllowed(state: PartitionState, { from, to }: StageStep): boolean {
  return state.size[from]! > 0 && state.fits(from) && state.fits(to);
}

/** The operator and what is linked to it inside its stage; `undefined` when that is too much. */
function together(state: PartitionState, links: Lists, operator: number): number[] | undefined {
  const stage = state.stageOf[operator]!;
  const found = [operator];
  for (let at = 0; at < found.length; at++) {
    const from = found[at]!;
    for (let i = links.start[from]!; i < links.start[from + 1]!; i++) {
      const other = links.items[i]!;
      if (state.stageOf[other] === stage && !found.includes(other)) {
        found.push(other);
      }
    }
    if (found.length > MOST_TOGETHER) {
      return undefined;
    }
  }
  return found;
}
