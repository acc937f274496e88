import type { Result } from "../core/result.js";
import type { LoweredModel } from "./lowered-model.js";
import type { OnnxNode } from "./model.js";
import { readsOf } from "./normalize-model.js";
import { declaredValue } from "./pinned-sizes.js";
import { PayloadReader } from "./read-payload.js";
import { newNode } from "./rewrite-node.js";
import { writeModel } from "./write-model.js";

/** A value of which a run shows the sizes. */
export interface ObservedValue {
  readonly name: string;
  /** The output with its dims as int64 elements. */
  readonly dims: string;
}

/** A model that computes the sizes of values. */
export interface ObservedModel {
  readonly bytes: Uint8Array;
  readonly values: readonly ObservedValue[];
  /** Names of the inputs that it reads. */
  readonly inputs: readonly string[];
}

/** The version of `Shape` in models that import no operators of ONNX. */
const OPSET = 17;

/**
 * Returns what of a model the given values need, with their dims as outputs, and the values of `whole`
 * themselves (their type is not known either).
 *
 * Fails: as `writeModel`. Cost: linear in the nodes and weights of that part.
 */
export function writeObservedModel(
  lowered: LoweredModel,
  sized: readonly string[],
  whole: readonly string[],
): Result<ObservedModel> {
  const { model } = lowered;
  const { nodes, needed } = partFor(model.graph.nodes, [...sized, ...whole]);
  const taken = new Set(model.graph.nodes.flatMap(({ outputs }) => outputs));
  const values = sized.map((name, at): ObservedValue => {
    const dims = `dims ${at}`;
    return { name, dims: taken.has(dims) ? `${dims} of ${name}` : dims };
  });
  const inputs = model.graph.inputs.filter(({ name }) => needed.has(name));
  const opsets = model.opsets.has("") ? model.opsets : new Map([...model.opsets, ["", OPSET]]);
  const payloads = new PayloadReader(model);
  try {
    const written = writeModel(
      {
        model: { ...model, opsets },
        name: model.graph.name,
        nodes: [...nodes, ...values.map(({ name, dims }) => newNode("Shape", [name], dims))],
        inputs: inputs.map((value) => declaredValue(lowered, value)),
        outputs: [...values.map(({ dims }) => dims), ...whole].map((name) => ({
          name,
          type: undefined,
        })),
        initializers: model.graph.initializers.filter(({ name }) => needed.has(name)),
        constants: new Map(),
      },
      payloads,
    );
    return written.ok
      ? {
          ok: true,
          value: { bytes: written.value, values, inputs: inputs.map(({ name }) => name) },
        }
      : written;
  } finally {
    payloads.close();
  }
}

/** The nodes that values need, in order, and everything that these read. */
function partFor(nodes: readonly OnnxNode[], values: readonly string[]) {
  const needed = new Set(values);
  const part: OnnxNode[] = [];
  for (const node of nodes.toReversed()) {
    if (node.outputs.some((name) => needed.has(name))) {
      part.push(node);
      for (const name of readsOf(node)) {
        needed.add(name);
      }
    }
  }
  return { nodes: part.reverse(), needed };
}
