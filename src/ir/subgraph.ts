import {
  type Operator,
  type OperatorGraph,
  type OperatorId,
  operatorId,
  type Tensor,
  type TensorId,
  tensorId,
} from "./operator-graph.js";

/**
 * Returns the graph of some operators alone. What they read of others is an input; what others read of
 * them, or the whole graph returns, is an output.
 *
 * Requires: `kept` is ascending and unique. Operators keep their names, and are numbered in the order of `kept`.
 * Cost: O(V + E) of the whole graph.
 */
export function subgraphOf(graph: OperatorGraph, kept: readonly OperatorId[]): OperatorGraph {
  const number = new Int32Array(graph.operators.length).fill(-1);
  for (const [at, id] of kept.entries()) {
    number[id] = at;
  }
  const inside = (ids: readonly OperatorId[]): OperatorId[] =>
    ids.filter((id) => number[id]! >= 0).map((id) => operatorId(number[id]!));
  const isWritten = ({ producer }: Tensor): boolean =>
    producer !== undefined && number[producer]! >= 0;
  const touched = graph.tensors.filter(
    (tensor) => isWritten(tensor) || tensor.consumers.some((id) => number[id]! >= 0),
  );
  const tensorOf = new Map(touched.map(({ id }, at) => [id, tensorId(at)]));
  const renumber = (ids: readonly TensorId[]): TensorId[] =>
    ids.flatMap((id) => tensorOf.get(id) ?? []);
  const returned = new Set(graph.outputs);
  const leaves = touched.filter(
    (tensor) =>
      isWritten(tensor) &&
      (returned.has(tensor.id) || tensor.consumers.some((id) => number[id]! < 0)),
  );
  return {
    name: graph.name,
    operators: kept.map((id, at): Operator => {
      const source = graph.operators[id] as Operator;
      return {
        ...source,
        id: operatorId(at),
        inputs: renumber(source.inputs),
        outputs: renumber(source.outputs),
        predecessors: inside(source.predecessors),
        successors: inside(source.successors),
      };
    }),
    tensors: touched.map((tensor, at) => ({
      ...tensor,
      id: tensorId(at),
      producer: isWritten(tensor) ? inside([tensor.producer as OperatorId])[0] : undefined,
      consumers: inside(tensor.consumers),
    })),
    inputs: renumber(touched.filter((tensor) => !isWritten(tensor)).map(({ id }) => id)),
    outputs: renumber(leaves.map(({ id }) => id)),
  };
}
