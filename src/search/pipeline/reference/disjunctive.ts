/**
 * Start times under difference constraints where items of one device must not overlap and memory
 * holds: exact, by branch and bound.
 *
 * Problem: `start[to] - start[from] >= weight` for every arc; two items of a line run one after the
 * other; in the order of a line, the running sum of memory stays within its limit.
 *
 * Idea: keep the longest path between all pairs of items. A pair of a line is decided when the path
 * one way is at least the duration; an order is impossible when the path back closes a cycle of
 * positive weight, and then the other order is forced. Branch on the undecided pair with the least
 * room. No time is indexed, so durations in nanoseconds cost what steps cost.
 *
 * Example: a (2) and b (3) on one line, all within 5: a before b gives starts 0 and 2; within 4 both
 * orders close a positive cycle, so there is no schedule.
 *
 * Why not list scheduling: it neither proves that a period is impossible nor looks behind a full
 * memory. Source: disjunctive graphs, Roy and Sussmann 1964; the reference uses z3 in its place.
 */

/** `start[to] - start[from] >= weight`; the weight may be negative. */
export interface Arc {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

/** The items of a device and its memory. */
export interface Line {
  readonly items: readonly number[];
  /** Memory held before the first item. */
  readonly base: number;
  /** `undefined` is unlimited. */
  readonly limit: number | undefined;
}

/** Something to run once. */
export interface Item {
  readonly duration: number;
  /** Lasting change of memory. */
  readonly keep: number;
  /** Memory above what was held before, while it runs. */
  readonly peak: number;
}

/** Items, the arcs between them and the lines that they share. */
export interface DisjunctiveProblem {
  readonly items: readonly Item[];
  readonly arcs: readonly Arc[];
  readonly lines: readonly Line[];
}

/** Earliest starts for the orders found; without them no schedule exists, or the limit came first. */
export interface DisjunctiveAnswer {
  readonly starts: readonly number[] | undefined;
  readonly nodes: number;
  readonly isCutShort: boolean;
}

/**
 * Solves the problem within `maxNodes` nodes; deterministic. More than `MAX_ITEMS` items are cut short at
 * once. A node counts once for every 256 pairs of items, at least once.
 *
 * Cost: O(items^2 * pairs) per node, O(items^2 * depth) memory.
 */
export function solveDisjunctive(problem: DisjunctiveProblem, maxNodes: number): DisjunctiveAnswer {
  const count = problem.items.length;
  if (count > MAX_ITEMS) {
    return { starts: undefined, nodes: 0, isCutShort: true };
  }
  const pairs = pairsOf(problem.lines);
  const weight = Math.max(1, Math.floor((count * count) / 256));
  let nodes = 0;
  const explore = (paths: Float64Array): readonly number[] | undefined => {
    nodes += weight;
    if (!propagate(problem, pairs, paths) || !memoryFits(problem, paths)) {
      return undefined;
    }
    const pair = tightestPair(problem, pairs, paths);
    if (pair === undefined) {
      return earliestStarts(paths, count);
    }
    const [a, b] = pair;
    const starts = earliestStarts(paths, count);
    const isFirst = (starts[a] ?? 0) <= (starts[b] ?? 0);
    for (const [from, to] of isFirst ? [pair, [b, a] as const] : [[b, a] as const, pair]) {
      if (nodes >= maxNodes) {
        return undefined;
      }
      const next = paths.slice();
      const found = addArc(next, count, from, to, durationOf(problem, from)) && explore(next);
      if (found) {
        return found;
      }
    }
    return undefined;
  };
  const paths = new Float64Array(count * count).fill(Number.NEGATIVE_INFINITY);
  for (let at = 0; at < count; at++) {
    paths[at * count + at] = 0;
  }
  const isConsistent = problem.arcs.every(({ from, to, weight }) =>
    addArc(paths, count, from, to, weight),
  );
  const starts = isConsistent ? explore(paths) : undefined;
  const isCutShort = starts === undefined && nodes >= maxNodes;
  return { starts, nodes: Math.max(nodes, weight), isCutShort };
}

/** Paths between all pairs of more items than this take too long. */
export const MAX_ITEMS = 240;

type Pair = readonly [number, number];

function durationOf({ items }: DisjunctiveProblem, item: number): number {
  return items[item]?.duration ?? 0;
}

function pairsOf(lines: readonly Line[]): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  for (const { items } of lines) {
    items.forEach((one, at) => {
      for (const other of items.slice(at + 1)) {
        const pair = [Math.min(one, other), Math.max(one, other)] as const;
        pairs.set(pair.join(" "), pair);
      }
    });
  }
  return [...pairs.values()];
}

/** Extends the longest paths by an arc; false when it closes a cycle of positive weight. */
function addArc(
  paths: Float64Array,
  count: number,
  from: number,
  to: number,
  weight: number,
): boolean {
  if ((paths[from * count + to] ?? 0) >= weight) {
    return true;
  }
  if ((paths[to * count + from] ?? 0) + weight > 0) {
    return false;
  }
  for (let i = 0; i < count; i++) {
    const head = (paths[i * count + from] ?? 0) + weight;
    if (head === Number.NEGATIVE_INFINITY) {
      continue;
    }
    for (let j = 0; j < count; j++) {
      const length = head + (paths[to * count + j] ?? 0);
      if (length > (paths[i * count + j] ?? 0)) {
        paths[i * count + j] = length;
      }
    }
  }
  return true;
}

/** Adds every order that is forced; false when some pair can run neither way. */
function propagate(
  problem: DisjunctiveProblem,
  pairs: readonly Pair[],
  paths: Float64Array,
): boolean {
  for (let isMoving = true; isMoving; ) {
    isMoving = false;
    for (const pair of pairs) {
      const effect = force(problem, pair, paths);
      if (effect === "conflict") {
        return false;
      }
      isMoving ||= effect === "forced";
    }
  }
  return true;
}

function force(
  problem: DisjunctiveProblem,
  [a, b]: Pair,
  paths: Float64Array,
): "conflict" | "forced" | "open" {
  const count = problem.items.length;
  const [there, back] = [paths[a * count + b] ?? 0, paths[b * count + a] ?? 0];
  const [one, other] = [durationOf(problem, a), durationOf(problem, b)];
  if (there >= one || back >= other) {
    return "open";
  }
  const isThereImpossible = back + one > 0;
  const isBackImpossible = there + other > 0;
  if (!isThereImpossible && !isBackImpossible) {
    return "open";
  }
  const [from, to] = isThereImpossible ? [b, a] : [a, b];
  return addArc(paths, count, from, to, durationOf(problem, from)) ? "forced" : "conflict";
}

/** Whether each item fits with all that surely runs before it and every release that still may. */
function memoryFits({ items, lines }: DisjunctiveProblem, paths: Float64Array): boolean {
  const count = items.length;
  const isBefore = (a: number, b: number): boolean =>
    (paths[a * count + b] ?? 0) >= (items[a]?.duration ?? 0);
  return lines.every(
    ({ items: own, base, limit }) =>
      limit === undefined ||
      own.every((item) => {
        let held = base + (items[item]?.peak ?? 0);
        for (const other of own) {
          const keep = items[other]?.keep ?? 0;
          if (other !== item && isBefore(other, item)) {
            held += keep;
          } else if (other !== item && !isBefore(item, other)) {
            held += Math.min(0, keep);
          }
        }
        return held <= limit;
      }),
  );
}

function tightestPair(
  problem: DisjunctiveProblem,
  pairs: readonly Pair[],
  paths: Float64Array,
): Pair | undefined {
  const count = problem.items.length;
  let best: Pair | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const pair of pairs) {
    const [a, b] = pair;
    const [there, back] = [paths[a * count + b] ?? 0, paths[b * count + a] ?? 0];
    if (there < durationOf(problem, a) && back < durationOf(problem, b)) {
      const room = -(there + back);
      if (best === undefined || room < least) {
        [best, least] = [pair, room];
      }
    }
  }
  return best;
}

function earliestStarts(paths: Float64Array, count: number): readonly number[] {
  return Array.from({ length: count }, (_, to) => {
    let start = 0;
    for (let from = 0; from < count; from++) {
      start = Math.max(start, paths[from * count + to] ?? 0);
    }
    return start;
  });
}
