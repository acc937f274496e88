/**
 * An operator graph in which each group of operators becomes one operator, for searches that must
 * keep a group together.
 *
 * Example: conv -> add -> relu where conv and add are one group gives two operators, "conv" with
 * both operators' work, and "relu". The tensor between conv and add is gone, the others stay.
 *
 * A group need not be convex: conv -> slow -> add with conv and add in one group has no order in
 * which the group runs as a whole, so `slow` joins the group. Simply renaming operators would leave
 * such a cycle, and every search over the graph would fail.
 */
import { Heap } from "../core/heap.js";
import { present } from "../core/invariant.js";
import { type Operator, type OperatorGraph, operatorId, sumOfWork } from "./operator-graph.js";

/** A contracted graph, with the new operator of each original one. */
export interface ContractedGraph {
  readonly graph: OperatorGraph;
  /** Operator of the contracted graph, by operator of the original. */
  readonly unitOf: Int32Array;
}

/**
 * Contracts a graph. `groupOf[o]` is any number that the operators of one group share.
 *
 * Ensures: the result is topologically ordered and acyclic; groups on a common cycle are one.
 * Order: an operator as soon as its predecessors are placed, the one with the smallest first member
 * first.
 * Cost: O((operators + edges) log operators) for each cycle that has to be closed.
 */
export function contractGraph(graph: OperatorGraph, groupOf: ArrayLike<number>): ContractedGraph {
  const leader = leadersOf(graph, groupOf);
  for (;;) {
    const order = orderOf(graph, leader);
    if (order.cycle.length === 0) {
      return build(graph, leader, order.leaders);
    }
    const [first = 0, ...others] = order.cycle;
    for (const other of others) {
      leader.set(leader.map((each) => (each === other ? first : each)));
    }
  }
}

/** The first operator of each operator's group. */
function leadersOf(graph: OperatorGraph, groupOf: ArrayLike<number>): Int32Array {
  const first = new Map<number, number>();
  return Int32Array.from(graph.operators, (_, at) => {
    const group = groupOf[at] ?? at;
    const known = first.get(group);
    if (known === undefined) {
      first.set(group, at);
    }
    return known ?? at;
  });
}

/** Leaders in topological order, and the leaders of one cycle if there is one. */
function orderOf(graph: OperatorGraph, leader: Int32Array) {
  const next = new Map<number, Set<number>>();
  const missing = new Int32Array(graph.operators.length);
  for (const { id, successors } of graph.operators) {
    const from = leader[id]!;
    const known = next.get(from) ?? new Set<number>();
    next.set(from, known);
    for (const successor of successors) {
      const to = leader[successor]!;
      if (to !== from && !known.has(to)) {
        known.add(to);
        missing[to] = missing[to]! + 1;
      }
    }
  }
  const ready = new Heap((a, b) => a < b);
  for (const each of next.keys()) {
    if (missing[each] === 0) {
      ready.push(each);
    }
  }
  const leaders: number[] = [];
  for (let at = ready.pop(); at !== undefined; at = ready.pop()) {
    leaders.push(at);
    for (const to of next.get(at) ?? []) {
      missing[to] = missing[to]! - 1;
      if (missing[to] === 0) {
        ready.push(to);
      }
    }
  }
  return { leaders, cycle: leaders.length === next.size ? [] : cycleIn(next, missing) };
}

/** The leaders on one cycle: a path along waiting predecessors must close. */
function cycleIn(next: ReadonlyMap<number, ReadonlySet<number>>, missing: Int32Array): number[] {
  const previous = new Map<number, number>();
  for (const [from, successors] of next) {
    for (const to of successors) {
      if (missing[from]! > 0 && missing[to]! > 0) {
        previous.set(to, from);
      }
    }
  }
  const seen = new Map<number, number>();
  let at = present([...previous.keys()][0], "an operator on a cycle");
  while (!seen.has(at)) {
    seen.set(at, seen.size);
    at = present(previous.get(at), "a predecessor that waits");
  }
  const from = seen.get(at) ?? 0;
  return [...seen.keys()].slice(from).sort((a, b) => a - b);
}

function build(
  graph: OperatorGraph,
  leader: Int32Array,
  leaders: readonly number[],
): ContractedGraph {
  const position = new Map(leaders.map((each, at) => [each, at]));
  const unitOf = leader.map((each) => position.get(each) ?? 0);
  const members: Operator[][] = leaders.map(() => []);
  for (const operator of graph.operators) {
    members[unitOf[operator.id]!]?.push(operator);
  }
  // Tensors between members of one unit stay as records, so that ids do not change; they have no
  // readers.
  const tensors = graph.tensors.map((tensor) => {
    const unit = tensor.producer === undefined ? undefined : unitOf[tensor.producer];
    const readers = new Set(tensor.consumers.map((reader) => unitOf[reader]!));
    readers.delete(unit ?? -1);
    return {
      ...tensor,
      producer: unit === undefined ? undefined : operatorId(unit),
      consumers: [...readers].sort((a, b) => a - b).map(operatorId),
    };
  });
  const operators = members.map((group, unit): Operator => {
    const inside = new Set(group.flatMap(({ outputs }) => outputs));
    const units = (neighbors: readonly number[]) =>
      [...new Set(neighbors.map((each) => unitOf[each]!))]
        .filter((each) => each !== unit)
        .sort((a, b) => a - b)
        .map(operatorId);
    const heaviest = group.reduce((a, b) => (b.work.flops > a.work.flops ? b : a));
    return {
      id: operatorId(unit),
      name: present(group[0], "member").name,
      type: heaviest.type,
      form: heaviest.form,
      ...(heaviest.products === undefined ? {} : { products: heaviest.products }),
      ...(heaviest.recurrence === undefined ? {} : { recurrence: heaviest.recurrence }),
      node: heaviest.node,
      inputs: group.flatMap(({ inputs }) => inputs).filter((id) => !inside.has(id)),
      outputs: group.flatMap(({ outputs }) => outputs),
      predecessors: units(group.flatMap(({ predecessors }) => predecessors)),
      successors: units(group.flatMap(({ successors }) => successors)),
      work: group.map(({ work }) => work).reduce(sumOfWork),
    };
  });
  const { name, inputs, outputs } = graph;
  return { graph: { name, operators, tensors, inputs, outputs }, unitOf };
}
