import type { OperatorCosts } from "../cost/operator-costs.js";
import type { OperatorGraph } from "../ir/operator-graph.js";

/** The input of every search of operator schedules. */
export interface OperatorProblem {
  /** Operators in topological order. */
  readonly graph: OperatorGraph;
  /** Isolated durations on the device, by operator id. */
  readonly costs: OperatorCosts;
}
