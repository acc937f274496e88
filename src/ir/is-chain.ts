import type { OperatorGraph } from "./operator-graph.js";

/**
 * Whether every operator depends on the one before it, so that no two can run at the same time.
 *
 * Cost: O(operators + edges).
 */
export function isChain({ operators }: OperatorGraph): boolean {
  return operators.every(
    ({ id, predecessors }) => id === 0 || predecessors.some((before) => before === id - 1),
  );
}
