/**
 * The sizes that a written model declares for its inputs and outputs.
 *
 * Usually those that it was lowered with: ONNX Runtime then plans memory and folds shape arithmetic
 * for them. Not so for a model with an If: ONNX Runtime infers the shapes of both branches, and
 * refuses the model when the sizes do not fit the branch that would not run. Such a model declares
 * what its file declares, which is also how its users run it; the tensors that are fed have these
 * sizes anyway.
 *
 * Sizes that depend on data are not declared either: a run may have others.
 */
import type { LoweredModel } from "./lowered-model.js";
import type { OnnxGraph, OnnxModel, ValueInfo } from "./model.js";
import type { DeclaredType, TypedValue } from "./write-model.js";

/** Inputs and outputs of the whole model as they are declared when it is written. */
export function declaredValue(lowered: LoweredModel, value: ValueInfo): TypedValue {
  const { name } = value;
  const type = lowered.types.get(name);
  if (type === undefined || !hasIf(lowered.model)) {
    return { name, type: inEveryRun(lowered, name) };
  }
  return { name, type: { elementType: type.elementType, dims: value.dims } };
}

/** An input of a part of the model: with its rank alone when its sizes are not declared. */
export function receivedValue(lowered: LoweredModel, name: string): TypedValue {
  const { model, types, openDims } = lowered;
  const input = model.graph.inputs.find((each) => each.name === name);
  const type = types.get(name);
  if (input !== undefined) {
    return declaredValue(lowered, input);
  }
  if (type === undefined || openDims.has(name) || !hasIf(model)) {
    return { name, type: inEveryRun(lowered, name) };
  }
  return { name, type: { ...type, dims: type.dims.map(() => undefined) } };
}

/** An output of a part of the model: without any shape when its sizes are not declared. */
export function givenValue(lowered: LoweredModel, name: string): TypedValue {
  const type = lowered.types.get(name);
  return type === undefined || !hasIf(lowered.model)
    ? { name, type: inEveryRun(lowered, name) }
    : { name, type: { elementType: type.elementType, dims: undefined } };
}

/** The type that a value has in every run. */
function inEveryRun({ types, openDims }: LoweredModel, name: string): DeclaredType | undefined {
  const type = types.get(name);
  return type === undefined || !openDims.has(name)
    ? type
    : { elementType: type.elementType, dims: openDims.get(name) };
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
