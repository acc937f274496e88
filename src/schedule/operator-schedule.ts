import type { OperatorId } from "../ir/operator-graph.js";

/** One operator in an operator schedule. */
export interface Launch {
  readonly operator: OperatorId;
  /** Stream that runs it: dense, from 0. */
  readonly stream: number;
  /** Operators on *other* streams that must have finished first: ascending, none implied by others. */
  readonly waits: readonly OperatorId[];
  /** Whether an operator on another stream waits for this one. */
  readonly record: boolean;
}

/**
 * The run of one inference on one device: the stream of each operator, the launch order, the waits.
 * Operators of one stream run one after the other in launch order.
 */
export interface OperatorSchedule {
  /** Name of the algorithm that made it. */
  readonly algorithm: string;
  /** Number of streams used. */
  readonly streams: number;
  /** Every operator once, in launch order. */
  readonly launches: readonly Launch[];
}
