import { keepTogether } from "../ir/keep-together.js";
import type { OperatorGraph, Tensor } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { crossesSessions } from "./tensor-data.js";

/**
 * Returns whether a value that an operator writes can be handed from one session to another: a tensor
 * of an element type that the binding passes. Sequences and optional values are no tensors.
 */
export function isHandedOver({ types }: LoweredModel): (tensor: Tensor) => boolean {
  return ({ name, elementType }) => types.has(name) && crossesSessions(elementType);
}

/**
 * Operators that must run in one session because of what they hand each other, as numbers that those
 * of one group share. `groupOf`: groups that stay together anyway; absent: every operator is its own.
 */
export function sessionGroups(
  lowered: LoweredModel,
  groupOf: ArrayLike<number> = eachAlone(lowered.graph),
): Int32Array {
  const crosses = isHandedOver(lowered);
  return keepTogether(lowered.graph, groupOf, (tensor) => !crosses(tensor));
}

function eachAlone(graph: OperatorGraph): Int32Array {
  return Int32Array.from(graph.operators, (_, at) => at);
}
