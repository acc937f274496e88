/**
 * Improves a plan for a GPU by small changes, each judged by the simulator.
 *
 * The timeline shows what to change: an operator that starts later than its inputs allow
 * stands behind something, on its stream or in the device's queue. It goes to another stream, or is
 * launched earlier; or two streams exchange what comes after it, as when a branch has ended on the
 * wrong one. A change is taken unless the result is slower: equal times are taken too, so that
 * plateaus are crossed. Last, streams are joined as long as that costs nothing.
 *
 * Example: of three equal branches on two streams, two run one after the other; moving the first
 * operator of the third to a new stream alone gains nothing, since the rest stays behind: the next
 * change takes the next operator along, at no loss.
 *
 * The obvious way, simulating each changed plan from its beginning, spends most of its time on what
 * has not changed; `GpuEngine.attempt` goes on from where the change begins to matter.
 *
 * When nothing has been gained for a while, the best plan is shaken (two to four changes, whatever
 * they cost) and climbing begins again from there. Without that the search misses the best schedule
 * of one random graph of up to five operators in four, by up to a fifth, whatever the effort; large
 * graphs still gain when the effort ends and are never shaken.
 *
 * Accepting slower plans for a while (threshold accepting, 0.05 % to 0.6 % at the beginning) was
 * tried and gave longer schedules at four times the effort as well.
 *
 * Source: ours; hill climbing with sideways moves, restarted as in iterated local search (Lourenco,
 * Martin, Stutzle, Handbook of Metaheuristics, 2003).
 */
import { type Random, seededRandom } from "../../../core/random.js";
import type { OperatorGraph } from "../../../ir/operator-graph.js";
import type { GpuEngine } from "../../../schedule/gpu-engine.js";
import type { GpuPlan } from "../../../schedule/gpu-streams.js";
import { attemptBudget } from "./attempt-budget.js";
import { onFewerStreams } from "./on-fewer-streams.js";

/** Options of the improvement. */
export interface ImproveGpuPlanOptions {
  readonly seed: number;
  /** Phases simulated; an attempt counts as 24 more and a quarter of the operators. */
  readonly effort: number;
  /** No plan is faster than this: the search ends when it is reached. */
  readonly lowerBoundNs: number;
  /** Most streams of a plan; `start` has no more. */
  readonly streams: number;
}

/** Most streams that a plan grows to. */
const MOST_STREAMS = 64;

/** Attempts without a gain, for each operator and ten besides, after which the plan is shaken. */
const PATIENCE = 8;

/** A change of a plan, and the operator that is launched at another place, if any. */
interface Change {
  readonly plan: GpuPlan;
  readonly moved: number;
}

/**
 * The best plan found from `start`.
 *
 * Requires: the engine is for attempts. Cost: `effort`.
 */
export function improveGpuPlan(
  graph: OperatorGraph,
  engine: GpuEngine,
  start: GpuPlan,
  options: ImproveGpuPlanOptions,
): GpuPlan {
  const random = seededRandom(options.seed);
  const streams = Math.min(MOST_STREAMS, options.streams);
  const count = graph.operators.length;
  let plan = start;
  let makespan = engine.run(plan);
  let late = lateOperators(engine, count);
  const best = { plan, makespan };
  const patience = PATIENCE * (count + 10);
  let quiet = 0;
  const budget = attemptBudget(engine, count, options.effort);
  while (budget.isLeft() && best.makespan > options.lowerBoundNs && late.length > 0) {
    if (quiet++ > patience) {
      plan = kicked(graph, best.plan, { random, streams });
      makespan = engine.run(plan);
      late = lateOperators(engine, count);
      quiet = 0;
    }
    const operator = late[random.integer(late.length)]!;
    const change = changeOf(graph, plan, operator, { random, streams });
    const ns =
      change === undefined
        ? Number.POSITIVE_INFINITY
        : engine.attempt(change.plan, change.moved, makespan);
    if (change === undefined || ns === Number.POSITIVE_INFINITY) {
      continue;
    }
    engine.keep();
    plan = change.plan;
    if (ns !== makespan) {
      late = lateOperators(engine, count);
      quiet = 0;
    }
    makespan = ns;
    if (makespan <= best.makespan) {
      best.plan = plan;
      best.makespan = makespan;
    }
  }
  engine.run(best.plan);
  return onFewerStreams(engine, best.plan, best.makespan, options.effort / 10);
}

/** Chance, and the streams that changes may open. */
interface Draw {
  readonly random: Random;
  readonly streams: number;
}

/** The plan with a few changes, whatever they cost. */
function kicked(graph: OperatorGraph, start: GpuPlan, draw: Draw): GpuPlan {
  const { random } = draw;
  const count = graph.operators.length;
  let plan = start;
  for (let change = 2 + random.integer(3); change > 0; change--) {
    const operator = random.integer(count);
    plan = changeOf(graph, plan, operator, draw)?.plan ?? plan;
  }
  return plan;
}

function changeOf(
  graph: OperatorGraph,
  plan: GpuPlan,
  operator: number,
  { random, streams }: Draw,
): Change | undefined {
  const kind = random.integer(12);
  if (kind < 3) {
    return toStream(plan, operator, random.integer(Math.min(streams, plan.streams + 1)));
  }
  return kind < 10
    ? earlier(graph, plan, operator, random.next())
    : exchanged(plan, operator, random.integer(plan.streams));
}

function toStream(plan: GpuPlan, operator: number, stream: number): Change | undefined {
  if (plan.streamOf[operator] === stream) {
    return undefined;
  }
  const streamOf = plan.streamOf.slice();
  streamOf[operator] = stream;
  const streams = Math.max(plan.streams, stream + 1);
  return { plan: { order: plan.order, streamOf, streams }, moved: operator };
}

/** The operator launched earlier: anywhere between its last predecessor and its place. */
function earlier(
  graph: OperatorGraph,
  plan: GpuPlan,
  operator: number,
  where: number,
): Change | undefined {
  const predecessors: readonly number[] = graph.operators[operator]?.predecessors ?? [];
  const at = plan.order.indexOf(operator);
  let least = at;
  while (least > 0 && !predecessors.includes(plan.order[least - 1]!)) {
    least--;
  }
  const to = least + Math.floor(where * (at - least));
  if (to === at) {
    return undefined;
  }
  const order = plan.order.slice();
  order.copyWithin(to + 1, to, at);
  order[to] = operator;
  return { plan: { ...plan, order }, moved: operator };
}

/** From the operator on, what is on its stream and what is on another change places. */
function exchanged(plan: GpuPlan, operator: number, stream: number): Change | undefined {
  const own = plan.streamOf[operator]!;
  if (own === stream) {
    return undefined;
  }
  const streamOf = plan.streamOf.slice();
  for (let at = plan.order.indexOf(operator); at < plan.order.length; at++) {
    const id = plan.order[at]!;
    if (streamOf[id] === own) {
      streamOf[id] = stream;
    } else if (streamOf[id] === stream) {
      streamOf[id] = own;
    }
  }
  return { plan: { ...plan, streamOf }, moved: operator };
}

/** Operators that start later than their inputs allow; all operators when there is no such one. */
function lateOperators(engine: GpuEngine, count: number): number[] {
  const late: number[] = [];
  for (let operator = 0; operator < count; operator++) {
    if (engine.startNs[operator]! > engine.inputsNs(operator) + 1) {
      late.push(operator);
    }
  }
  return late.length > 0 ? late : Array.from({ length: count }, (_, operator) => operator);
}
