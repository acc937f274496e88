import { countWays, type IncomingArcs } from "../../core/reachability.js";
import type { OperatorGraph } from "../../ir/operator-graph.js";
import type { OperatorProblem } from "../../schedule/operator-problem.js";
import type { OperatorSchedule } from "../../schedule/operator-schedule.js";
import { type BipartiteGraph, maximumMatching } from "./bipartite-matching.js";
import { composeSchedule } from "./waits.js";

/**
 * Nimble: as much concurrency as the graph has, with as few synchronizations as that allows.
 *
 * Maximum logical concurrency means that operators which do not depend on each other never share a
 * stream. Each synchronization is an arc between two streams. Leave out the arcs that longer paths
 * imply (the minimum equivalent graph, MEG); of the rest, an arc costs nothing when both its ends
 * are on one stream. A stream is a path, so each operator keeps at most one outgoing and one
 * incoming arc: the free arcs are a matching between "operator as producer" and "operator as
 * consumer", and the most free arcs are a maximum matching. Synchronizations: |MEG| - |matching|.
 *
 * The paths are many: every branch of every module has its own. In a second pass a path whose end
 * leads to the start of another lends it its stream: the same matching again, between ends and
 * starts of paths. It adds no synchronization and removes no concurrency.
 *
 * Example: a -> {b, c, d} -> e, a -> e. MEG drops a -> e. Matching: a-b, b-e. Paths {a b e} {c} {d};
 * synchronizations 6 - 2 = 4. A second such module adds paths {c2} {d2}, which reuse the streams.
 *
 * Giving each branch the stream of its producer when free, as Opara does, finds the same number of
 * synchronizations on such graphs but not on others; a greedy choice can block a better one.
 *
 * Source: Kwon et al., Nimble, NeurIPS 2020, Algorithm 1 and Theorems 1 to 3; the second pass is in
 * the authors' code. Differs: the MEG comes from batched reachability instead of a full closure, and
 * the matching from Hopcroft and Karp instead of one augmenting path per operator.
 *
 * Cost: O(E sqrt(V)) for the paths, O(V * paths / 32 + paths^2 sqrt(paths)) for the second pass.
 */

/** Graphs with more operators are refused: the second pass compares every two paths. */
export const NIMBLE_MAXIMUM_OPERATORS = 10_000;

/** The schedule of Nimble. Requires: at most `NIMBLE_MAXIMUM_OPERATORS` operators. */
export function searchNimble({ graph }: OperatorProblem): OperatorSchedule {
  const count = graph.operators.length;
  const streamOf = shareStreams(graph, pathsOf(graph));
  const order = Int32Array.from({ length: count }, (_, id) => id);
  return composeSchedule(graph, "nimble", { order, streamOf });
}

/** The arcs of a graph that no longer path implies, as incoming arcs. Cost: see `countWays`. */
export function minimumEquivalentGraph(graph: OperatorGraph): IncomingArcs {
  const all = incomingArcs(graph.operators.map(({ predecessors }) => predecessors));
  const heads = Int32Array.from(
    graph.operators.flatMap(({ id, predecessors }) => predecessors.map(() => id)),
  );
  const ways = countWays(all, all.from, heads);
  let arc = 0;
  return incomingArcs(
    graph.operators.map(({ predecessors }) => predecessors.filter(() => ways[arc++] === 1)),
  );
}

/** First pass: the path of each operator, numbered by first operator. */
export function pathsOf(graph: OperatorGraph): Int32Array {
  const count = graph.operators.length;
  const meg = minimumEquivalentGraph(graph);
  const next = maximumMatching(outgoing(meg, count));
  const before = new Int32Array(count).fill(-1);
  next.forEach((head, tail) => {
    if (head >= 0) {
      before[head] = tail;
    }
  });
  const path = new Int32Array(count);
  let paths = 0;
  for (let id = 0; id < count; id++) {
    const tail = before[id]!;
    path[id] = tail < 0 ? paths : path[tail]!;
    paths += tail < 0 ? 1 : 0;
  }
  return path;
}

/** Second pass: the stream of each operator, from its path. */
export function shareStreams(graph: OperatorGraph, path: Int32Array): Int32Array {
  const paths = path.reduce((most, p) => Math.max(most, p + 1), 0);
  const first = new Int32Array(paths).fill(-1);
  const last = new Int32Array(paths);
  path.forEach((p, id) => {
    last[p] = id;
    if (first[p]! < 0) {
      first[p] = id;
    }
  });
  const next = maximumMatching(followers(graph, path, first, last));
  const stream = Int32Array.from({ length: paths }, (_, p) => p);
  // Paths are numbered by first operator, so that a path comes after the one it follows.
  next.forEach((follower, p) => {
    if (follower >= 0) {
      stream[follower] = stream[p]!;
    }
  });
  return path.map((p) => stream[p]!);
}

/** For each path the paths that begin at a place its end leads to. */
function followers(
  graph: OperatorGraph,
  path: Int32Array,
  first: Int32Array,
  last: Int32Array,
): BipartiteGraph {
  const paths = first.length;
  const words = (paths + 31) >>> 5;
  const rows = endsBefore(graph, path, last, words);
  const start = new Int32Array(paths + 1);
  first.forEach((id, own) => {
    eachBit(rows, id * words, words, (p) => {
      start[p + 1] = start[p + 1]! + (p === own ? 0 : 1);
    });
  });
  for (let p = 0; p < paths; p++) {
    start[p + 1] = start[p + 1]! + start[p]!;
  }
  const fill = start.slice();
  const right = new Int32Array(start[paths]!);
  first.forEach((id, own) => {
    eachBit(rows, id * words, words, (p) => {
      if (p !== own) {
        right[fill[p]!] = own;
        fill[p] = fill[p]! + 1;
      }
    });
  });
  return { lefts: paths, rights: paths, start, right };
}

/** Rows of bits, by operator: the paths whose last operator is this one or leads to it. */
function endsBefore(
  graph: OperatorGraph,
  path: Int32Array,
  last: Int32Array,
  words: number,
): Int32Array {
  const rows = new Int32Array(path.length * words);
  for (const { id, predecessors } of graph.operators) {
    const row = id * words;
    for (const predecessor of predecessors) {
      const other = predecessor * words;
      for (let word = 0; word < words; word++) {
        rows[row + word] = rows[row + word]! | rows[other + word]!;
      }
    }
    const own = path[id]!;
    if (last[own] === id) {
      rows[row + (own >>> 5)] = rows[row + (own >>> 5)]! | (1 << (own & 31));
    }
  }
  return rows;
}

function eachBit(rows: Int32Array, row: number, words: number, visit: (bit: number) => void): void {
  for (let word = 0; word < words; word++) {
    for (let left = rows[row + word]!; left !== 0; left &= left - 1) {
      visit(word * 32 + 31 - Math.clz32(left & -left));
    }
  }
}

function incomingArcs(lists: readonly (readonly number[])[]): IncomingArcs {
  const start = new Int32Array(lists.length + 1);
  lists.forEach((list, i) => {
    start[i + 1] = start[i]! + list.length;
  });
  return { start, from: Int32Array.from(lists.flat()) };
}

function outgoing({ start, from }: IncomingArcs, count: number): BipartiteGraph {
  const lists: number[][] = Array.from({ length: count }, () => []);
  for (let head = 0; head < count; head++) {
    for (let arc = start[head]!; arc < start[head + 1]!; arc++) {
      lists[from[arc]!]?.push(head);
    }
  }
  const turned = incomingArcs(lists);
  return { lefts: count, rights: count, start: turned.start, right: turned.from };
}
