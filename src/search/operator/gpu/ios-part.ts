/**
 * IOS's table for one part of a graph: the cheapest last step of every set of operators that can be
 * what is left to run.
 *
 * The sets that occur are those that are closed under predecessors: few where the part is narrow,
 * for example 180 in the widest block of Inception-v3 (11 operators, 6 of them side by side), which
 * is also the number that the authors' program visits there.
 */
import type { UnitGraph } from "./chain-units.js";

/** Time of one step in nanoseconds: the groups side by side, a barrier behind them. */
export type StepLatency = (groups: readonly (readonly number[])[]) => number;

/** The result for a part. */
export interface SolvedPart {
  /** Steps in order, each a list of groups of units; absent: the transitions ran out. */
  readonly steps: readonly (readonly (readonly number[])[])[] | undefined;
  /** Sets with their cheapest last step, the empty one not counted. */
  readonly states: number;
  /** Pairs of such a set and a last step that were compared. */
  readonly transitions: number;
}

/** The cheapest steps of a part. Requires: at most 52 units, in topological order. */
export function solveIosPart(
  graph: UnitGraph,
  part: readonly number[],
  latency: StepLatency,
  options: IosPartOptions,
): SolvedPart {
  const solver = new PartSolver(graph, part, latency, options);
  const steps = solver.solve();
  return { steps, states: solver.states, transitions: solver.transitions };
}

/** Options of a part: the pruning of endings, and when to give up. */
export interface IosPartOptions {
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
  readonly #options: IosPartOptions;
  /** By position: the position itself and everything behind it inside the part, as two words. */
  readonly #behindLow: Int32Array;
  readonly #behindHigh: Int32Array;
  readonly #memo = new Map<number, State>();
  readonly #latencies = new Map<number, number>();
  /** Endings enumerated, those of sets that had to wait for others included. */
  #endings = 0;

  constructor(
    graph: UnitGraph,
    part: readonly number[],
    latency: StepLatency,
    options: IosPartOptions,
  ) {
    this.#part = part;
    this.#latency = latency;
    this.#options = options;
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
      steps.push(last.map((group) => this.#unitsOf(group)));
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
      if (bitCount(groupLow) + bitCount(groupHigh) <= this.#options.groupOperators) {
        candidates.push({ low: groupLow, high: groupHigh, set: groupHigh * LOW + groupLow });
      }
    }
    let best: State | undefined;
    let compared = 0;
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
          compared++;
          const cost = before.cost + this.#latencyOf(step, chosen);
          if (best === undefined || cost < best.cost) {
            best = { cost, last: [...chosen] };
          }
        }
        if (chosen.length < this.#options.groups) {
          extend(i + 1, nextLow, nextHigh);
        }
        chosen.pop();
      }
    };
    extend(0, 0, 0);
    if (open.length > 0) {
      return undefined;
    }
    this.transitions += compared;
    return best;
  }

  #isSpent(): boolean {
    const { maxTransitions } = this.#options;
    return this.transitions > maxTransitions || this.#endings > ENDINGS * maxTransitions;
  }

  #latencyOf(step: number, groups: readonly number[]): number {
    const known = this.#latencies.get(step);
    if (known !== undefined) {
      return known;
    }
    const ns = this.#latency(groups.map((group) => this.#unitsOf(group)));
    this.#latencies.set(step, ns);
    return ns;
  }

  /** The units of a set. */
  #unitsOf(set: number): readonly number[] {
    const units = membersOf(set);
    for (let i = 0; i < units.length; i++) {
      units[i] = this.#part[units[i]!]!;
    }
    return units;
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
