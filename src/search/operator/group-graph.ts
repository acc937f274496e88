import { type Lists, listAt, packLists } from "../../core/lists.js";
import type { OperatorCosts, WorkerCosts } from "../../cost/operator-costs.js";
import type { OperatorGraph } from "../../ir/operator-graph.js";
import { callerTimes } from "../../schedule/simulate-workers.js";

/**
 * The graph that the search over workers moves around: chains of operators instead of operators.
 *
 * An operator whose only predecessor has no other successor gains next to nothing on another worker:
 * it would start later, and pay for a hand-over. So maximal chains are one group each, and a
 * schedule of groups is a schedule of operators with the same segments, waits and times, while
 * graphs shrink to a half or a third.
 *
 * Example: conv -> bias -> relu -> {a, b}: conv, bias and relu are one group, a and b two more.
 *
 * Flat typed arrays, because the search evaluates thousands of schedules.
 */

/** Groups of operators with dependencies, work, and the tensors that cross between groups. */
export interface GroupGraph {
  readonly count: number;
  /** Time of each group alone, without overheads. */
  readonly workNs: Float64Array;
  /** Groups in a topological order, ascending. */
  readonly predecessors: Lists;
  readonly successors: Lists;
  /** Tensors that a group reads and does not write: positions in the two arrays below. */
  readonly reads: Lists;
  /** Group that writes each tensor, -1 for inputs of the graph. */
  readonly writer: Int32Array;
  /** Cost of handing each tensor over to a segment. */
  readonly handOverNs: Float64Array;
  /** What the caller takes before and after an inference on several workers. */
  readonly callerNs: number;
}

/** Chains of operators, each in order; the chains in the order of their first operators. */
export function chainsOf(graph: OperatorGraph): readonly (readonly number[])[] {
  const chainOf = new Int32Array(graph.operators.length);
  const chains: number[][] = [];
  for (const { id, predecessors } of graph.operators) {
    const [only, ...others] = predecessors;
    const follows =
      only !== undefined && others.length === 0 && graph.operators[only]?.successors.length === 1;
    chainOf[id] = follows ? chainOf[only]! : chains.length;
    if (follows) {
      chains[chainOf[id]!]?.push(id);
    } else {
      chains.push([id]);
    }
  }
  return chains;
}

/**
 * The group graph of chains. Chains in the order of their first operators are in topological order:
 * what a chain reads, its first operator reads or an operator of its own made, and the last operator
 * of a chain that it depends on comes before that.
 *
 * Cost: O(V + E).
 */
export function groupGraphOf(
  graph: OperatorGraph,
  chains: readonly (readonly number[])[],
  { durationNs }: OperatorCosts,
  workers: WorkerCosts,
): GroupGraph {
  const groupOf = new Int32Array(graph.operators.length);
  for (const [group, chain] of chains.entries()) {
    for (const id of chain) {
      groupOf[id] = group;
    }
  }
  const predecessors: number[][] = [];
  const successors: number[][] = chains.map(() => []);
  const reads: number[][] = [];
  for (const [group, chain] of chains.entries()) {
    const before = new Set<number>();
    const read = new Set<number>();
    for (const id of chain) {
      for (const predecessor of graph.operators[id]?.predecessors ?? []) {
        before.add(groupOf[predecessor]!);
      }
      for (const tensor of graph.operators[id]?.inputs ?? []) {
        const producer = graph.tensors[tensor]?.producer;
        if (producer === undefined || groupOf[producer] !== group) {
          read.add(tensor);
        }
      }
    }
    before.delete(group);
    predecessors.push([...before].sort((a, b) => a - b));
    reads.push([...read].sort((a, b) => a - b));
    for (const predecessor of before) {
      successors[predecessor]?.push(group);
    }
  }
  const { requestNs, returnNs } = callerTimes(graph, workers);
  return {
    count: chains.length,
    workNs: Float64Array.from(chains, (chain) =>
      chain.reduce((sum, id) => sum + durationNs[id]!, 0),
    ),
    predecessors: packLists(predecessors),
    successors: packLists(successors),
    reads: packLists(reads),
    writer: Int32Array.from(graph.tensors, ({ producer }) =>
      producer === undefined ? -1 : groupOf[producer]!,
    ),
    handOverNs: Float64Array.from(
      graph.tensors,
      ({ bytes }) => workers.tensorNs + bytes * workers.byteNs,
    ),
    callerNs: requestNs + returnNs,
  };
}

/**
 * The part of a group graph between two groups, as a graph of its own: `inner` ascending. Of what
 * the first of `inner` reads from outside only inputs of the graph remain, when `hasEntry` states that
 * it is where the part before ended.
 */
export function partOf(groups: GroupGraph, inner: readonly number[]): GroupGraph {
  const place = new Map(inner.map((group, i) => [group, i]));
  const here = (lists: Lists): Lists =>
    packLists(
      inner.map((group) =>
        listAt(lists, group).flatMap((other) => {
          const i = place.get(other);
          return i === undefined ? [] : [i];
        }),
      ),
    );
  const tensors = [...new Set(inner.flatMap((group) => listAt(groups.reads, group)))].filter(
    (tensor) => {
      const writer = groups.writer[tensor]!;
      return writer < 0 || place.has(writer);
    },
  );
  const tensorPlace = new Map(tensors.map((tensor, i) => [tensor, i]));
  const writers = tensors.map((tensor) => place.get(groups.writer[tensor]!) ?? -1);
  return {
    count: inner.length,
    workNs: Float64Array.from(inner, (group) => groups.workNs[group]!),
    predecessors: here(groups.predecessors),
    successors: here(groups.successors),
    reads: packLists(
      inner.map((group) =>
        listAt(groups.reads, group).flatMap((tensor) => {
          const i = tensorPlace.get(tensor);
          return i === undefined ? [] : [i];
        }),
      ),
    ),
    writer: Int32Array.from(writers),
    handOverNs: Float64Array.from(tensors, (tensor) => groups.handOverNs[tensor]!),
    callerNs: groups.callerNs,
  };
}
