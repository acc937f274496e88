import { Heap } from "../core/heap.js";
import type { PartitionGraph } from "./partition-graph.js";

/**
 * Topological orders to cut. A chain has one; a model with branches has very many, and which stages
 * can be cut from an order depends on it: branch after branch, a cut separates whole branches; in
 * waves, it goes across all of them.
 */

/**
 * The topological order that always takes the ready operator of least priority, ties by id.
 *
 * Cost: O(edges + operators * log width).
 */
export function orderByPriority(graph: PartitionGraph, priority: Float64Array): Int32Array {
  const { operators, predecessors, successors } = graph;
  const order = new Int32Array(operators);
  const missing = new Int32Array(operators);
  const ready = new Heap((a, b) => {
    const difference = priority[a]! - priority[b]!;
    return difference < 0 || (difference === 0 && a < b);
  });
  for (let operator = 0; operator < operators; operator++) {
    missing[operator] = predecessors.start[operator + 1]! - predecessors.start[operator]!;
    if (missing[operator] === 0) {
      ready.push(operator);
    }
  }
  for (let at = 0; at < operators; at++) {
    const operator = ready.pop()!;
    order[at] = operator;
    const end = successors.start[operator + 1]!;
    for (let i = successors.start[operator]!; i < end; i++) {
      const successor = successors.items[i]!;
      missing[successor] = missing[successor]! - 1;
      if (missing[successor] === 0) {
        ready.push(successor);
      }
    }
  }
  return order;
}

/**
 * Orders worth cutting, without repetitions: the model's own, branch after branch (first branch
 * first, last branch first), waves of what can start earliest, of what must start earliest, and of
 * the middle between the two.
 */
export function candidateOrders(graph: PartitionGraph): readonly Int32Array[] {
  const { operators } = graph;
  const own = Float64Array.from({ length: operators }, (_, id) => id);
  const { topNs, bottomNs } = pathTimes(graph);
  const priorities = [
    own,
    depthFirst(graph, false),
    depthFirst(graph, true),
    topNs,
    bottomNs.map((ns) => -ns),
    topNs.map((ns, id) => ns - bottomNs[id]!),
  ];
  const orders = priorities.map((priority) => orderByPriority(graph, priority));
  return orders.filter(
    (order, at) => orders.findIndex((other) => order.every((id, i) => id === other[i])) === at,
  );
}

/** Longest path of durations to the start of each operator, and from its start to the end. */
export function pathTimes(graph: PartitionGraph): {
  readonly topNs: Float64Array;
  readonly bottomNs: Float64Array;
} {
  const { operators, durationNs, predecessors, successors } = graph;
  const topNs = new Float64Array(operators);
  const bottomNs = new Float64Array(operators);
  for (let id = 0; id < operators; id++) {
    for (let i = predecessors.start[id]!; i < predecessors.start[id + 1]!; i++) {
      const before = predecessors.items[i]!;
      topNs[id] = Math.max(topNs[id]!, topNs[before]! + durationNs[before]!);
    }
  }
  for (let id = operators - 1; id >= 0; id--) {
    for (let i = successors.start[id]!; i < successors.start[id + 1]!; i++) {
      bottomNs[id] = Math.max(bottomNs[id]!, bottomNs[successors.items[i]!]!);
    }
    bottomNs[id] = bottomNs[id]! + durationNs[id]!;
  }
  return { topNs, bottomNs };
}

/** Finishing places of a depth-first walk backwards from the ends: branch after branch. */
function depthFirst(
  { operators, predecessors, successors }: PartitionGraph,
  isReversed: boolean,
): Float64Array {
  const place = new Float64Array(operators);
  const isSeen = new Uint8Array(operators);
  const taken = new Int32Array(operators);
  const stack: number[] = [];
  let next = 0;
  for (let end = 0; end < operators; end++) {
    if (successors.start[end] === successors.start[end + 1]) {
      isSeen[end] = 1;
      stack.push(end);
    }
    while (stack.length > 0) {
      const operator = stack.at(-1)!;
      const start = predecessors.start[operator]!;
      const count = predecessors.start[operator + 1]! - start;
      const turn = taken[operator]!;
      if (turn === count) {
        stack.pop();
        place[operator] = next++;
        continue;
      }
      taken[operator] = turn + 1;
      const before = predecessors.items[start + (isReversed ? count - 1 - turn : turn)]!;
      if (isSeen[before] === 0) {
        isSeen[before] = 1;
        stack.push(before);
      }
    }
  }
  return place;
}
