/**
 * IOS: the cheapest sequence of steps, by dynamic programming over endings.
 *
 * A step is a set of operators that run between two barriers: the connected parts of the set (its
 * groups) side by side, the operators of a group one after the other. The last step of a schedule
 * is an ending: nothing outside it reads from it. So
 *
 *   cost[S] = min over endings E of S ( cost[S - E] + latency(E) )
 *
 * and the table is filled from the whole set down to the empty one. The number of sets grows with
 * the width of the graph, so the graph is cut where it narrows to one operator and each part is
 * solved alone, and endings are pruned: at most `groups` groups of at most `groupOperators`
 * operators, each group an operator of S with everything of S behind it.
 *
 * Example: a -> {b, c} -> d. Endings of {a, b, c, d}: {d}, {b, d}? no: c would stay and d reads c,
 * so {b, c, d} only with groups of three operators. The cheapest is a | b, c | d.
 *
 * Chains of operators (each the only reader of the one before) are one unit, as convolution and
 * activation are in the paper.
 *
 * Source: Ding et al., IOS, MLSys 2021 (arXiv 2011.01302), Algorithm 1 and section 4.3 (pruning).
 * Differs: parts come from cut operators instead of hand-written blocks; the latency of a step is a
 * function given by the caller instead of a measurement; work is bounded by a number of
 * transitions; operator merge is in `ios-merged.ts`; the launches wait for what they read and not for
 * whole steps, which no simulator or GPU runs slower.
 */
import { invariant } from "../../../core/invariant.js";
import type { OperatorGraph } from "../../../ir/operator-graph.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { composeSchedule, type StreamAssignment } from "../waits.js";
import { contractChains } from "./chain-units.js";
import { type StepLatency, solveIosPart } from "./ios-part.js";
import { partsOf } from "./parts.js";

/** Options of IOS. */
export interface IosOptions {
  /** Operators in a group, the paper's r (default 3). */
  readonly groupOperators?: number;
  /** Groups in a step, the paper's s (default 8). */
  readonly groups?: number;
  /** Transitions looked at in one part before it is cut into halves (default 100,000). */
  readonly maxTransitions?: number;
}

/** Steps, and the work of finding them. */
export interface IosSteps {
  /** Steps in order, each a list of groups of operator ids. */
  readonly steps: readonly (readonly (readonly number[])[])[];
  readonly states: number;
  readonly transitions: number;
  /** Parts that had too many transitions and were cut into halves. */
  readonly halved: number;
}

/** Steps as a schedule. */
export interface IosResult extends IosSteps {
  readonly schedule: OperatorSchedule;
}

/** Units in one part: sets of them are two words. */
const MAX_PART = 52;

const DEFAULTS = { groupOperators: 3, groups: 8, maxTransitions: 100_000 };

/** The schedule of the cheapest steps within the pruning. */
export function searchIos(
  graph: OperatorGraph,
  latency: StepLatency,
  options: IosOptions = {},
): IosResult {
  const found = searchSteps(graph, latency, options);
  return { schedule: composeSchedule(graph, "ios", launchSteps(graph, found.steps)), ...found };
}

/** The cheapest steps within the pruning. */
export function searchSteps(
  graph: OperatorGraph,
  latency: StepLatency,
  options: IosOptions = {},
): IosSteps {
  const limits = { ...DEFAULTS, ...options };
  const steps: (readonly (readonly number[])[])[] = [];
  const count = { states: 0, transitions: 0, halved: 0 };
  const units = contractChains(graph);
  const operatorsOf = (group: readonly number[]): readonly number[] => {
    const operators: number[] = [];
    for (const unit of group) {
      for (const operator of units.members[unit] ?? []) {
        operators.push(operator);
      }
    }
    return operators;
  };
  const unitLatency: StepLatency = (groups) => latency(groups.map(operatorsOf));
  const pending = [...partsOf(units.graph, MAX_PART)].reverse();
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const solved = solveIosPart(units.graph, part, unitLatency, limits);
    count.states += solved.states;
    count.transitions += solved.transitions;
    if (solved.steps === undefined) {
      invariant(part.length > 1, "a part of one unit has one transition");
      const half = part.length >> 1;
      pending.push(part.slice(half), part.slice(0, half));
      count.halved++;
      continue;
    }
    for (const step of solved.steps) {
      steps.push(step.map(operatorsOf));
    }
  }
  return { steps, ...count };
}

/** Groups of a step on streams of their own, launched in turns. */
export function launchSteps(
  graph: OperatorGraph,
  steps: readonly (readonly (readonly number[])[])[],
): StreamAssignment {
  const order: number[] = [];
  const streamOf = new Int32Array(graph.operators.length);
  for (const groups of steps) {
    const longest = Math.max(...groups.map((group) => group.length));
    for (let at = 0; at < longest; at++) {
      groups.forEach((group, stream) => {
        const operator = group[at];
        if (operator !== undefined) {
          order.push(operator);
          streamOf[operator] = stream;
        }
      });
    }
  }
  return { order: Int32Array.from(order), streamOf };
}
