/**
 * Chooses convolutions to compute together: hill climbing over partitions of each class.
 *
 * A class is a set of convolutions of which any two or more can be one; a choice cuts each class
 * into groups, alone or merged. Merging saves launches and fills the device better, but it adds
 * arithmetic where kernels differ in size, and everything behind the parts then waits for the whole:
 * so what pays depends on the rest of the graph, and each choice is judged by whole schedules
 * (the list schedules that our search starts from), not by the operators alone.
 *
 * Moves: two groups of a class become one; a member leaves its group; a member goes to another
 * group. A move is kept if the best list schedule is shorter. Starts: nothing merged, what IOS
 * merges, every class as a whole, and the members of each class whose kernels have the same size.
 *
 * Example: the 1x1 convolutions at the head of an Inception block (64, 96 and 16 filters) read one
 * tensor. As one they fill 1.4 waves instead of three tails; the pooling branch is not affected.
 *
 * Greedy by the gain of each pair alone merges too much: the critical path then waits for parts that
 * no operator needs yet.
 *
 * Source: ours; the merge itself is that of IOS (Ding et al., MLSys 2021).
 */
import type { Scenario } from "../../../cost/scenarios.js";
import type { OperatorId } from "../../../ir/operator-graph.js";
import type { Merge } from "../../../onnx/merge-operators.js";
import { GpuEngine } from "../../../schedule/gpu-engine.js";
import type { GpuProblem } from "../../../schedule/gpu-problem.js";
import { gpuArcsOf } from "../../../schedule/gpu-streams.js";
import { problemUnder } from "../../../schedule/problem-under.js";
import { listPlans } from "./list-plans.js";
import type { MergeSpace } from "./merge-space.js";

/** Options of the choice. */
export interface ChooseOptions {
  /** Phases simulated, other costs of a choice counted as phases (default 3,000,000). */
  readonly effort?: number;
  /** Merges to start from, besides our own starts. */
  readonly starts?: readonly (readonly Merge[])[];
  /** The device as it may be; absent: as it is taken to be. */
  readonly under?: Scenario;
}

const DEFAULT_EFFORT = 3_000_000;

/** Of each class: its groups, members ascending, groups by their first member. */
type Choice = readonly (readonly (readonly OperatorId[])[])[];

/** The merges of the best choice found: none when nothing is better without. */
export function chooseMerges(space: MergeSpace, options: ChooseOptions = {}): readonly Merge[] {
  const search = new MergeSearch(space, options.effort ?? DEFAULT_EFFORT, options.under);
  const alone = space.classes.map((members) => members.map((id) => [id]));
  const starts: Choice[] = [
    alone,
    ...(options.starts ?? []).map((merges) => space.classes.map((members) => cut(members, merges))),
    space.classes.map((members) => [members]),
    space.classes.map((members) => space.bySize(members)),
  ];
  let best = alone;
  let bestNs = Number.POSITIVE_INFINITY;
  for (const choice of starts) {
    const ns = search.price(choice);
    if (ns < bestNs) {
      best = choice.map((groups) => groups.map((group) => [...group]));
      bestNs = ns;
    }
  }
  return search.mergesOf(search.climb(best, bestNs));
}

class MergeSearch {
  readonly #space: MergeSpace;
  readonly #prices = new Map<string, number>();
  readonly #under: Scenario | undefined;
  #left: number;

  constructor(space: MergeSpace, effort: number, under: Scenario | undefined) {
    this.#space = space;
    this.#left = effort;
    this.#under = under;
  }

  mergesOf(choice: Choice): readonly Merge[] {
    return choice.flat().flatMap((group) => this.#space.headOf(group)?.merges ?? []);
  }

  /** The shortest list schedule with a choice. */
  price(choice: Choice): number {
    const key = choice
      .flat()
      .filter((group) => group.length > 1)
      .join(";");
    const known = this.#prices.get(key);
    if (known !== undefined) {
      return known;
    }
    const made = this.#space.problemOf(this.mergesOf(choice));
    const { unitOf } = made;
    const problem =
      this.#under === undefined ? made.problem : problemUnder(made.problem, this.#under);
    const engine = engineOf(problem);
    const ns = listPlans(problem).reduce(
      (least, plan) => Math.min(least, engine.run(plan)),
      Infinity,
    );
    this.#left -= engine.events + this.#space.phasesPerOperator * unitOf.length;
    this.#prices.set(key, ns);
    return ns;
  }

  /** Changes one class at a time until no move helps or the effort is spent. */
  climb(start: Choice, startNs: number): Choice {
    let choice = start;
    let ns = startNs;
    for (let at = 0, idle = 0; idle < choice.length && this.#left > 0; at++) {
      const place = at % choice.length;
      const better = this.#improve(choice, place, ns);
      idle = better === undefined ? idle + 1 : 0;
      if (better !== undefined) {
        choice = better.choice;
        ns = better.ns;
      }
    }
    return choice;
  }

  /** The best move in one class, if it makes the schedule shorter. */
  #improve(choice: Choice, place: number, ns: number) {
    let best: { readonly choice: Choice; readonly ns: number } | undefined;
    for (const groups of movesOf(choice[place] ?? [])) {
      if (this.#left <= 0) {
        break;
      }
      const changed = choice.map((each, at) => (at === place ? groups : each));
      const price = this.price(changed);
      if (price < (best?.ns ?? ns)) {
        best = { choice: changed, ns: price };
      }
    }
    return best;
  }
}

/** The groups with two of them joined, or with one member alone or in another group. */
function* movesOf(groups: Choice[number]): Generator<Choice[number]> {
  for (const [a, group] of groups.entries()) {
    for (const other of groups.slice(a + 1)) {
      const rest = groups.filter((each) => each !== group && each !== other);
      yield sorted([...rest, [...group, ...other]]);
    }
    for (const member of group.length > 1 ? group : []) {
      const left = group.filter((id) => id !== member);
      const rest = groups.filter((each) => each !== group);
      yield sorted([...rest, left, [member]]);
      for (const other of group.length > 2 ? rest : []) {
        const without = rest.filter((each) => each !== other);
        yield sorted([...without, left, [...other, member]]);
      }
    }
  }
}

function sorted(groups: Choice[number]): Choice[number] {
  return groups
    .map((group) => [...group].sort((a, b) => a - b))
    .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/** A class cut as `merges` have it; members that are in none of them stand alone. */
function cut(members: readonly OperatorId[], merges: readonly Merge[]): Choice[number] {
  const own = merges.filter((merge) => members.includes(merge[0] ?? (-1 as OperatorId)));
  const merged = new Set(own.flat());
  return sorted([...own, ...members.filter((id) => !merged.has(id)).map((id) => [id])]);
}

function engineOf({ graph, work }: GpuProblem): GpuEngine {
  const { operators } = graph;
  return new GpuEngine(work, {
    predecessors: gpuArcsOf(operators.map(({ predecessors }) => predecessors)),
    successors: gpuArcsOf(operators.map(({ successors }) => successors)),
  });
}
