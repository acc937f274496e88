/**
 * The longest cycle of an event graph per repetition that it spans: the least period of its order.
 *
 * Every cycle is a loop of waiting: its durations and latencies have to pass within as many periods
 * as its distances add up to. So no period is shorter than time / distance of any cycle, and the
 * largest such ratio is reached by starting everything as early as it may.
 *
 * A ratio r is at least as large as all of them when no cycle has a positive sum of
 * time - r * distance. The search starts with r = 0 and looks for longest paths under these lengths
 * (Bellman and Ford); while there is a positive cycle, the links to the latest predecessors close
 * one, its own ratio is larger than r and becomes the next r. The last cycle found is a critical one.
 *
 * Lengths are multiplied by r's denominator and so stay integers: the result is exact, a fraction
 * of the times of one real cycle. Nodes are visited by offset, which carries times along all edges
 * of distance 0 in one pass.
 *
 * Example: `f` (1) and `b` (3) on one device form a cycle of 4 with distance 1; `b` a quarter faster
 * makes it 13 / 4.
 *
 * Source: cycle-ratio iteration, see Dasdan, "Experimental analysis of the fastest optimum cycle
 * ratio and mean algorithms" (ACM TODAES 9, 2004). Differs: integers, and the best of all cycles
 * that a pass closes.
 */
import { commonDivisor } from "../core/common-divisor.js";
import type { EventGraph } from "./event-graph.js";

/** An exact fraction. */
export interface Ratio {
  /** Integers without a common factor, the denominator > 0. */
  readonly numerator: number;
  readonly denominator: number;
}

/** The largest ratio and a cycle that has it. */
export interface CriticalCycle {
  readonly ratio: Ratio;
  /** Edges of the graph, each into the node that the next one leaves. */
  readonly edges: readonly number[];
}

/**
 * The critical cycle of `graph`, its nodes lasting `durations`; no edges and 0 without nodes. The edges
 * of a `known` cycle are where the search starts: of cycles with the same ratio it may find another.
 *
 * Requires: positive integers with an exact sum; every cycle has a positive distance. Exact while
 * the sum of all durations and latencies times the distance of a cycle stays below 2^53.
 * Cost: O(edges) per pass, in practice some tens of passes.
 */
export function maxCycleRatio(
  graph: EventGraph,
  durations: Float64Array,
  known: readonly number[] = [],
): CriticalCycle {
  let best: CriticalCycle =
    known.length === 0
      ? { ratio: { numerator: 0, denominator: 1 }, edges: [] }
      : { ratio: ratioOf(graph, durations, known), edges: known };
  for (;;) {
    const better = longestPaths(graph, durations, best.ratio);
    if (better === undefined || !isGreater(better.ratio, best.ratio)) {
      return best;
    }
    best = better;
  }
}

/** Returns whether `a` is greater than `b`, exactly. Cost: O(1). */
export function isGreater(a: Ratio, b: Ratio): boolean {
  return BigInt(a.numerator) * BigInt(b.denominator) > BigInt(b.numerator) * BigInt(a.denominator);
}

/** Passes over all edges until nothing grows, or links close a cycle that is longer than `ratio`. */
function longestPaths(
  { entries, first, from, distance, latency }: EventGraph,
  durations: Float64Array,
  { numerator, denominator }: Ratio,
): CriticalCycle | undefined {
  const count = entries.length;
  const longest = new Float64Array(count);
  const link = new Int32Array(count).fill(-1);
  const graph = { first, from, distance, latency, link };
  const length = new Float64Array(from.length);
  for (let edge = 0; edge < length.length; edge++) {
    const time = durations[from[edge]!]! + latency[edge]!;
    length[edge] = time * denominator - numerator * distance[edge]!;
  }
  for (;;) {
    let grew = false;
    for (let node = 0; node < count; node++) {
      for (let edge = first[node]!; edge < first[node + 1]!; edge++) {
        const reach = longest[from[edge]!]! + length[edge]!;
        if (reach > longest[node]!) {
          longest[node] = reach;
          link[node] = edge;
          grew = true;
        }
      }
    }
    const cycle = grew ? bestLinkedCycle(graph, durations) : undefined;
    if (!grew || cycle !== undefined) {
      return cycle;
    }
  }
}

type Linked = Pick<EventGraph, "from" | "distance" | "latency"> & { readonly link: Int32Array };

/** The cycle with the largest ratio among those of the links; each node has at most one link. */
function bestLinkedCycle(graph: Linked, durations: Float64Array): CriticalCycle | undefined {
  const { link, from } = graph;
  const seen = new Int32Array(link.length).fill(-1);
  let best: CriticalCycle | undefined;
  for (let root = 0; root < link.length; root++) {
    let node = root;
    while (node !== -1 && seen[node] === -1) {
      seen[node] = root;
      const edge = link[node] ?? -1;
      node = edge === -1 ? -1 : (from[edge] ?? -1);
    }
    if (node !== -1 && seen[node] === root) {
      const cycle = cycleThrough(graph, durations, node);
      best = best === undefined || isGreater(cycle.ratio, best.ratio) ? cycle : best;
    }
  }
  return best;
}

function cycleThrough(graph: Linked, durations: Float64Array, start: number): CriticalCycle {
  const { link, from } = graph;
  const edges: number[] = [];
  let node = start;
  do {
    const edge = link[node] ?? 0;
    node = from[edge] ?? 0;
    edges.push(edge);
  } while (node !== start);
  return { ratio: ratioOf(graph, durations, edges), edges: edges.reverse() };
}

/** Time over distance of a cycle. */
function ratioOf(
  { from, distance, latency }: Omit<Linked, "link">,
  durations: Float64Array,
  edges: readonly number[],
): Ratio {
  let time = 0;
  let turns = 0;
  for (const edge of edges) {
    time += (durations[from[edge] ?? 0] ?? 0) + (latency[edge] ?? 0);
    turns += distance[edge] ?? 0;
  }
  return reduced(time, turns);
}

/** `numerator / denominator` without common factors. Requires: integers, denominator > 0. */
export function reduced(numerator: number, denominator: number): Ratio {
  const factor = Math.max(1, commonDivisor(numerator, denominator));
  return { numerator: numerator / factor, denominator: denominator / factor };
}
