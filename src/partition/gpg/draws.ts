import type { Random } from "../../core/random.js";
import type { OrderCutter } from "../cut-order.js";
import type { FoundPartition } from "../found-partition.js";
import { climbHill } from "../hill-climbing.js";
import type { PartitionGraph } from "../partition-graph.js";
import type { DrawnOrder, OrderPolicy } from "./order-policy.js";

/** Cuts that are this many times worse than the best may still lead to something better. */
const PROMISING = 1.1;

/** A policy at the partition that it is to improve on. */
export interface PolicyState {
  readonly graph: PartitionGraph;
  readonly cutter: OrderCutter;
  readonly policy: OrderPolicy;
  readonly best: FoundPartition;
  readonly random: Random;
}

/** An order and what its exact cut gave; nothing when that is beyond what is promising. */
export interface CutDraw {
  readonly draw: DrawnOrder;
  readonly found: FoundPartition | undefined;
}

/** Orders of a policy, cut, with the noise `scales` times as wide, in turn. */
export function drawOrders(
  state: PolicyState,
  draws: number,
  scales: readonly number[],
): readonly CutDraw[] {
  return Array.from({ length: draws }, (_, i) => {
    const draw = state.policy.draw(state.random, scales[i % scales.length]!);
    return { draw, found: cutOf(state, draw.order) };
  });
}

/** The draws after hill climbing. */
export function polished(
  { graph, random }: PolicyState,
  draws: readonly CutDraw[],
): readonly CutDraw[] {
  return draws.map(({ draw, found }) => ({
    draw,
    found: found === undefined ? undefined : climbHill(graph, found.partition, random),
  }));
}

/** The best of the draws, `undefined` when no draw is promising. */
export function bestOf(draws: readonly CutDraw[]): FoundPartition | undefined {
  const found = draws.flatMap((each) => (each.found === undefined ? [] : [each.found]));
  return found.length === 0 ? undefined : found.reduce((a, b) => (b.periodNs < a.periodNs ? b : a));
}

/**
 * Gradient, by parameter, of the negative expected reward, from draws of scale 1.
 *
 * The reward is by how much a draw improves on the best partition. Its baseline is the mean reward of
 * all draws: the reward of the policy's own answer, the likeliest order, is a worse one here, for it is
 * mostly nothing and now and then more than almost every draw's. Rewards count in units of their
 * spread, so that models which can gain much and models which can gain little teach alike.
 */
export function policyGradient(
  { policy, best }: Pick<PolicyState, "policy" | "best">,
  draws: readonly CutDraw[],
): Float64Array {
  const rewards = draws.map(({ found }) =>
    found === undefined ? 0 : Math.max(0, 1 - found.periodNs / best.periodNs),
  );
  const baseline = rewards.reduce((sum, each) => sum + each, 0) / draws.length;
  const advantages = rewards.map((each) => each - baseline);
  const squares = advantages.reduce((sum, each) => sum + each * each, 0);
  const spread = Math.sqrt(squares / draws.length) + SMALLEST_SPREAD;
  return policy.gradient(
    draws.map(({ draw }) => draw),
    advantages.map((each) => -each / spread / draws.length),
  );
}

/** Differences of less than a thousandth are not blown up. */
const SMALLEST_SPREAD = 1e-3;

function cutOf({ cutter, best }: PolicyState, order: Int32Array): FoundPartition | undefined {
  const { stageCount } = best.partition;
  const cut = cutter.cut(order, stageCount, best.periodNs * PROMISING);
  return cut === undefined
    ? undefined
    : {
        partition: { stageCount, stageOf: cutter.stagesOf(order, cut.cuts) },
        periodNs: cut.periodNs,
      };
}
