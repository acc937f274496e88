/**
 * IOS: the cheapest sequence of steps, by dynamic programming over endings.
 *
 * A step is a set of operators that run between two barriers: the connected parts of the set (its
 * groups) side by side, the operators of a group one after the other. The last step of a schedule
 * is an ending: nothing outside it reads from it. So
 *
 *   cost[S] = min over endings E of S ( cost[S - E] + latency(E) )
 *
 * and the table is filled from the whole set down to the empty one. The number of sets grows with
 * the width of the graph, so the graph is cut where it narrows to one operator and each part is
 * solved alone, and endings are pruned: at most `groups` groups of at most `groupOperators`
 * operators, each group an operator of S with everything of S behind it.
 *
 * Example: a -> {b, c} -> d. Endings of {a, b, c, d}: {d}, {b, d}? no: c would stay and d reads c,
 * so {b, c, d} only with groups of three operators. The cheapest is a | b, c | d.
 *
 * Chains of operators (each the only reader of the one before) are one unit, as convolution and
 * activation are in the paper.
 *
 * Source: Ding et al., IOS, MLSys 2021 (arXiv 2011.01302), Algorithm 1 and section 4.3 (pruning).
 * Differs: parts come from cut operators instead of hand-written blocks; the latency of a step is a
 * function given by the caller instead of a measurement; work is bounded by a number of
 * transitions; operator merge is not part of it; the launches wait for what they read and not for
 * whole steps, which no simulator or GPU runs slower.
 */
import { invariant } from "../../../core/invariant.js";
import type { OperatorGraph } from "../../../ir/operator-graph.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { composeSchedule } from "../waits.js";
import { contractChains, type UnitGraph } from "./chain-units.js";
import { partsOf } from "./parts.js";

/** How far IOS may go. */
export interface IosOptions {
  /** Operators in a group, the paper's r (default 3). */
  readonly groupOperators?: number;
  /** Groups in a step, the paper's s (default 8). */
  readonly groups?: number;
  /** Transitions looked at in one part before it is cut into halves (default 40,000). */
  readonly maxTransitions?: number;
}

/** Time of one step in nanoseconds: the groups side by side, a barrier behind them. */
export type StepLatency = (groups: readonly (readonly number[])[]) => number;

/** A schedule of steps. */
export interface IosResult {
  readonly schedule: OperatorSchedule;
  /** Steps in order, each a list of groups of operator ids. */
  readonly steps: readonly (readonly (readonly number[])[])[];
  readonly states: number;
  readonly transitions: number;
  /** Parts that had too many transitions and were cut into halves. */
  readonly halved: number;
}

/** Units in one part: sets of them are two words. */
const MAX_PART = 52;

const DEFAULTS = { groupOperators: 3, groups: 8, maxTransitions: 40_000 };

/** The schedule of the cheapest steps within the pruning. */
export function searchIos(
  graph: OperatorGraph,
  latency: StepLatency,
  options: IosOptions = {},
): IosResult {
  const limits = { ...DEFAULTS, ...options };
  const steps: (readonly (readonly number[])[])[] = [];
  const count = { states: 0, transitions: 0, halved: 0 };
  const units = contractChains(graph);
  const unitLatency: StepLatency = (groups) =>
    latency(groups.map((group) => group.flatMap((unit) => units.members[unit] ?? [])));
  const pending = [...partsOf(units.graph, MAX_PART)].reverse();
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const solver = new PartSolver(units.graph, part, unitLatency, limits);
    const solved = solver.solve();
    count.states += solver.states;
    count.transitions += solver.transitions;
    if (solved === undefined) {
      invariant(part.length > 1, "a part of one unit has one transition");
      const half = part.length >> 1;
      pending.push(part.slice(half), part.slice(0, half));
      count.halved++;
      continue;
    }
    for (const step of solved) {
      steps.push(step.map((group) => group.flatMap((unit) => units.members[unit] ?? [])));
    }
  }
  return { schedule: scheduleOf(graph, steps), steps, ...count };
}

/** Groups of a step on streams of their own, launched in turns. */
function scheduleOf(
  graph: OperatorGraph,
  steps: readonly (readonly (readonly number[])[])[],
): OperatorSchedule {
  const order: number[] = [];
  const streamOf = new Int32Array(graph.operators.length);
  for (const groups of steps) {
    const longest = Math.max(...groups.map((group) => group.length));
    for (let at = 0; at < longest; at++) {
      groups.forEach((group, stream) => {
        const operator = group[at];
        if (operator !== undefined) {
          order.push(operator);
          streamOf[operator] = stream;
        }
      });
    }
  }
  return composeSchedule(graph, "ios", { order: Int32Array.from(order), streamOf });
}

interface Limits {
  readonly groupOperators: number;
  readonly groups: number;
  readonly maxTransitions: number;
}

interface State {
  readonly cost: number;
  /** Groups of the last step, as sets. */
  readonly last: readonly number[];
}

/** Endings enumerated for each transition allowed: a set is enumerated once to find what it needs. */
const ENDINGS = 4;

/** Bits of a set that fit the low word. */
const LOW = 2 ** 26;

/**
 * The table of one part. A set of operators is a number below 2^52: bit i is the operator at
 * position i of the part; the low 26 bits and the rest are taken apart for bit operations.
 */
class PartSolver {
  states = 0;
  transitions = 0;
  readonly #part: readonly number[];
  readonly #latency: StepLatency;
  readonly #limits: Limits;
  /** By position: the position itself and everything behind it inside the part, as two words. */
  readonly #behindLow: Int32Array;
  readonly #behindHigh: Int32Array;
  readonly #memo = new Map<number, State>();
  readonly #latencies = new Map<number, number>();
  /** Endings enumerated, those of sets that had to wait for others included. */
  #endings = 0;

  constructor(graph: UnitGraph, part: readonly number[], latency: StepLatency, limits: Limits) {
    this.#part = part;
    this.#latency = latency;
    this.#limits = limits;
    const position = new Map(part.map((operator, at) => [operator, at]));
    this.#behindLow = new Int32Array(part.length);
    this.#behindHigh = new Int32Array(part.length);
    for (let at = part.length - 1; at >= 0; at--) {
      let low = at < 26 ? 1 << at : 0;
      let high = at < 26 ? 0 : 1 << (at - 26);
      for (const successor of graph.successors[part[at] ?? 0] ?? []) {
        const next = position.get(successor);
        if (next !== undefined) {
          low |= this.#behindLow[next] ?? 0;
          high |= this.#behindHigh[next] ?? 0;
        }
      }
      this.#behindLow[at] = low;
      this.#behindHigh[at] = high;
    }
  }

  /** The steps of the cheapest schedule, or `undefined` when the transitions ran out. */
  solve(): readonly (readonly (readonly number[])[])[] | undefined {
    const all = setOf(this.#part.map((_, at) => at));
    this.#memo.set(0, { cost: 0, last: [] });
    const pending = [all];
    while (pending.length > 0) {
      const set = pending.at(-1) ?? 0;
      if (this.#memo.has(set)) {
        pending.pop();
        continue;
      }
      const open: number[] = [];
      const state = this.#expand(set, open);
      if (this.#isSpent()) {
        return undefined;
      }
      if (state === undefined) {
        for (const before of open) {
          pending.push(before);
        }
      } else {
        this.#memo.set(set, state);
        this.states++;
        pending.pop();
      }
    }
    const steps: (readonly (readonly number[])[])[] = [];
    for (let set = all; set !== 0; ) {
      const last = this.#memo.get(set)?.last ?? [];
      steps.push(last.map((group) => membersOf(group).map((at) => this.#part[at] ?? 0)));
      set -= last.reduce((sum, group) => sum + group, 0);
    }
    return steps.reverse();
  }

  /** The best last step of `set`, or `undefined` with the sets that must be solved first. */
  #expand(set: number, open: number[]): State | undefined {
    const low = set % LOW;
    const high = Math.floor(set / LOW);
    const candidates: { readonly low: number; readonly high: number; readonly set: number }[] = [];
    for (const at of membersOf(set)) {
      const groupLow = (this.#behindLow[at] ?? 0) & low;
      const groupHigh = (this.#behindHigh[at] ?? 0) & high;
      if (bitCount(groupLow) + bitCount(groupHigh) <= this.#limits.groupOperators) {
        candidates.push({ low: groupLow, high: groupHigh, set: groupHigh * LOW + groupLow });
      }
    }
    let best: State | undefined;
    const chosen: number[] = [];
    const extend = (from: number, usedLow: number, usedHigh: number): void => {
      for (let i = from; i < candidates.length; i++) {
        const group = candidates[i];
        if (
          group === undefined ||
          (group.low & usedLow) !== 0 ||
          (group.high & usedHigh) !== 0 ||
          this.#isSpent()
        ) {
          continue;
        }
        chosen.push(group.set);
        const nextLow = usedLow | group.low;
        const nextHigh = usedHigh | group.high;
        const step = nextHigh * LOW + nextLow;
        const before = this.#memo.get(set - step);
        this.#endings++;
        if (before === undefined) {
          open.push(set - step);
        } else if (open.length === 0) {
          this.transitions++;
          const cost = before.cost + this.#latencyOf(step, chosen);
          if (best === undefined || cost < best.cost) {
            best = { cost, last: [...chosen] };
          }
        }
        if (chosen.length < this.#limits.groups) {
          extend(i + 1, nextLow, nextHigh);
        }
        chosen.pop();
      }
    };
    extend(0, 0, 0);
    return open.length > 0 ? undefined : best;
  }

  #isSpent(): boolean {
    const { maxTransitions } = this.#limits;
    return this.transitions > maxTransitions || this.#endings > ENDINGS * maxTransitions;
  }

  #latencyOf(step: number, groups: readonly number[]): number {
    const known = this.#latencies.get(step);
    if (known !== undefined) {
      return known;
    }
    const ns = this.#latency(
      groups.map((group) => membersOf(group).map((at) => this.#part[at] ?? 0)),
    );
    this.#latencies.set(step, ns);
    return ns;
  }
}

function setOf(positions: readonly number[]): number {
  return positions.reduce((set, at) => set + 2 ** at, 0);
}

/** Positions in a set, ascending. */
function membersOf(set: number): number[] {
  const members: number[] = [];
  for (let low = set % LOW; low !== 0; low &= low - 1) {
    members.push(31 - Math.clz32(low & -low));
  }
  for (let high = Math.floor(set / LOW); high !== 0; high &= high - 1) {
    members.push(26 + 31 - Math.clz32(high & -high));
  }
  return members;
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
