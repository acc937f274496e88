import { bytesOf, type ElementType } from "../ir/element-type.js";
import { bodiesOf } from "./bodies.js";
import { countOf, isFloat } from "./infer/fact.js";
import type { LoweredModel, TensorType } from "./lowered-model.js";
import type { OnnxGraph, OnnxNode, OnnxTensor } from "./model.js";
import { operatorTypeNamed, typeOf } from "./operators/catalog.js";

/** Learned numbers of a model. */
export interface ParameterCount {
  readonly count: number;
  /** As stored in the model. */
  readonly bytes: number;
}

/** Element types of quantized weights. */
const QUANTIZED: ReadonlySet<ElementType> = new Set([
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

/** Element types that may hold several weights. */
const BYTES: ReadonlySet<ElementType> = new Set(["int8", "uint8"]);

/**
 * Counts the constants that operators read, traced back through rearrangements so that weights
 * that are tied (read as they are and transposed) count once. Floating-point constants count, and
 * integers where a quantized operator reads them; shapes, indices and masks are no parameters.
 *
 * Bodies of control flow count with the constants that they hold.
 * Cost: O(nodes + edges).
 */
export function countParameters(lowered: LoweredModel): ParameterCount {
  const { nodes } = lowered.model.graph;
  const producer = new Map<string, number>();
  for (const [at, node] of nodes.entries()) {
    for (const name of node.outputs) {
      producer.set(name, at);
    }
  }
  const total = new Total();
  // Inputs of the model have no producer either, and are no parameters.
  const seen = new Set(lowered.model.graph.inputs.map((input) => input.name));
  for (const operator of lowered.graph.operators) {
    const node = nodes[operator.node] as OnnxNode;
    for (const reading of readingsOf(node)) {
      const root = rootOf(reading, lowered, producer);
      const isNew = root !== undefined && !seen.has(root.name);
      if (isNew && total.add(lowered.types.get(root.name), root)) {
        seen.add(root.name);
      }
    }
    addBodies(node, total);
  }
  return { count: total.count, bytes: total.bytes };
}

class Total {
  count = 0;
  bytes = 0;

  /** Whether it counts, as it is read at one place; `undefined`: it has no reader. */
  add(type: TensorType | undefined, reads: Reading | undefined): boolean {
    if (type === undefined) {
      return false;
    }
    const isQuantized =
      QUANTIZED.has(type.elementType) && reads !== undefined && holdsWeights(reads);
    const counts = isFloat(type.elementType) || isQuantized;
    if (counts) {
      const elements = countOf(type.dims) ?? 0;
      this.count += (reads && packedCount(type.elementType, elements, reads)) ?? elements;
      this.bytes += bytesOf(type.elementType, elements);
    }
    return counts;
  }
}

/** A value at the input where a node reads it. */
interface Reading {
  readonly name: string;
  readonly node: OnnxNode;
}

/** What a node reads, its branches and bodies included: there, what they read of the graph around them. */
function readingsOf(node: OnnxNode): readonly Reading[] {
  const own = node.inputs.filter((name) => name !== "").map((name) => ({ name, node }));
  const inside = bodiesOf(node).flatMap((body) => {
    const made = new Set([
      ...body.inputs.map(({ name }) => name),
      ...body.initializers.map(({ name }) => name),
      ...body.nodes.flatMap(({ outputs }) => outputs),
    ]);
    const read = body.nodes.flatMap(readingsOf);
    const handedOn = body.outputs.map(({ name }) => ({ name, node }));
    return [...read, ...handedOn].filter(({ name }) => !made.has(name));
  });
  return [...own, ...inside];
}

/** Whether integers at an input are quantized weights. */
function holdsWeights({ name, node }: Reading): boolean {
  const reader = operatorTypeNamed(typeOf(node));
  const arePlaces = reader?.places?.some((i) => node.inputs[i] === name) === true;
  return reader?.readsQuantized === true && !arePlaces;
}

/** Numbers in an input whose bytes hold several each; `undefined`: it is no such input. */
function packedCount(
  elementType: ElementType,
  elements: number,
  { name, node }: Reading,
): number | undefined {
  const packs = operatorTypeNamed(typeOf(node))?.packs;
  const at = packs?.inputs.find((i) => node.inputs[i] === name);
  if (packs === undefined || at === undefined || !BYTES.has(elementType)) {
    return undefined;
  }
  const int = (attribute: string): number | undefined => {
    const value = node.attributes.get(attribute);
    return value?.kind === "int" ? value.value : undefined;
  };
  return packs.count?.(at, int) ?? (elements * 8) / Math.max(1, int(packs.bits) ?? 4);
}

/** The source of a constant's numbers and its reader there; `undefined`: not a constant. */
function rootOf(
  reading: Reading,
  { model, roles }: LoweredModel,
  producer: ReadonlyMap<string, number>,
): Reading | undefined {
  let root = reading;
  for (;;) {
    const at = producer.get(root.name);
    if (at === undefined) {
      return root;
    }
    const node = model.graph.nodes[at];
    if (node === undefined || roles[at] !== "constant") {
      return undefined;
    }
    const [source] = node.inputs;
    if (operatorTypeNamed(typeOf(node))?.keepsNumbers !== true || source === undefined) {
      return root;
    }
    root = { name: source, node };
  }
}

function addBodies(node: OnnxNode, total: Total): void {
  for (const body of bodiesOf(node)) {
    addBody(body, total);
  }
}

function addBody(graph: OnnxGraph, total: Total): void {
  const readers = new Map<string, Reading>();
  for (const node of graph.nodes) {
    for (const reading of readingsOf(node)) {
      const known = readers.get(reading.name);
      readers.set(reading.name, known !== undefined && holdsWeights(known) ? known : reading);
    }
    addBodies(node, total);
  }
  const add = (name: string, tensor: OnnxTensor) => total.add(tensor, readers.get(name));
  for (const initializer of graph.initializers) {
    add(initializer.name, initializer);
  }
  for (const node of graph.nodes) {
    const value = node.attributes.get("value");
    if (node.opType === "Constant" && value?.kind === "tensor") {
      add(node.outputs[0] ?? "", value.value);
    }
  }
}
