/**
 * Constants that a device must hold to run operators: whole, even if a run reads only a part of
 * them.
 *
 * `OperatorWork.parameterBytes` counts what one run moves: a look-up in a table of a million rows
 * moves a few of them, and a loop reads the weights of its body on every trip. Neither is the
 * memory they occupy.
 *
 * Example: `Gather(table, ids)` and `MatMul(x, table)` in one stage need the table once, all of it.
 */

import { bytesOf } from "../ir/element-type.js";
import { type OperatorId, operatorId } from "../ir/operator-graph.js";
import { bodiesOf } from "./bodies.js";
import { countOf } from "./infer/fact.js";
import type { LoweredModel, TensorType } from "./lowered-model.js";
import type { OnnxGraph, OnnxNode } from "./model.js";
import { readsOf } from "./normalize-model.js";

/** A constant and its readers. */
export interface ResidentConstant {
  readonly bytes: number;
  /** Ascending, unique, at least one. */
  readonly readers: readonly OperatorId[];
}

/**
 * Returns every constant that operators read, once: weights, values computed from them alone, and
 * the constants inside the bodies of an operator together as one.
 *
 * Order: by first reader. Cost: O(nodes + edges), bodies included; no weights are read.
 */
export function residentConstants(lowered: LoweredModel): readonly ResidentConstant[] {
  const { graph, model } = lowered;
  const isConstant = constantNames(lowered);
  const byName = new Map<string, { readonly bytes: number; readonly readers: OperatorId[] }>();
  const inBodies: ResidentConstant[] = [];
  for (const { id, node } of graph.operators) {
    const own = model.graph.nodes[node] as OnnxNode;
    for (const name of readsOf(own)) {
      const known = byName.get(name);
      if (known !== undefined) {
        known.readers.push(operatorId(id));
      } else if (isConstant(name)) {
        byName.set(name, { bytes: sizeOf(lowered.types.get(name)), readers: [operatorId(id)] });
      }
    }
    const bytes = bodiesOf(own).reduce((sum, body) => sum + bodyBytes(body), 0);
    if (bytes > 0) {
      inBodies.push({ bytes, readers: [operatorId(id)] });
    }
  }
  return [...byName.values(), ...inBodies].filter(({ bytes }) => bytes > 0);
}

/** Whether a tensor of the main graph is known before the model runs. */
function constantNames({ model, roles }: LoweredModel): (name: string) => boolean {
  const isFed = new Set(model.graph.inputs.map(({ name }) => name));
  const producer = new Map<string, number>();
  model.graph.nodes.forEach(({ outputs }, at) => {
    for (const name of outputs) {
      producer.set(name, at);
    }
  });
  return (name) => {
    const at = producer.get(name);
    return at === undefined ? !isFed.has(name) : roles[at] === "constant";
  };
}

function bodyBytes(graph: OnnxGraph): number {
  const own = graph.initializers.reduce((sum, tensor) => sum + sizeOf(tensor), 0);
  return graph.nodes.reduce((sum, node) => {
    const value = node.attributes.get("value");
    const constant =
      node.opType === "Constant" && value?.kind === "tensor" ? sizeOf(value.value) : 0;
    return sum + constant + bodiesOf(node).reduce((inner, body) => inner + bodyBytes(body), 0);
  }, own);
}

function sizeOf(type: TensorType | undefined): number {
  return type === undefined ? 0 : bytesOf(type.elementType, countOf(type.dims) ?? 0);
}
