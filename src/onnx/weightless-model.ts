import type { Result } from "../core/result.js";
import type { TensorType } from "./lowered-model.js";
import type { OnnxModel, OnnxNode, OnnxTensor, Payload } from "./model.js";
import { PayloadReader } from "./read-payload.js";
import { type TypedValue, writeModel } from "./write-model.js";

/** Names of the values whose types are requested. */
export type Asking = "as-outputs" | "as-value-info";

/**
 * Returns the model without its weights, for another shape inference: large constants become inputs
 * of the same type, inputs get the given static types, and the requested values are appended by
 * name.
 *
 * Small constants stay, because shapes may depend on their elements.
 * Fails: as `writeModel`. Cost: linear in the structure; no weight is read.
 */
export function writeWeightlessModel(
  model: OnnxModel,
  inputs: ReadonlyMap<string, TensorType>,
  wanted: readonly string[],
  asking: Asking,
): Result<Uint8Array> {
  const kept: OnnxTensor[] = [];
  const stubs: TypedValue[] = [];
  for (const tensor of model.graph.initializers) {
    if (isHere(tensor.payload)) {
      kept.push(tensor);
    } else {
      stubs.push({ name: tensor.name, type: tensor });
    }
  }
  const nodes: OnnxNode[] = [];
  for (const node of model.graph.nodes) {
    const value = node.attributes.get("value");
    const isStub =
      node.opType === "Constant" && value?.kind === "tensor" && !isHere(value.value.payload);
    if (isStub) {
      stubs.push({ name: node.outputs[0] ?? "", type: value.value });
    } else {
      nodes.push(node);
    }
  }
  const stubbed = new Set(stubs.map(({ name }) => name));
  const outputs = new Set(model.graph.outputs.map(({ name }) => name));
  const asked = wanted
    .filter((name) => !stubbed.has(name))
    .map((name) => ({ name, type: undefined }));
  const isOutput = asking === "as-outputs";
  const payloads = new PayloadReader(model);
  try {
    return writeModel(
      {
        model,
        name: model.graph.name,
        nodes,
        inputs: [
          ...model.graph.inputs.map(({ name }) => ({ name, type: inputs.get(name) })),
          ...stubs,
        ],
        outputs: [
          ...[...outputs].map((name) => ({ name, type: undefined })),
          ...(isOutput ? asked.filter(({ name }) => !outputs.has(name)) : []),
        ],
        valueInfo: isOutput ? [] : asked,
        initializers: kept,
        constants: new Map(),
      },
      payloads,
    );
  } finally {
    payloads.close();
  }
}

function isHere(payload: Payload): boolean {
  return payload.kind === "inline" || payload.kind === "strings";
}
