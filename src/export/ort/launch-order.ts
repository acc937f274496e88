/**
 * An order and a stream for every node of a model that ONNX Runtime has optimized, from the launches of
 * a schedule for the model as it was.
 *
 * Optimizing computes some operators inside of others and adds nodes of its own. A node with the name of
 * a launch has its place; any other goes right before the first node that reads it, on the same stream, or,
 * where nothing reads it, right after the last that it reads.
 *
 * Example: launches conv, relu, pool; nodes conv (relu inside of it), cast, pool, where pool reads the
 * cast. The order is conv, cast, pool, and the cast is on the stream of pool.
 */
import { Heap } from "../../core/heap.js";
import { invariant } from "../../core/invariant.js";

/** The place of an operator in a schedule. */
export interface LaunchPlace {
  readonly stream: number;
  /** Position among the launches. */
  readonly position: number;
}

/** A node of a graph, by what it reads and writes: names of tensors, each written once. */
export interface DataflowNode {
  readonly name: string;
  readonly reads: Iterable<string>;
  readonly outputs: readonly string[];
}

/** A node in its place. */
export interface OrderedNode {
  readonly name: string;
  readonly stream: number;
}

/**
 * Returns the nodes in an order in which nothing is read before it is written, and which is that of the
 * launches as far as the nodes have their names.
 *
 * Requires: nodes in topological order. Cost: O(n log n + edges).
 */
export function orderLikeLaunches(
  nodes: readonly DataflowNode[],
  launches: ReadonlyMap<string, LaunchPlace>,
): readonly OrderedNode[] {
  const readers = readersOf(nodes);
  const places = placesOf(nodes, readers, launches);
  const missing = new Int32Array(nodes.length);
  for (const list of readers) {
    for (const reader of list) {
      missing[reader]!++;
    }
  }
  const before = (a: number, b: number): boolean => {
    const difference = places[a]!.position - places[b]!.position;
    return difference < 0 || (difference === 0 && a < b);
  };
  const ready = new Heap(before);
  for (const at of nodes.keys()) {
    if (missing[at] === 0) {
      ready.push(at);
    }
  }
  const ordered: OrderedNode[] = [];
  for (let at = ready.pop(); at !== undefined; at = ready.pop()) {
    ordered.push({ name: nodes[at]!.name, stream: places[at]!.stream });
    for (const reader of readers[at] ?? []) {
      missing[reader]!--;
      if (missing[reader] === 0) {
        ready.push(reader);
      }
    }
  }
  invariant(ordered.length === nodes.length, "the graph has no cycle");
  return ordered;
}

/** For each node the nodes that read what it writes, each once, ascending. */
function readersOf(nodes: readonly DataflowNode[]): readonly (readonly number[])[] {
  const writer = new Map<string, number>();
  const readers: number[][] = nodes.map(() => []);
  nodes.forEach(({ reads, outputs }, at) => {
    const sources = new Set([...reads].map((name) => writer.get(name)));
    for (const source of sources) {
      if (source !== undefined) {
        readers[source]!.push(at);
      }
    }
    for (const output of outputs) {
      writer.set(output, at);
    }
  });
  return readers;
}

function placesOf(
  nodes: readonly DataflowNode[],
  readers: readonly (readonly number[])[],
  launches: ReadonlyMap<string, LaunchPlace>,
): readonly LaunchPlace[] {
  const places = nodes.map(({ name }) => launches.get(name));
  for (let at = nodes.length - 1; at >= 0; at--) {
    places[at] ??= (readers[at] ?? []).reduce<LaunchPlace | undefined>((first, reader) => {
      const place = places[reader];
      return place !== undefined && (first === undefined || place.position < first.position)
        ? place
        : first;
    }, undefined);
  }
  nodes.forEach((_, at) => {
    const from = places[at] ?? { stream: 0, position: 0 };
    places[at] = from;
    for (const reader of readers[at] ?? []) {
      places[reader] ??= from;
    }
  });
  return places as readonly LaunchPlace[];
}
