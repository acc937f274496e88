import type { OperatorId } from "../../ir/operator-graph.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";

/** What the names that a model has stand for. */
export interface NodeNames {
  /**
   * The operator of a name: the node's own; for a node that only views a tensor, the one that writes it;
   * for a tensor, its writer. `none`: the node does no work when the model runs. `undefined`: the model has
   * no such name.
   */
  operatorOf(name: string): OperatorId | "none" | undefined;
}

/** The names of a model's nodes, and, where no node has them, of its tensors. Cost: O(nodes + tensors). */
export function nodeNamesOf(lowered: LoweredModel): NodeNames {
  const { graph, model, roles, viewOf } = lowered;
  const writers = new Map<string, OperatorId>();
  for (const { name, producer } of graph.tensors) {
    if (producer !== undefined) {
      writers.set(name, producer);
    }
  }
  const writerOf = (tensor: string): OperatorId | undefined =>
    writers.get(viewOf.get(tensor) ?? tensor);
  const nodes = new Map<string, OperatorId | "none">();
  for (const [at, { name, outputs }] of model.graph.nodes.entries()) {
    const viewed =
      roles[at] === "view" ? outputs.map(writerOf).find((id) => id !== undefined) : undefined;
    nodes.set(name, viewed ?? "none");
  }
  for (const { id, name, node } of graph.operators) {
    nodes.set(model.graph.nodes[node]?.name || name, id);
    nodes.set(name, id);
  }
  return { operatorOf: (name) => nodes.get(name) ?? writerOf(name) };
}
