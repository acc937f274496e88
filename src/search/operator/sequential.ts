import type { OperatorProblem } from "../../schedule/operator-problem.js";
import type { OperatorSchedule } from "../../schedule/operator-schedule.js";
import { composeSchedule } from "./waits.js";

/**
 * Every operator on one stream, in the order of the model: what a framework does by itself, and
 * the baseline that each other schedule has to beat. It never waits and holds one tensor fewer
 * hostage than any parallel order does, so it also is what ships when nothing else pays.
 *
 * Cost: O(V + E).
 */
export function searchSequential({ graph }: OperatorProblem): OperatorSchedule {
  const count = graph.operators.length;
  return composeSchedule(graph, "sequential", {
    order: Int32Array.from({ length: count }, (_, id) => id),
    streamOf: new Int32Array(count),
  });
}
