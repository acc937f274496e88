import { fail, ok, type Result } from "../core/result.js";
import { topologicalOrder } from "../core/topological-order.js";
import { bodiesOf } from "./bodies.js";
import { modelInvalid } from "./failures.js";
import { inlineFunctions } from "./inline-functions.js";
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from "./model.js";
import { renameNode } from "./rewrite-node.js";

/**
 * Returns the model with functions inlined, nodes in topological order and every node named
 * uniquely.
 *
 * Order: a model that is sorted keeps its order; otherwise ready nodes follow in file order. Names:
 * a node without a name gets `<type>_<position>`, a repeated name gets `_<n>` behind it.
 * Fails: `model-invalid` for values with two producers or none, and for cycles.
 * Cost: O(nodes + edges), no recursion on the depth of the graph.
 */
export function normalizeModel(model: OnnxModel): Result<OnnxModel> {
  const inlined = inlineFunctions(model);
  if (!inlined.ok) {
    return inlined;
  }
  const { initializers } = inlined.value.graph;
  const single = { ...inlined.value.graph, initializers: lastOfEach(initializers) };
  const sorted = sortNodes({ ...inlined.value, graph: single });
  if (!sorted.ok) {
    return sorted;
  }
  const graph = { ...single, nodes: nameNodes(sorted.value) };
  return ok({ ...inlined.value, graph });
}

/** Of weights of one name the last counts, as in ONNX Runtime. */
function lastOfEach(initializers: readonly OnnxTensor[]): readonly OnnxTensor[] {
  const last = new Map(initializers.map((tensor) => [tensor.name, tensor]));
  return last.size === initializers.length
    ? initializers
    : initializers.filter((tensor) => last.get(tensor.name) === tensor);
}

function sortNodes(model: OnnxModel): Result<readonly OnnxNode[]> {
  const { graph, path } = model;
  const producer = new Map<string, number>();
  for (const { name } of [...graph.inputs, ...graph.initializers]) {
    if (producer.has(name)) {
      return fail([modelInvalid(path, `value "${name}"`, "is an input or initializer twice")]);
    }
    producer.set(name, -1);
  }
  for (const [at, node] of graph.nodes.entries()) {
    for (const output of node.outputs) {
      if (output !== "" && producer.has(output)) {
        const what = `value "${output}" is made twice`;
        return fail([modelInvalid(path, placeOf(node, at), what)]);
      }
      producer.set(output, at);
    }
  }
  producer.delete("");
  const readers: number[][] = graph.nodes.map(() => []);
  for (const [at, node] of graph.nodes.entries()) {
    for (const input of readsOf(node)) {
      const maker = producer.get(input);
      if (maker === undefined) {
        const what = `reads "${input}", which nothing makes`;
        return fail([modelInvalid(path, placeOf(node, at), what)]);
      }
      if (maker >= 0) {
        readers[maker]?.push(at);
      }
    }
  }
  for (const output of graph.outputs) {
    if (!producer.has(output.name)) {
      return fail([modelInvalid(path, `output "${output.name}"`, "nothing makes it")]);
    }
  }
  return inOrder(model, readers);
}

function inOrder(
  { graph, path }: OnnxModel,
  readers: readonly (readonly number[])[],
): Result<readonly OnnxNode[]> {
  if (isSorted(readers)) {
    return ok(graph.nodes);
  }
  const order = topologicalOrder(readers);
  if (order.length < graph.nodes.length) {
    const ordered = new Set(order);
    const stuck = graph.nodes.findIndex((_, at) => !ordered.has(at));
    const what = "the graph has a cycle, and this node is on it or behind it";
    return fail([modelInvalid(path, placeOf(graph.nodes[stuck] as OnnxNode, stuck), what)]);
  }
  return ok(order.map((at) => graph.nodes[at] as OnnxNode));
}

function isSorted(readers: readonly (readonly number[])[]): boolean {
  return readers.every((list, at) => list.every((reader) => reader > at));
}

function placeOf(node: OnnxNode, at: number): string {
  return `node "${node.name}" (${node.opType}, position ${at})`;
}

/** Values a node reads, outer values that its bodies capture included, each once. */
export function readsOf(node: OnnxNode): ReadonlySet<string> {
  const reads = new Set(node.inputs);
  for (const body of bodiesOf(node)) {
    addCaptured(body, reads);
  }
  reads.delete("");
  return reads;
}

function addCaptured(graph: OnnxGraph, into: Set<string>): void {
  const own = new Set<string>([
    ...graph.inputs.map((input) => input.name),
    ...graph.initializers.map((tensor) => tensor.name),
    ...graph.nodes.flatMap((node) => node.outputs),
  ]);
  for (const name of [
    ...graph.nodes.flatMap((node) => [...readsOf(node)]),
    ...graph.outputs.map((output) => output.name),
  ]) {
    if (!own.has(name)) {
      into.add(name);
    }
  }
}

function nameNodes(nodes: readonly OnnxNode[]): readonly OnnxNode[] {
  const taken = new Set(nodes.map((node) => node.name));
  const used = new Set<string>([""]);
  const nextSuffix = new Map<string, number>();
  return nodes.map((node, at) => {
    if (!used.has(node.name)) {
      used.add(node.name);
      return node;
    }
    const base = node.name === "" ? `${node.opType}_${at}` : node.name;
    let name = base;
    let suffix = nextSuffix.get(base) ?? 1;
    for (; taken.has(name); suffix++) {
      name = `${base}_${suffix}`;
    }
    nextSuffix.set(base, suffix);
    taken.add(name);
    return { ...node, name, raw: renameNode(node, name) };
  });
}
