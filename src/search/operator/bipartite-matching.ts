/**
 * A largest set of edges of a bipartite graph that share no end, by shortest augmenting paths.
 *
 * A path that alternates between free and matched edges and begins and ends at unmatched nodes
 * makes the matching one larger when its edges change roles. Searching one such path at a time
 * costs V searches; here each round first measures the distance of every left node from the
 * unmatched ones (breadth first), then takes as many disjoint shortest paths as there are (depth
 * first along growing distances). O(sqrt(V)) rounds are enough.
 *
 * Source: Hopcroft and Karp, SIAM J. Comput. 2(4), 1973.
 */

/** Left node `u` has edges to the right nodes `right[start[u]] ... right[start[u + 1] - 1]`. */
export interface BipartiteGraph {
  readonly lefts: number;
  readonly rights: number;
  readonly start: Int32Array;
  readonly right: Int32Array;
}

/**
 * The right node of each left node in a maximum matching, -1 for those left over.
 *
 * Order: deterministic; nodes and edges are tried in the order given.
 * Cost: O(E sqrt(V)).
 */
export function maximumMatching(graph: BipartiteGraph): Int32Array {
  return new HopcroftKarp(graph).solve();
}

class HopcroftKarp {
  readonly #graph: BipartiteGraph;
  readonly #mateOfLeft: Int32Array;
  readonly #mateOfRight: Int32Array;
  readonly #distance: Int32Array;
  readonly #queue: Int32Array;
  /** The next edge to try of each left node. */
  readonly #edge: Int32Array;
  readonly #path: Int32Array;

  constructor(graph: BipartiteGraph) {
    const { lefts, rights } = graph;
    this.#graph = graph;
    this.#mateOfLeft = new Int32Array(lefts).fill(-1);
    this.#mateOfRight = new Int32Array(rights).fill(-1);
    this.#distance = new Int32Array(lefts);
    this.#queue = new Int32Array(lefts);
    this.#edge = new Int32Array(lefts);
    this.#path = new Int32Array(lefts);
  }

  /** The right node of each left node, -1 for those left over. */
  solve(): Int32Array {
    const { lefts, start } = this.#graph;
    while (this.#measure()) {
      this.#edge.set(start.subarray(0, lefts));
      for (let left = 0; left < lefts; left++) {
        if (this.#mateOfLeft[left]! < 0) {
          this.#augment(left);
        }
      }
    }
    return this.#mateOfLeft;
  }

  /** Measures distances from unmatched left nodes; returns whether an unmatched right one is in reach. */
  #measure(): boolean {
    const { lefts, start, right } = this.#graph;
    const [mateOfLeft, mateOfRight] = [this.#mateOfLeft, this.#mateOfRight];
    const [distance, queue] = [this.#distance, this.#queue];
    let tail = 0;
    for (let left = 0; left < lefts; left++) {
      const isFree = mateOfLeft[left]! < 0;
      distance[left] = isFree ? 0 : -1;
      if (isFree) {
        queue[tail++] = left;
      }
    }
    let found = false;
    for (let head = 0; head < tail; head++) {
      const left = queue[head]!;
      for (let at = start[left]!; at < start[left + 1]!; at++) {
        const next = mateOfRight[right[at]!]!;
        if (next < 0) {
          found = true;
        } else if (distance[next]! < 0) {
          distance[next] = distance[left]! + 1;
          queue[tail++] = next;
        }
      }
    }
    return found;
  }

  /** Follows growing distances from `root` to an unmatched right node and flips the path. */
  #augment(root: number): void {
    const { start, right } = this.#graph;
    const mateOfRight = this.#mateOfRight;
    const [distance, edge, path] = [this.#distance, this.#edge, this.#path];
    let depth = 0;
    path[0] = root;
    while (depth >= 0) {
      const left = path[depth]!;
      const at = edge[left]!;
      if (at === start[left + 1]) {
        distance[left] = -1;
        depth--;
        continue;
      }
      edge[left] = at + 1;
      const next = mateOfRight[right[at]!]!;
      if (next < 0) {
        this.#flip(depth);
        return;
      }
      if (distance[next] === distance[left]! + 1) {
        depth++;
        path[depth] = next;
      }
    }
  }

  /** Every left node on the path takes the right node of the edge it was left by. */
  #flip(depth: number): void {
    const { right } = this.#graph;
    for (let i = depth; i >= 0; i--) {
      const left = this.#path[i]!;
      const taken = right[this.#edge[left]! - 1]!;
      this.#mateOfLeft[left] = taken;
      this.#mateOfRight[taken] = left;
    }
  }
}
