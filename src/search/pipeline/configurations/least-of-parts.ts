/**
 * The least time per micro-batch of two parts that nothing but devices and memory ties to each other.
 *
 * A cycle of configurations brings n micro-batches of one part and m of the other in a time t, and neither n = m nor
 * a single cycle is needed: what repeats may go around one cycle some times, and around another some times. But whoever grants u
 * of time for a micro-batch of the first part and v for one of the other, so that no cycle takes less than u * n + v * m,
 * has proved that a micro-batch of both takes u + v at least. The largest such u + v is a linear program over the cycles.
 * Of these only those are listed that were found in the way: the cycle that breaks the last u and v most joins them, until
 * none breaks them.
 *
 * Where the cycles that hold u and v down can be reached from each other without losing time, going around both in
 * the right numbers is a schedule that takes just as long, and nothing takes less.
 *
 * Source: cutting planes (Kelley, 1960) over `maxCycleRatio`.
 */
import { commonDivisor } from "../../../core/common-divisor.js";
import { maxCycleRatio, type Ratio, reduced } from "../../../schedule/max-cycle-ratio.js";
import type { ConfigurationGraph } from "./configuration-graph.js";
import { type Cycle, walkAround } from "./walk-around.js";

/** What is proved, and a walk that reaches it. */
export interface LeastOfParts {
  /** No schedule takes less for a micro-batch of both; times in units of the graph. */
  readonly each: Ratio;
  /** What a micro-batch of each part counts in the proof. */
  readonly weights: readonly [number, number];
  /** A closed walk with as many micro-batches of each part that takes no more; `undefined`: none was found. */
  readonly edges: readonly number[] | undefined;
}

/** Cycles that are added at most; some two to ten are enough. */
const MOST_CYCLES = 40;

/** The answer for a graph of two parts; `undefined` where some part never goes on, or numbers get too large. */
export function leastOfParts(graph: ConfigurationGraph): LeastOfParts | undefined {
  const first = criticalCycle(graph, [1, 0]);
  const second = criticalCycle(graph, [0, 1]);
  if (first === undefined || second === undefined) {
    return undefined;
  }
  const cycles = [first, second];
  while (cycles.length < MOST_CYCLES) {
    const grant = largestGrant(cycles);
    if (grant === undefined) {
      return undefined;
    }
    const [u, v] = grant.parts;
    const weights = weightsOf(u, v);
    const next = criticalCycle(graph, weights, cycles);
    if (next === undefined) {
      return undefined;
    }
    if (next.time * grant.of >= u * next.begun[0] + v * next.begun[1]) {
      const each = reduced(u + v, grant.of);
      const tight = cycles.filter(
        ({ time, begun }) => time * grant.of === u * begun[0] + v * begun[1],
      );
      const edges = walkAround(graph, tight, { u, v, of: grant.of });
      return { each, weights, edges };
    }
    cycles.push(next);
  }
  return undefined;
}

function weightsOf(u: number, v: number): readonly [number, number] {
  const factor = Math.max(1, commonDivisor(u, v));
  return [u / factor, v / factor];
}

/** The cycle with the most weighted micro-batches per time; `undefined` without any. */
function criticalCycle(
  graph: ConfigurationGraph,
  [a, b]: readonly [number, number],
  known: readonly Cycle[] = [],
): Cycle | undefined {
  const { first, from, time, begun } = graph;
  const rate = (cycle: Cycle): number => (a * cycle.begun[0] + b * cycle.begun[1]) / cycle.time;
  const [fastest] = [...known].sort((x, y) => rate(y) - rate(x));
  const latency = Float64Array.from(time, (_, at) => a * begun[2 * at]! + b * begun[2 * at + 1]!);
  const { edges } = maxCycleRatio(
    {
      entries: Array.from({ length: graph.count }, () => NOTHING),
      first,
      from,
      distance: time,
      latency,
      isDependency: new Uint8Array(from.length),
    },
    new Float64Array(graph.count),
    fastest?.edges,
  );
  const sum = (of: (edge: number) => number): number =>
    edges.reduce((total, edge) => total + of(edge), 0);
  const brought = [sum((e) => begun[2 * e]!), sum((e) => begun[2 * e + 1]!)] as const;
  return edges.length === 0 ? undefined : { edges, time: sum((e) => time[e]!), begun: brought };
}

const NOTHING = { block: 0, residue: 0, offset: 0, shift: 0 };

/** Time granted for a micro-batch of each part, in parts of `of`. */
interface Grant {
  readonly parts: readonly [number, number];
  readonly of: number;
}

/** Of what all cycles allow, the largest sum: where two of them, or one and no time for a part, meet. */
function largestGrant(cycles: readonly Cycle[]): Grant | undefined {
  const lines = [
    ...cycles.map(({ time, begun }) => ({ time, begun })),
    { time: 0, begun: [1, 0] as const },
    { time: 0, begun: [0, 1] as const },
  ];
  let best: Grant | undefined;
  for (const [at, a] of lines.entries()) {
    for (const b of lines.slice(at + 1)) {
      const grant = meeting(a, b);
      const isAllowed =
        grant?.parts.every((part) => part >= 0) === true &&
        cycles.every(
          ({ time, begun }) =>
            time * grant.of >= grant.parts[0] * begun[0] + grant.parts[1] * begun[1],
        );
      if (isAllowed && (best === undefined || sumOf(grant) * best.of > sumOf(best) * grant.of)) {
        best = grant;
      }
    }
  }
  return best;
}

function sumOf({ parts }: Grant): number {
  return parts[0] + parts[1];
}

type Line = Pick<Cycle, "time" | "begun">;

/** The grant that both lines take whole; `undefined` where they do not meet, or exact numbers end. */
function meeting(a: Line, b: Line): Grant | undefined {
  const of = a.begun[0] * b.begun[1] - a.begun[1] * b.begun[0];
  if (of === 0) {
    return undefined;
  }
  const u = a.time * b.begun[1] - b.time * a.begun[1];
  const v = b.time * a.begun[0] - a.time * b.begun[0];
  const factor = Math.max(1, commonDivisor(commonDivisor(Math.abs(u), Math.abs(v)), Math.abs(of)));
  const sign = of < 0 ? -factor : factor;
  const largest = Math.max(Math.abs(u), Math.abs(v), Math.abs(of)) / factor;
  return largest > LARGEST ? undefined : { parts: [u / sign, v / sign], of: of / sign };
}

/** So that sums over cycles stay exact. */
const LARGEST = 10_000;
