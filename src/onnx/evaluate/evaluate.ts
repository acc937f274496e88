import { countOf, type Fact, isStatic, VALUE_LIMIT } from "../infer/fact.js";
import type { NodeCall } from "../infer/node-call.js";
import type { Evaluator, KnownTensor } from "./evaluator.js";

/**
 * Adds the elements of a node's outputs to their facts when the operator is used by shape
 * computations, its inputs are small constants with known elements, and the output is small.
 *
 * Cost: O(elements) of the output and inputs, at most `VALUE_LIMIT` each.
 */
export function evaluateNode(
  evaluator: Evaluator | undefined,
  call: NodeCall,
  outputs: readonly Fact[],
): readonly Fact[] {
  const inputs = evaluator === undefined ? undefined : knownInputs(call);
  if (evaluator === undefined || inputs === undefined) {
    return outputs;
  }
  return outputs.map((fact, output) => {
    const { dims } = fact;
    const count = countOf(dims);
    const isSmall = count !== undefined && count <= VALUE_LIMIT;
    if (fact.values !== undefined || !isSmall || !isStatic(dims) || fact.elementType === "string") {
      return fact;
    }
    const values = evaluator({ call, inputs, dims, output });
    return values === undefined ? fact : { ...fact, values, isConstant: true };
  });
}

/** All inputs, omitted ones as `undefined`; nothing when the first is omitted, or `undefined` when one that is given has unknown elements. */
function knownInputs(call: NodeCall): readonly (KnownTensor | undefined)[] | undefined {
  if (!call.has(0)) {
    return undefined;
  }
  for (let i = 0; i < call.inputs.length; i++) {
    const { values, dims } = call.input(i);
    if (call.has(i) && (values === undefined || !isStatic(dims))) {
      return undefined;
    }
  }
  return call.inputs.map((input, i) => (call.has(i) ? (input as KnownTensor) : undefined));
}
