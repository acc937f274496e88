/**
 * A closed walk with as many micro-batches of one part as of the other, made of cycles that take no more than is granted.
 */
import { commonDivisor } from "../../../core/common-divisor.js";
import type { ConfigurationGraph } from "./configuration-graph.js";

/** A cycle, its time, and the micro-batches of each part. */
export interface Cycle {
  readonly edges: readonly number[];
  readonly time: number;
  readonly begun: readonly [number, number];
}

/** Time granted for a micro-batch of the first and of the second part, in parts of `of`. */
export interface GrantedTimes {
  readonly u: number;
  readonly v: number;
  readonly of: number;
}

/** Micro-batches of a walk at most. */
const MOST_BEGUN = 500;
/** Of a walk that loses time on its way between cycles: with more it loses less for each. */
const MOST_WITH_LOSS = 64;

/**
 * A walk that takes just what is granted, or where the cycles do not reach each other without losing time, little more;
 * `undefined` where they do not reach each other.
 *
 * Requires: no cycle of the graph takes less than is granted, `cycles` take just as much. Cost: O(edges) per pass until
 * potentials settle.
 */
export function walkAround(
  graph: ConfigurationGraph,
  cycles: readonly Cycle[],
  granted: GrantedTimes,
): readonly number[] | undefined {
  const even = cycles.find(({ begun }) => begun[0] === begun[1]);
  if (even !== undefined) {
    return even.edges;
  }
  const losses = lossesOf(graph, granted);
  let best: Walk | undefined;
  for (const more of cycles.filter((cycle) => surplus(cycle) > 0)) {
    for (const less of cycles.filter((cycle) => surplus(cycle) < 0)) {
      const walk = combined(graph, losses, more, less);
      best = walk !== undefined && (best === undefined || isBetter(walk, best)) ? walk : best;
    }
  }
  return best?.edges;
}

/** Edges, micro-batches of each part, and time beyond what is granted. */
interface Walk {
  readonly edges: readonly number[];
  readonly begun: number;
  readonly loss: number;
}

function isBetter(a: Walk, b: Walk): boolean {
  const difference = a.loss * b.begun - b.loss * a.begun;
  return difference < 0 || (difference === 0 && a.begun < b.begun);
}

function surplus({ begun }: Pick<Cycle, "begun">): number {
  return begun[0] - begun[1];
}

/** By edge: time beyond what is granted, in parts; no walk around loses less than the sum over its edges. */
function lossesOf(
  { count, first, from, time, begun }: ConfigurationGraph,
  { u, v, of }: GrantedTimes,
): Float64Array {
  const length = Float64Array.from(
    time,
    (each, at) => each * of - u * begun[2 * at]! - v * begun[2 * at + 1]!,
  );
  const potential = new Float64Array(count);
  for (let moved = true; moved; ) {
    moved = false;
    for (let node = 0; node < count; node++) {
      for (let edge = first[node]!; edge < first[node + 1]!; edge++) {
        const reach = potential[from[edge]!]! + length[edge]!;
        if (reach < potential[node]!) {
          potential[node] = reach;
          moved = true;
        }
      }
    }
  }
  for (let node = 0; node < count; node++) {
    for (let edge = first[node]!; edge < first[node + 1]!; edge++) {
      length[edge]! += potential[from[edge]!]! - potential[node]!;
    }
  }
  return length;
}

/** Around `more`, over to `less`, around it, and back: each as often as evens out. */
function combined(
  graph: ConfigurationGraph,
  losses: Float64Array,
  more: Cycle,
  less: Cycle,
): Walk | undefined {
  const [there, back] = [way(graph, losses, more, less), way(graph, losses, less, more)];
  if (there === undefined || back === undefined) {
    return undefined;
  }
  const both = [...there, ...back];
  const loss = both.reduce((sum, edge) => sum + losses[edge]!, 0);
  const extra = begunOf(graph, both, 0) - begunOf(graph, both, 1);
  const [up, down] = [surplus(more), -surplus(less)];
  for (let loops = both.length === 0 ? 0 : 1; loops <= up * down; loops++) {
    for (let turns = 0; turns <= down; turns++) {
      const left = loops * extra + turns * up;
      if (left >= 0 && left % down === 0 && turns + left > 0) {
        const once = turnsOf(
          { more, less, there, back, loops },
          [turns, left / down],
          [down / commonDivisor(up, down), up / commonDivisor(up, down)],
        );
        const rounds = loss === 0 ? [0] : ROUNDS;
        const most = loss === 0 ? MOST_BEGUN : MOST_WITH_LOSS;
        const walks = rounds.map((round): Walk => {
          const edges = once(round);
          return { edges, begun: begunOf(graph, edges, 0), loss: loss * loops };
        });
        return walks.findLast(({ begun }) => begun > 0 && begun <= most);
      }
    }
  }
  return undefined;
}

/** Further rounds around both cycles that are tried. */
const ROUNDS = Array.from({ length: 32 }, (_, round) => round);

interface Pieces {
  readonly more: Cycle;
  readonly less: Cycle;
  readonly there: readonly number[];
  readonly back: readonly number[];
  readonly loops: number;
}

/** The walk with further rounds: so many turns around each cycle at least, and so many for each round. */
function turnsOf(
  { more, less, there, back, loops }: Pieces,
  turns: readonly [number, number],
  perRound: readonly [number, number],
): (rounds: number) => readonly number[] {
  return (rounds) => [
    ...repeated(more.edges, turns[0] + rounds * perRound[0]),
    ...there,
    ...repeated(less.edges, turns[1] + rounds * perRound[1]),
    ...back,
    ...repeated([...there, ...back], loops - 1),
  ];
}

function begunOf({ begun }: ConfigurationGraph, edges: readonly number[], part: number): number {
  return edges.reduce((sum, edge) => sum + begun[2 * edge + part]!, 0);
}

function repeated(edges: readonly number[], times: number): readonly number[] {
  return Array.from({ length: Math.max(0, times) }, () => edges).flat();
}

/** The way from where one cycle begins to where the other does that loses least. */
function way(
  { first, from, count }: ConfigurationGraph,
  losses: Float64Array,
  a: Cycle,
  b: Cycle,
): readonly number[] | undefined {
  const [start, goal] = [from[a.edges[0]!]!, from[b.edges[0]!]!];
  const out = new Int32Array(count).fill(-1);
  const least = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  least[goal] = 0;
  let front = [goal];
  while (front.length > 0) {
    const next = new Set<number>();
    for (const node of front) {
      for (let edge = first[node]!; edge < first[node + 1]!; edge++) {
        const before = from[edge]!;
        const reach = least[node]! + losses[edge]!;
        if (reach < least[before]!) {
          least[before] = reach;
          out[before] = edge;
          next.add(before);
        }
      }
    }
    front = [...next];
  }
  return least[start] === Number.POSITIVE_INFINITY
    ? undefined
    : forward(out, start, goal, { first, count });
}

/** Follows the edges out of each node. */
function forward(
  out: Int32Array,
  start: number,
  goal: number,
  { first, count }: Pick<ConfigurationGraph, "first" | "count">,
): readonly number[] {
  const edges: number[] = [];
  const intoOf = (edge: number): number => {
    let [low, high] = [0, count];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      [low, high] = first[middle]! <= edge ? [middle, high] : [low, middle];
    }
    return low;
  };
  for (let node = start; node !== goal; ) {
    const edge = out[node]!;
    edges.push(edge);
    node = intoOf(edge);
  }
  return edges;
}
