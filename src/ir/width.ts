/**
 * Width: how many operators can run at the same time, at most.
 *
 * Operators that may all run at once are pairwise independent: none leads to another. The largest
 * such set is a maximum antichain of the order "leads to". Counting the operators of the fullest
 * level is not enough: with a -> b -> c next to d -> e -> f -> g, and a further x behind a alone,
 * the sizes of the levels depend on how long each branch happens to be, and an antichain may mix
 * levels.
 *
 * Dilworth's theorem turns the question around: the largest antichain is as large as the smallest
 * number of chains that cover all operators. A chain cover is a matching: give every operator at
 * most one next and one previous operator among those it leads to. Each matched pair saves a chain,
 * so width = operators - maximum matching. Hopcroft and Karp find the matching in O(sqrt(n)) rounds,
 * each of which takes as many disjoint shortest augmenting paths as there are.
 *
 * "Leads to" has O(n^2) pairs (8 million for a chain of 4,000), so rows are bit sets: in a round
 * every operator is met once as a "next", and is struck out of the row sets when met, so that a round
 * costs n * n / 32 word operations however many pairs there are.
 *
 * Two reductions keep n small. Operators in a row without any branching count as one: only their
 * first is an item. And a subset (the heavy operators, say) needs bits for its own members only.
 *
 * The matching also yields the operators themselves: those that alternating paths from chain ends
 * reach as "previous" but not as "next" (Koenig's theorem).
 *
 * Example: a -> {b, c, d} -> e. Matching a-b, b-e: 5 - 2 = 3 chains {a b e} {c} {d}; antichain {b, c, d}.
 *
 * Source: Dilworth, Annals of Mathematics 51, 1950; Fulkerson, Proc. AMS 7, 1956; Hopcroft and Karp,
 * SIAM J. Comput. 2(4), 1973.
 */
import { levelsOf } from "./levels.js";
import type { Operator, OperatorGraph, OperatorId } from "./operator-graph.js";

/** Bits of all rows together: 128 MiB. Larger graphs get bounds. */
const MAX_ROW_BITS = 2 ** 30;

/** The number of operators that can run at once. */
export interface Width {
  /** Operators of the antichain: the width itself when `isExact`, else a lower bound. */
  readonly width: number;
  /** The width itself when `isExact`, else a number of chains that cover everything. */
  readonly upperBound: number;
  readonly isExact: boolean;
  /** Pairwise independent operators, ascending. */
  readonly antichain: readonly OperatorId[];
}

/**
 * The width of the operators that `isIncluded` picks (all by default), counting paths through others.
 *
 * Cost: O(sqrt(n) n^2 / 32) for n items after the reductions, and operators x n / 8 bytes; beyond
 * 128 MiB, bounds in O(operators + edges).
 */
export function widthOf(
  graph: OperatorGraph,
  isIncluded: (operator: Operator) => boolean = isFirstOfRow(graph),
): Width {
  const items = Int32Array.from(graph.operators.filter(isIncluded).map((operator) => operator.id));
  if (items.length * graph.operators.length > MAX_ROW_BITS) {
    return boundWidth(graph, items);
  }
  const matching = new ChainMatching(reachRows(graph, items), items.length);
  const antichain = matching.antichain().map((item) => items[item] as OperatorId);
  return { width: antichain.length, upperBound: antichain.length, isExact: true, antichain };
}

/** Excludes an operator that is the only reader of the only operator it reads. */
function isFirstOfRow(graph: OperatorGraph): (operator: Operator) => boolean {
  return ({ predecessors }) => {
    const [before] = predecessors;
    return (
      before === undefined ||
      predecessors.length > 1 ||
      graph.operators[before]?.successors.length !== 1
    );
  };
}

/** Row i: the items that item i leads to. */
interface Rows {
  readonly bits: Int32Array;
  readonly words: number;
}

function reachRows(graph: OperatorGraph, items: Int32Array): Rows {
  const count = graph.operators.length;
  const words = (items.length + 31) >>> 5;
  const position = new Int32Array(count).fill(-1);
  for (const [i, id] of items.entries()) {
    position[id] = i;
  }
  const all = new Int32Array(count * words);
  for (let id = count - 1; id >= 0; id--) {
    for (const successor of graph.operators[id]?.successors ?? []) {
      for (let word = 0; word < words; word++) {
        const at = id * words + word;
        all[at] = all[at]! | all[successor * words + word]!;
      }
      const item = position[successor]!;
      if (item >= 0) {
        const at = id * words + (item >>> 5);
        all[at] = all[at]! | (1 << (item & 31));
      }
    }
  }
  const bits = new Int32Array(items.length * words);
  for (const [i, id] of items.entries()) {
    bits.set(all.subarray(id * words, (id + 1) * words), i * words);
  }
  return { bits, words };
}

/**
 * A maximum matching of items with the next items of their chains, after Hopcroft and Karp.
 *
 * An item is on the left as the item before, and on the right as the next one.
 */
class ChainMatching {
  readonly #bits: Int32Array;
  readonly #words: number;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** Items not yet met as a next item in this round. */
  readonly #unmet: Int32Array;
  /** Depth at which the breadth-first search met an item on the left and on the right; -1: not met. */
  readonly #leftLevel: Int32Array;
  readonly #rightLevel: Int32Array;
  readonly #queue: Int32Array;
  readonly #cursor: Int32Array;
  readonly #path: Int32Array;

  constructor({ bits, words }: Rows, count: number) {
    this.#bits = bits;
    this.#words = words;
    this.#next = new Int32Array(count).fill(-1);
    this.#previous = new Int32Array(count).fill(-1);
    this.#unmet = new Int32Array(words);
    this.#leftLevel = new Int32Array(count);
    this.#rightLevel = new Int32Array(count);
    this.#queue = new Int32Array(count);
    this.#cursor = new Int32Array(count);
    this.#path = new Int32Array(count);
  }

  /** Positions of the items of a largest antichain (Koenig), ascending. */
  antichain(): number[] {
    while (this.#measure()) {
      this.#cursor.fill(0);
      this.#unmet.fill(-1);
      for (let item = 0; item < this.#next.length; item++) {
        if (this.#next[item] === -1) {
          this.#augment(item);
        }
      }
    }
    return [...this.#next.keys()].filter(
      (item) => this.#leftLevel[item] !== -1 && this.#rightLevel[item] === -1,
    );
  }

  /** Measures distances from the ends of chains. Returns whether the start of another is reached. */
  #measure(): boolean {
    const leftLevel = this.#leftLevel;
    const queue = this.#queue;
    this.#unmet.fill(-1);
    leftLevel.fill(-1);
    this.#rightLevel.fill(-1);
    let tail = 0;
    for (let item = 0; item < this.#next.length; item++) {
      if (this.#next[item] === -1) {
        leftLevel[item] = 0;
        queue[tail++] = item;
      }
    }
    let found = false;
    for (let head = 0; head < tail; head++) {
      const item = queue[head]!;
      const level = leftLevel[item]!;
      for (let right = this.#takeFrom(item, 0); right >= 0; ) {
        this.#rightLevel[right] = level;
        const owner = this.#previous[right]!;
        if (owner === -1) {
          found = true;
        } else if (leftLevel[owner] === -1) {
          leftLevel[owner] = level + 1;
          queue[tail++] = owner;
        }
        right = this.#takeFrom(item, right >>> 5);
      }
    }
    return found;
  }

  /** Strikes out and returns the first unmet item that `item` leads to, from a word on; -1: none. */
  #takeFrom(item: number, from: number): number {
    const bits = this.#bits;
    const unmet = this.#unmet;
    const words = this.#words;
    for (let word = from; word < words; word++) {
      const candidates = bits[item * words + word]! & unmet[word]!;
      if (candidates !== 0) {
        const lowest = candidates & -candidates;
        unmet[word] = unmet[word]! & ~lowest;
        return word * 32 + 31 - Math.clz32(lowest);
      }
    }
    return -1;
  }

  /** Follows shortest paths from the end of a chain to the start of another and joins them. */
  #augment(root: number): void {
    const path = this.#path;
    let depth = 0;
    path[0] = root;
    while (depth >= 0) {
      const item = path[depth]!;
      const right = this.#takeAt(item, depth);
      if (right < 0) {
        depth--;
        continue;
      }
      const owner = this.#previous[right]!;
      if (owner === -1) {
        this.#join(depth, right);
        return;
      }
      depth++;
      path[depth] = owner;
    }
  }

  /** The same as `#takeFrom`, among items met at that level only. */
  #takeAt(item: number, level: number): number {
    const bits = this.#bits;
    const unmet = this.#unmet;
    const words = this.#words;
    const rightLevel = this.#rightLevel;
    for (let word = this.#cursor[item]!; word < words; word++) {
      let candidates = bits[item * words + word]! & unmet[word]!;
      for (; candidates !== 0; candidates &= candidates - 1) {
        const lowest = candidates & -candidates;
        const right = word * 32 + 31 - Math.clz32(lowest);
        if (rightLevel[right] === level) {
          unmet[word] = unmet[word]! & ~lowest;
          this.#cursor[item] = word;
          return right;
        }
      }
    }
    this.#cursor[item] = words;
    return -1;
  }

  /** Hands the next item of each item on the path to the item before it. */
  #join(depth: number, last: number): void {
    let right = last;
    for (let i = depth; i >= 0; i--) {
      const item = this.#path[i]!;
      const handed = this.#next[item]!;
      this.#next[item] = right;
      this.#previous[right] = item;
      right = handed;
    }
  }
}

/** The fullest level, and the paths left when every operator goes on to at most one reader. */
function boundWidth(graph: OperatorGraph, items: Int32Array): Width {
  const levels = levelsOf(graph);
  const sizes = new Map<number, number>();
  for (const id of items) {
    sizes.set(levels[id]!, (sizes.get(levels[id]!) ?? 0) + 1);
  }
  const [fullest] = [...sizes].sort(([a, m], [b, n]) => n - m || a - b)[0] ?? [-1];
  const antichain = [...items].filter((id) => levels[id] === fullest) as OperatorId[];
  const upperBound = Math.min(items.length, greedyPaths(graph));
  return {
    width: antichain.length,
    upperBound,
    isExact: antichain.length === upperBound,
    antichain,
  };
}

/** Paths that cover the graph when each operator continues the first free path it reads from. */
function greedyPaths(graph: OperatorGraph): number {
  const isContinued = new Uint8Array(graph.operators.length);
  let paths = 0;
  for (const { predecessors } of graph.operators) {
    const free = predecessors.find((predecessor) => isContinued[predecessor] === 0);
    if (free === undefined) {
      paths++;
    } else {
      isContinued[free] = 1;
    }
  }
  return paths;
}
