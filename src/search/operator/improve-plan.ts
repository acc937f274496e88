import { listAt } from "../../core/lists.js";
import type { Random } from "../../core/random.js";
import type { GroupEvaluator, GroupPlan } from "./group-evaluator.js";
import type { GroupGraph } from "./group-graph.js";

/**
 * Makes a plan of groups better by small changes, each judged by the simulator.
 *
 * Changes: a group goes to another worker, mostly one on which it has a neighbor in the graph; a
 * whole segment goes to another worker (moving its groups one by one would first make things
 * worse); two groups exchange workers; a group is launched earlier or later; a group stops or
 * begins to signal its own end.
 *
 * Example: two branches {a1 a2} and {b}, all on one worker. Moving a1 alone adds two crossings;
 * moving b adds two crossings and saves its time. With b moved, the fork's early signal matters.
 *
 * Only taking improvements ends in the first plan that no single change improves. Here a change
 * for the worse is taken when it is small, where "small" shrinks to nothing over the run; the best
 * plan met is the result. Equal times count as better with fewer segments.
 *
 * Source: threshold accepting, Dueck and Scheuer, J. Comput. Phys. 90(1), 1990.
 */

/**
 * By how much a change may be worse at the start of each round, in mean groups' work: what moving
 * one group can change. (A share of the makespan would let large graphs wander and hold small
 * ones.) Three rounds from wide to narrow beat one of any of these widths on random graphs of up to
 * five operators, where all schedules can be tried, and lose nothing on NASNet.
 */
const THRESHOLDS: readonly number[] = [1, 0.3, 0.1];

/** Options of an improvement: its budget, workers and random numbers. */
export interface ImprovePlanOptions {
  readonly evaluations: number;
  readonly workers: number;
  readonly random: Random;
}

/** A plan and its time. */
export interface JudgedPlan {
  readonly plan: GroupPlan;
  readonly makespanNs: number;
  readonly segments: number;
}

/** The plan with its time. */
export function judge(plan: GroupPlan, evaluator: GroupEvaluator): JudgedPlan {
  const { makespanNs, segments } = evaluator.evaluate(plan);
  return { plan, makespanNs, segments };
}

/** Returns whether `a` is faster, or as fast with fewer segments. */
export function isBetter(a: Omit<JudgedPlan, "plan">, b: Omit<JudgedPlan, "plan">): boolean {
  return a.makespanNs < b.makespanNs || (a.makespanNs === b.makespanNs && a.segments < b.segments);
}

/**
 * The best plan met within `options.evaluations` evaluations, never worse than `from`.
 *
 * The same seed yields the same plan.
 */
export function improvePlan(
  groups: GroupGraph,
  from: JudgedPlan,
  evaluator: GroupEvaluator,
  options: ImprovePlanOptions,
): JudgedPlan {
  if (groups.count < 2 || options.workers < 2) {
    return from;
  }
  const mean = groups.workNs.reduce((sum, ns) => sum + ns, 0) / groups.count;
  const evaluations = Math.ceil(options.evaluations / THRESHOLDS.length);
  return THRESHOLDS.reduce(
    (best, threshold) =>
      improveOnce(groups, best, evaluator, {
        ...options,
        evaluations,
        thresholdNs: threshold * mean,
      }),
    from,
  );
}

/** One round, with a threshold that shrinks to nothing. */
function improveOnce(
  groups: GroupGraph,
  from: JudgedPlan,
  evaluator: GroupEvaluator,
  options: ImprovePlanOptions & { readonly thresholdNs: number },
): JudgedPlan {
  const { random, evaluations, thresholdNs } = options;
  let current = from;
  let best = from;
  let segmentOf = evaluator.evaluate(current.plan).segmentOf.slice();
  for (let spent = 0; spent < evaluations; spent++) {
    const plan = change(groups, current.plan, segmentOf, options);
    if (plan === undefined) {
      continue;
    }
    const { makespanNs, segments, segmentOf: found } = evaluator.evaluate(plan);
    const allowedNs = thresholdNs * (1 - spent / evaluations) * random.next();
    const changed = { plan, makespanNs, segments };
    if (isBetter(changed, current) || makespanNs <= current.makespanNs + allowedNs) {
      current = changed;
      segmentOf = found.slice();
      best = isBetter(changed, best) ? changed : best;
    }
  }
  return best;
}

/** A neighbor of the plan; `undefined` when the change drawn changes nothing. */
function change(
  groups: GroupGraph,
  plan: GroupPlan,
  segmentOf: Int32Array,
  { random, workers }: ImprovePlanOptions,
): GroupPlan | undefined {
  const group = random.integer(groups.count);
  const kind = random.integer(9);
  if (kind === 0) {
    const isQuiet = plan.isQuiet.slice();
    isQuiet[group] = 1 - isQuiet[group]!;
    return { ...plan, isQuiet };
  }
  if (kind === 1) {
    return launchElsewhere(groups, plan, group, random);
  }
  if (kind === 2) {
    return exchange(plan, group, random.integer(groups.count));
  }
  const worker = kind < 5 ? random.integer(workers) : workerOfNeighbor(groups, plan, group, random);
  if (worker === plan.workerOf[group]) {
    return undefined;
  }
  const workerOf = plan.workerOf.slice();
  if (random.integer(3) === 0) {
    segmentOf.forEach((segment, other) => {
      if (segment === segmentOf[group]) {
        workerOf[other] = worker;
      }
    });
  } else {
    workerOf[group] = worker;
  }
  return { ...plan, workerOf };
}

/** Two groups change places; on one worker they already have. */
function exchange(plan: GroupPlan, a: number, b: number): GroupPlan | undefined {
  if (plan.workerOf[a] === plan.workerOf[b]) {
    return undefined;
  }
  const workerOf = plan.workerOf.slice();
  workerOf[a] = plan.workerOf[b]!;
  workerOf[b] = plan.workerOf[a]!;
  return { ...plan, workerOf };
}

function workerOfNeighbor(
  { predecessors, successors }: GroupGraph,
  { workerOf }: GroupPlan,
  group: number,
  random: Random,
): number {
  const near = [...listAt(predecessors, group), ...listAt(successors, group)];
  return workerOf[near[random.integer(Math.max(1, near.length))] ?? group]!;
}

/** Moves a group to a random place between its last predecessor and its first successor. */
function launchElsewhere(
  { predecessors, successors }: GroupGraph,
  plan: GroupPlan,
  group: number,
  random: Random,
): GroupPlan | undefined {
  const before = new Set(listAt(predecessors, group));
  const after = new Set(listAt(successors, group));
  const old = plan.order.indexOf(group);
  let low = old;
  while (low > 0 && !before.has(plan.order[low - 1]!)) {
    low--;
  }
  let high = old;
  while (high + 1 < plan.order.length && !after.has(plan.order[high + 1]!)) {
    high++;
  }
  const place = low + random.integer(high - low + 1);
  if (place === old) {
    return undefined;
  }
  const order = plan.order.slice();
  if (place < old) {
    order.copyWithin(place + 1, place, old);
  } else {
    order.copyWithin(old, old + 1, place + 1);
  }
  order[place] = group;
  return { ...plan, order };
}
