import { fail, ok, type Result } from "../core/result.js";
import { keepTogether } from "../ir/keep-together.js";
import type { OperatorGraph, Tensor } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { outputNotTensor, unsupportedElementType } from "./failures.js";
import { isPassed } from "./tensor-data.js";

/**
 * Returns whether a value that an operator writes can be handed from one session to another: a tensor
 * of a type and name that the binding passes. Sequences and optional values are no tensors.
 */
export function isHandedOver({ types }: LoweredModel): (tensor: Tensor) => boolean {
  return (tensor) => types.has(tensor.name) && isPassed(tensor);
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

/**
 * Checks that every output of the model can be taken from ONNX Runtime.
 *
 * Fails: `output-not-tensor`, `unsupported-element-type`, for the first that cannot.
 */
export function checkOutputs({ model, types }: LoweredModel): Result<void> {
  for (const { name, other } of model.graph.outputs) {
    const type = types.get(name);
    if (other !== undefined || type === undefined) {
      return fail([outputNotTensor(model.path, name, other ?? "a sequence")]);
    }
    if (!isPassed({ name, ...type })) {
      return fail([unsupportedElementType(name, type.elementType)]);
    }
  }
  return ok(undefined);
}

function eachAlone(graph: OperatorGraph): Int32Array {
  return Int32Array.from(graph.operators, (_, at) => at);
}
