import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../../../src/core/random.js";
import { contractChains } from "../../../../../src/search/operator/gpu/chain-units.js";
import { searchIos } from "../../../../../src/search/operator/gpu/ios.js";
import type { StepLatency } from "../../../../../src/search/operator/gpu/ios-part.js";
import { partsOf } from "../../../../../src/search/operator/gpu/parts.js";
import { forkJoin, graphOf, randomGraph } from "../../../../support/graphs.js";

/** Longest group, a little for each further group, a barrier. */
const simple: StepLatency = (groups) =>
  Math.max(...groups.map((group) => group.length)) * 10 + (groups.length - 1) + 4;

function totalOf(steps: readonly (readonly (readonly number[])[])[], latency: StepLatency): number {
  return steps.reduce((sum, groups) => sum + latency(groups), 0);
}

/** The cheapest schedule by trying every sequence of steps whose groups are IOS's. */
function bruteForce(
  successors: readonly (readonly number[])[],
  latency: StepLatency,
  limits: { readonly r: number; readonly s: number },
): number {
  const all = successors.map((_, i) => i);
  const behind = (unit: number, set: ReadonlySet<number>): Set<number> => {
    const found = new Set([unit]);
    const pending = [unit];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      for (const next of successors[at] ?? []) {
        if (set.has(next) && !found.has(next)) {
          found.add(next);
          pending.push(next);
        }
      }
    }
    return found;
  };
  const memo = new Map<string, number>();
  const cost = (set: ReadonlySet<number>): number => {
    if (set.size === 0) {
      return 0;
    }
    const key = [...set].sort((a, b) => a - b).join();
    const known = memo.get(key);
    if (known !== undefined) {
      return known;
    }
    const groups = [...set]
      .map((unit) => behind(unit, set))
      .filter((group) => group.size <= limits.r);
    let best = Number.POSITIVE_INFINITY;
    for (let mask = 1; mask < 2 ** groups.length; mask++) {
      const chosen = groups.filter((_, i) => (mask >> i) & 1);
      const union = new Set(chosen.flatMap((group) => [...group]));
      const isDisjoint = chosen.reduce((sum, group) => sum + group.size, 0) === union.size;
      if (isDisjoint && chosen.length <= limits.s) {
        const rest = new Set([...set].filter((unit) => !union.has(unit)));
        best = Math.min(best, cost(rest) + latency(chosen.map((group) => [...group])));
      }
    }
    memo.set(key, best);
    return best;
  };
  return cost(new Set(all));
}

describe("searchIos", () => {
  it("runs the branches of a fork in one step", () => {
    const { steps } = searchIos(forkJoin([1, 1, 1]), simple);
    expect(steps.map((groups) => groups.length)).toEqual([1, 3, 1]);
  });

  it("finds the optimum of brute force on small graphs", () => {
    let uncut = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const nodes = Array.from({ length: 7 }, (_, i) => ({
        after: Array.from({ length: i }, (__, p) => p).filter(() => random.next() < 0.35),
      }));
      const graph = graphOf(nodes);
      const weights = nodes.map(() => 1 + random.integer(20));
      const latency: StepLatency = (groups) =>
        Math.max(...groups.map((group) => group.reduce((sum, op) => sum + (weights[op] ?? 0), 0))) +
        3 * groups.length;
      const units = contractChains(graph);
      const unitLatency: StepLatency = (groups) =>
        latency(groups.map((group) => group.flatMap((unit) => units.members[unit] ?? [])));
      // Without parts, the whole graph at once: brute force knows no cuts either.
      const whole = bruteForce(units.graph.successors, unitLatency, { r: 3, s: 8 });
      const { steps } = searchIos(graph, latency);
      const cuts = partsOf(units.graph, 52).length;
      const found = totalOf(steps, latency);
      if (cuts === 1) {
        uncut++;
        expect(found, `seed ${seed}`).toBe(whole);
      } else {
        expect(found, `seed ${seed}`).toBeGreaterThanOrEqual(whole);
      }
    }
    expect(uncut).toBeGreaterThan(5);
  });

  it("cuts wide parts into halves instead of running on", () => {
    const graph = forkJoin(new Array(16).fill(1));
    const { halved, transitions, schedule } = searchIos(graph, simple, { maxTransitions: 500 });
    expect(halved).toBeGreaterThan(0);
    expect(transitions).toBeLessThan(20_000);
    expect(schedule.launches.length).toBe(graph.operators.length);
  });

  it("launches each operator once on random graphs", () => {
    const graph = randomGraph(60, 3, 8, 5);
    const { steps } = searchIos(graph, simple);
    expect(steps.flat(2).sort((a, b) => a - b)).toEqual(graph.operators.map(({ id }) => id));
  });
});
