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
export function maximumMatching({ lefts, rights, start, right }: BipartiteGraph): Int32Array {
  const mateOfLeft = new Int32Array(lefts).fill(-1);
  const mateOfRight = new Int32Array(rights).fill(-1);
  const distance = new Int32Array(lefts);
  const queue = new Int32Array(lefts);
  const edge = new Int32Array(lefts);
  const path = new Int32Array(lefts);
  while (measure()) {
    edge.set(start.subarray(0, lefts));
    for (let left = 0; left < lefts; left++) {
      if (mateOfLeft[left]! < 0) {
        augment(left);
      }
    }
  }
  return mateOfLeft;

  /** Measures distances from unmatched left nodes; returns whether an unmatched right one is in reach. */
  function measure(): boolean {
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
  function augment(root: number): void {
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
        flip(depth);
        return;
      }
      if (distance[next] === distance[left]! + 1) {
        depth++;
        path[depth] = next;
      }
    }
  }

  /** Every left node on the path takes the right node of the edge it was left by. */
  function flip(depth: number): void {
    for (let i = depth; i >= 0; i--) {
      const left = path[i]!;
      const taken = right[edge[left]! - 1]!;
      mateOfLeft[left] = taken;
      mateOfRight[taken] = left;
    }
  }
}
