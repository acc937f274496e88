/**
 * A model as it is in the memory of a device that stores its float32 numbers as halves.
 *
 * Sizes, work and everything that follows from them are then those of the halves; names, operators and the file stay. It is for
 * estimates alone: what runs is the model itself.
 */
import { invariant, present } from "../core/invariant.js";
import { productOf } from "../core/product.js";
import { bytesOf, type ElementType } from "../ir/element-type.js";
import type { Operator, OperatorWork, Tensor } from "../ir/operator-graph.js";
import { UNKNOWN } from "./infer/fact.js";
import { callOf } from "./infer/node-call.js";
import { Scope } from "./infer/scope.js";
import type { LoweredModel } from "./lowered-model.js";
import { operatorTypeNamed, typeOf } from "./operators/catalog.js";
import { nodeWork } from "./work/work-of.js";

/** Whether a model has tensors of float32 that operators read or write. */
export function hasSingles({ graph }: LoweredModel): boolean {
  return graph.tensors.some(({ elementType }) => elementType === "float32");
}

/**
 * The model with every float32 as a half: types, tensors, and what operators move. What bodies of control flow move stays.
 *
 * Requires: no merged operators; their work follows from that of the model. Cost: O(nodes + edges).
 */
export function withHalves(lowered: LoweredModel): LoweredModel {
  invariant(lowered.merged === undefined, "models are stored before they are merged");
  const types = new Map(Array.from(lowered.types, ([name, type]) => [name, halved(type)]));
  const constants = new Map(
    Array.from(lowered.constants, ([name, value]) => [name, halved(value)]),
  );
  const tensors = lowered.graph.tensors.map(
    (tensor): Tensor =>
      tensor.elementType === "float32"
        ? { ...halved(tensor), bytes: bytesOf("float16", productOf(tensor.dims)) }
        : tensor,
  );
  const halves = { ...lowered, types, constants, graph: { ...lowered.graph, tensors } };
  const [before, after] = [workByFormula(lowered), workByFormula(halves)];
  const operators = lowered.graph.operators.map(
    (operator): Operator => ({
      ...operator,
      work: plusDifference(operator.work, before(operator), after(operator)),
    }),
  );
  return { ...halves, graph: { ...halves.graph, operators } };
}

function halved<T extends { readonly elementType: ElementType }>(typed: T): T {
  return typed.elementType === "float32" ? { ...typed, elementType: "float16" } : typed;
}

/** The bytes that change with the types; arithmetic is the same. */
function plusDifference(
  work: OperatorWork,
  before: OperatorWork,
  after: OperatorWork,
): OperatorWork {
  return {
    flops: work.flops,
    bytesRead: work.bytesRead + after.bytesRead - before.bytesRead,
    bytesWritten: work.bytesWritten + after.bytesWritten - before.bytesWritten,
    parameterBytes: work.parameterBytes + after.parameterBytes - before.parameterBytes,
  };
}

/** The work of operators by the types of a model, without what is in bodies. */
function workByFormula(lowered: LoweredModel): (operator: Operator) => OperatorWork {
  const { model, types, graph, viewOf, constants } = lowered;
  const names = new Set(graph.tensors.map(({ name }) => name));
  const scope = new Scope();
  for (const [name, type] of types) {
    const isConstant = !names.has(viewOf.get(name) ?? name);
    scope.set(name, { ...type, values: constants.get(name)?.values, isConstant });
  }
  return ({ node: at }) => {
    const node = present(model.graph.nodes[at], "node");
    const outputs = node.outputs.map((name) =>
      names.has(name) ? (scope.get(name) ?? UNKNOWN) : UNKNOWN,
    );
    const call = callOf(node, scope, model);
    return nodeWork({ call, outputs }, operatorTypeNamed(typeOf(node)));
  };
}
