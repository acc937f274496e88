/**
 * The waits that a repeating order implies, with the times left out.
 *
 * A node is an entry of the repetend. Node v of repetition n starts after node u of repetition
 * n - distance has ended and `latency` has passed:
 * - a dependency inside a micro-batch has the distance of the two shifts, because the entry with
 *   shift s runs in repetition n the micro-batch that entered at repetition n - s;
 * - on a device each entry follows the one before it (distance 0), the first of a repetition the
 *   last of the repetition before (distance 1).
 *
 * So every run of the order, at whatever speed, is a walk of this graph: the longest cycle per
 * distance is its period, and memory stays as it is, because a device's memory depends only on the
 * order of its blocks.
 *
 * Example: one device, `f` at 0 and `b` at 1, period 4, b's shift 1: f -> b (distance 0) and
 * b -> f (distance 1) by the device, f -> b (distance 1) by the dependency.
 */
import type { Placement } from "../placement/placement.js";
import type { PeriodicSchedule, RepetendEntry } from "./pipeline-schedule.js";

/** Edges of a repeating order, by the node that waits. */
export interface EventGraph {
  /** The node's entry; by offset, so that edges of distance 0 go to later nodes. */
  readonly entries: readonly RepetendEntry[];
  /** Edges into node v are `first[v]` to `first[v + 1] - 1`. */
  readonly first: Int32Array;
  readonly from: Int32Array;
  /** Repetitions between the two, >= 0. */
  readonly distance: Int32Array;
  /** Time between the end of `from` and the start of the other. */
  readonly latency: Float64Array;
  /** Per edge, 1 when it is a dependency, 0 when it is a device's order. */
  readonly isDependency: Uint8Array;
}

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly distance: number;
  readonly latency: number;
  readonly isDependency: boolean;
}

/** The graph of a schedule's order. Requires: a valid schedule. Cost: O(n log n + m). */
export function eventGraph(placement: Placement, schedule: PeriodicSchedule): EventGraph {
  const entries = [...schedule.repetend].sort(
    (a, b) => a.offset - b.offset || a.residue - b.residue || a.block - b.block,
  );
  const edges = [...dependencyEdges(placement, entries), ...deviceEdges(placement, entries)];
  const first = new Int32Array(entries.length + 1);
  for (const { to } of edges) {
    first[to + 1] = (first[to + 1] ?? 0) + 1;
  }
  for (let node = 0; node < entries.length; node++) {
    first[node + 1] = (first[node + 1] ?? 0) + (first[node] ?? 0);
  }
  const next = first.slice();
  const graph: EventGraph = {
    entries,
    first,
    from: new Int32Array(edges.length),
    distance: new Int32Array(edges.length),
    latency: new Float64Array(edges.length),
    isDependency: new Uint8Array(edges.length),
  };
  for (const { from, to, distance, latency, isDependency } of edges) {
    const at = next[to] ?? 0;
    next[to] = at + 1;
    graph.from[at] = from;
    graph.distance[at] = distance;
    graph.latency[at] = latency;
    graph.isDependency[at] = isDependency ? 1 : 0;
  }
  return graph;
}

function dependencyEdges(
  { blocks, dependencies }: Placement,
  entries: readonly RepetendEntry[],
): readonly Edge[] {
  const nodes: Int32Array[] = [];
  for (const [node, { block, residue }] of entries.entries()) {
    nodes[residue] ??= new Int32Array(blocks.length);
    (nodes[residue] as Int32Array)[block] = node;
  }
  return nodes.flatMap((nodeOf) =>
    dependencies.map((dependency): Edge => {
      const from = nodeOf[dependency.from] ?? 0;
      const to = nodeOf[dependency.to] ?? 0;
      const distance = (entries[to]?.shift ?? 0) - (entries[from]?.shift ?? 0);
      return { from, to, distance, latency: dependency.latency, isDependency: true };
    }),
  );
}

function deviceEdges(
  { blocks, devices }: Placement,
  entries: readonly RepetendEntry[],
): readonly Edge[] {
  const orders: number[][] = devices.map(() => []);
  for (const [node, { block }] of entries.entries()) {
    for (const device of blocks[block]?.devices ?? []) {
      orders[device]?.push(node);
    }
  }
  return orders.flatMap((order) =>
    order.map((to, at): Edge => {
      const from = order[at === 0 ? order.length - 1 : at - 1] ?? to;
      return { from, to, distance: at === 0 ? 1 : 0, latency: 0, isDependency: false };
    }),
  );
}
