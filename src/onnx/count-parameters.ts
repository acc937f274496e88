import { bytesOf, type ElementType } from "../ir/element-type.js";
import { countOf, isFloat } from "./infer/fact.js";
import type { LoweredModel } from "./lowered-model.js";
import type { OnnxNode } from "./model.js";

/** Learned numbers of a model. */
export interface ParameterCount {
  readonly count: number;
  /** As stored in the model. */
  readonly bytes: number;
}

/** Quantised weights are parameters although they are integers: those that these types read. */
const QUANTISED_READER =
  /^(DequantizeLinear|QLinear|QGemm|MatMulInteger|ConvInteger|DynamicQuantizeMatMul|MatMulNBits|MatMulBnb4)/;

/** Element types in which quantised weights come. */
const QUANTISED: ReadonlySet<ElementType> = new Set([
  "int8",
  "uint8",
  "int4",
  "uint4",
  "int2",
  "uint2",
  "int16",
  "uint16",
  "int32",
]);

/**
 * Counts the constants that operators depend on, each once however many operators or constant nodes
 * read it (so that tied weights count once): floating-point ones, and quantised ones where a
 * quantised operator reads them. Shapes, indices and masks are no parameters.
 *
 * Initializers, Constant and ConstantOfShape nodes are where constants begin; what constant nodes
 * make of them is not counted again.
 * Cost: O(nodes + edges).
 */
export function countParameters(lowered: LoweredModel): ParameterCount {
  const { nodes, initializers } = lowered.model.graph;
  const sources = new Set(initializers.map((initializer) => initializer.name));
  const read = new Set<string>();
  let count = 0;
  let bytes = 0;
  const add = (name: string, reader: OnnxNode) => {
    const type = lowered.types.get(name);
    if (type === undefined || !sources.has(name) || read.has(name)) {
      return;
    }
    const isQuantised = QUANTISED.has(type.elementType) && QUANTISED_READER.test(reader.opType);
    if (isFloat(type.elementType) || isQuantised) {
      read.add(name);
      const elements = countOf(type.dims) ?? 0;
      count += elements;
      bytes += bytesOf(type.elementType, elements);
    }
  };
  for (const [at, node] of nodes.entries()) {
    const role = lowered.roles[at];
    if (role === "dead") {
      continue;
    }
    const isSource = node.opType === "Constant" || node.opType === "ConstantOfShape";
    if (role === "constant" && isSource) {
      sources.add(node.outputs[0] ?? "");
    }
    for (const name of node.inputs) {
      add(name, node);
    }
  }
  return { count, bytes };
}
