/**
 * Searching with operators that must stay together: they become one operator of a smaller graph, and
 * a schedule of that graph becomes one of the original.
 *
 * Operators stay together where a value between them cannot be handed from one worker thread to another
 * (a sequence, a float8 tensor). A unit is launched as a whole: its members follow each other on one
 * stream, the first has the unit's waits and the last signals its end, so that no segment is cut
 * inside it.
 *
 * Example: a -> (sequence) -> b and c reads another output of a. With a and b one unit, c on another
 * stream waits for b, not for a: a signal between a and b would part them.
 */
import { contractGraph } from "../../ir/contract-graph.js";
import { type OperatorId, operatorId } from "../../ir/operator-graph.js";
import type { OperatorProblem } from "../../schedule/operator-problem.js";
import type { Launch, OperatorSchedule } from "../../schedule/operator-schedule.js";

/** A problem whose operators are units of another problem's operators. */
export interface UnitProblem {
  readonly problem: OperatorProblem;
  /** The schedule of the original problem that a schedule of units means. Cost: O(operators). */
  readonly expand: (schedule: OperatorSchedule) => OperatorSchedule;
}

/**
 * The problem in which operators that share a number are one; the problem itself if `groupOf` is absent
 * or every operator has a number of its own.
 */
export function unitProblemOf(
  problem: OperatorProblem,
  groupOf: ArrayLike<number> | undefined,
): UnitProblem {
  const { graph, costs } = problem;
  if (groupOf === undefined || new Set(Array.from(groupOf)).size === graph.operators.length) {
    return { problem, expand: (schedule) => schedule };
  }
  const contracted = contractGraph(graph, groupOf);
  const durationNs = new Float64Array(contracted.graph.operators.length);
  const members: OperatorId[][] = contracted.graph.operators.map(() => []);
  for (const { id } of graph.operators) {
    const unit = contracted.unitOf[id]!;
    durationNs[unit] = durationNs[unit]! + costs.durationNs[id]!;
    members[unit]?.push(id);
  }
  return {
    problem: { graph: contracted.graph, costs: { ...costs, durationNs } },
    expand: (schedule) => expanded(schedule, members),
  };
}

function expanded(
  { launches, ...rest }: OperatorSchedule,
  members: readonly (readonly OperatorId[])[],
): OperatorSchedule {
  const lastOf = (unit: OperatorId): OperatorId => members[unit]?.at(-1) ?? operatorId(unit);
  return {
    ...rest,
    launches: launches.flatMap(({ operator: unit, stream, waits, record }) => {
      const inside = members[unit] ?? [];
      return inside.map(
        (operator, at): Launch => ({
          operator,
          stream,
          waits: at === 0 ? waits.map(lastOf).sort((a, b) => a - b) : [],
          record: record && at === inside.length - 1,
        }),
      );
    }),
  };
}
