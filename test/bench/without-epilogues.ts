/** A graph in which operators run inside what they follow. */
import type { Kernel } from "../../dist/cost/kernel.js";
import { type OperatorGraph, type OperatorId, operatorId } from "../../dist/ir/operator-graph.js";

/** A graph and the kernels of its operators, by id. */
interface GraphOfKernels {
  readonly graph: OperatorGraph;
  readonly kernels: readonly (readonly Kernel[])[];
}

/**
 * The graph without the operators of these types that are the only readers of the only operator they
 * read: such a one could run inside it.
 */
export function withoutEpilogues<T extends GraphOfKernels>(
  problem: T,
  types: ReadonlySet<string>,
): T {
  const { operators } = problem.graph;
  const head = operators.map(({ id }) => id);
  for (const { id, type, predecessors } of operators) {
    const [from, ...others] = predecessors;
    const isOnly = from !== undefined && others.length === 0;
    if (types.has(type) && isOnly && operators[from]!.successors.length === 1) {
      head[id] = head[from]!;
    }
  }
  const kept = operators.filter(({ id }) => head[id] === id);
  const renumbered = new Map(kept.map(({ id }, at) => [id, operatorId(at)]));
  const among = (ids: readonly OperatorId[], own: OperatorId): readonly OperatorId[] =>
    [...new Set(ids.map((id) => renumbered.get(head[id]!)!))]
      .filter((id) => id !== own)
      .sort((a, b) => a - b);
  const readers: OperatorId[][] = kept.map(() => []);
  for (const { id, successors } of operators) {
    readers[renumbered.get(head[id]!)!]!.push(...successors);
  }
  const graph = {
    ...problem.graph,
    operators: kept.map((operator, at) => ({
      ...operator,
      id: operatorId(at),
      predecessors: among(operator.predecessors, operatorId(at)),
      successors: among(readers[at]!, operatorId(at)),
    })),
  };
  return { ...problem, graph, kernels: kept.map(({ id }) => problem.kernels[id]!) };
}
