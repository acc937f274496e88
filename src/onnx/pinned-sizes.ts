/**
 * The sizes that a written model declares for its inputs and outputs.
 *
 * Usually those that it was lowered with: ONNX Runtime then plans memory and folds shape arithmetic
 * for them. Not so for a model with an If: ONNX Runtime infers the shapes of both branches, and
 * refuses the model when the sizes do not fit the branch that would not run. Such a model declares
 * what its file declares, which is also how its users run it; the tensors that are fed have these
 * sizes anyway.
 */
import type { LoweredModel } from "./lowered-model.js";
import type { OnnxGraph, OnnxModel, ValueInfo } from "./model.js";
import type { TypedValue } from "./write-model.js";

/** Inputs and outputs of the whole model as they are declared when it is written. */
export function declaredValue({ model, types }: LoweredModel, value: ValueInfo): TypedValue {
  const { name } = value;
  const type = types.get(name);
  if (type === undefined || !hasIf(model)) {
    return { name, type };
  }
  return { name, type: { elementType: type.elementType, dims: value.dims } };
}

/** An input of a part of the model: with its rank alone when its sizes are not declared. */
export function receivedValue(lowered: LoweredModel, name: string): TypedValue {
  const { model, types } = lowered;
  const input = model.graph.inputs.find((each) => each.name === name);
  const type = types.get(name);
  if (input !== undefined || type === undefined || !hasIf(model)) {
    return declaredValue(
      lowered,
      input ?? { name, elementType: type?.elementType, dims: type?.dims },
    );
  }
  return { name, type: { ...type, dims: type.dims.map(() => undefined) } };
}

/** An output of a part of the model: without any shape when its sizes are not declared. */
export function givenValue({ model, types }: LoweredModel, name: string): TypedValue {
  const type = types.get(name);
  return type === undefined || !hasIf(model)
    ? { name, type }
    : { name, type: { elementType: type.elementType, dims: undefined } };
}

const WITH_IF = new WeakMap<OnnxModel, boolean>();

/** Whether the model contains an If anywhere, bodies of loops and branches included. */
function hasIf(model: OnnxModel): boolean {
  const known = WITH_IF.get(model);
  if (known !== undefined) {
    return known;
  }
  const found = graphHasIf(model.graph);
  WITH_IF.set(model, found);
  return found;
}

function graphHasIf(graph: OnnxGraph): boolean {
  const pending = [graph];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const { opType, domain, attributes } of next.nodes) {
      if (opType === "If" && (domain === "" || domain === "ai.onnx")) {
        return true;
      }
      for (const value of attributes.values()) {
        pending.push(
          ...(value.kind === "graph" ? [value.value] : value.kind === "graphs" ? value.value : []),
        );
      }
    }
  }
  return false;
}
