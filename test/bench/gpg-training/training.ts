import { type Random, seededRandom } from "../../../dist/core/random.js";
import { adam } from "../../../dist/learn/adam.js";
import { roundParameters } from "../../../dist/learn/fixed-point.js";
import { parameterCount } from "../../../dist/learn/graph-network.js";
import { initialParameters } from "../../../dist/learn/initial-parameters.js";
import { chainDp } from "../../../dist/partition/chain-dp.js";
import { type OrderCutter, orderCutter } from "../../../dist/partition/cut-order.js";
import type { FoundPartition } from "../../../dist/partition/found-partition.js";
import { bestOf, drawOrders, policyGradient, polished } from "../../../dist/partition/gpg/draws.js";
import { DRAWS } from "../../../dist/partition/gpg/gpg.js";
import {
  POLICY_SHAPE,
  type PolicyMaker,
  policyMaker,
} from "../../../dist/partition/gpg/order-policy.js";
import { climbHill } from "../../../dist/partition/hill-climbing.js";
import { type PartitionGraph, partitionGraphOf } from "../../../dist/partition/partition-graph.js";
import type { PartitionProblem } from "../../../dist/partition/partition-problem.js";
import { candidateOrders } from "../../../dist/partition/topological-orders.js";
import { syntheticProblem } from "./synthetic-problems.js";

/**
 * Trains the weights that GPG starts with, on made-up models (`synthetic-problems.ts`).
 *
 * A step draws new models, refines each for a few rounds as GPG would, and adds up the policy
 * gradients of all rounds; the partitions that the rounds start from are therefore those that the
 * policy will meet. No model is seen twice.
 */

/** How to train; the same values give the same weights. */
export interface TrainingOptions {
  readonly steps: number;
  /** New models per step. */
  readonly models: number;
  /** Rounds on each of them. */
  readonly rounds: number;
  /** Orders drawn in a round. */
  readonly draws: number;
  /** Size of the first step; falls on a straight line to a tenth of it. */
  readonly rate: number;
  readonly seed: number;
}

/** A model to train on or to judge by, with the best cut of its candidate orders. */
export interface Lesson {
  readonly graph: PartitionGraph;
  readonly cutter: OrderCutter;
  readonly maker: PolicyMaker;
  readonly start: FoundPartition;
}

/** Prepares a problem. Requires: no memory limits. */
export function lessonOf(problem: PartitionProblem): Lesson {
  const graph = partitionGraphOf(problem);
  const cutter = orderCutter(graph);
  const orders = candidateOrders(graph);
  const start = chainDp(cutter, orders, problem.devices.length) as FoundPartition;
  return { graph, cutter, maker: policyMaker(problem.graph, graph), start };
}

/** `count` made-up models of this seed. */
export function syntheticLessons(count: number, seed: number): readonly Lesson[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => lessonOf(syntheticProblem(random)));
}

/**
 * Weights after training, rounded as they will be stored.
 *
 * `observe` is told the number of steps done and the weights so far, before the first step and
 * after each.
 */
export function trainPolicy(
  options: TrainingOptions,
  observe: (steps: number, parameters: Float64Array) => void = () => {},
): Float64Array {
  const random = seededRandom(options.seed);
  const parameters = initialParameters(POLICY_SHAPE, random.fork(0));
  const optimizer = adam(parameters.length, 1);
  observe(0, parameters);
  for (let step = 0; step < options.steps; step++) {
    const gradient = new Float64Array(parameterCount(POLICY_SHAPE));
    for (let model = 0; model < options.models; model++) {
      const lesson = lessonOf(syntheticProblem(random));
      learnFrom(lesson, options, parameters, random, gradient);
    }
    const rate = options.rate * (1 - (0.9 * step) / options.steps);
    optimizer.step(
      parameters,
      gradient.map((slope) => slope / options.models),
      rate,
    );
    observe(step + 1, parameters);
  }
  return roundParameters(parameters);
}

/** Adds the gradients of a few rounds on one model. */
function learnFrom(
  { graph, cutter, maker, start }: Lesson,
  { rounds, draws }: TrainingOptions,
  parameters: Float64Array,
  random: Random,
  gradient: Float64Array,
): void {
  let best = climbHill(graph, start.partition, random);
  for (let round = 0; round < rounds; round++) {
    const policy = maker.policyAt(parameters, best.partition);
    const state = { graph, cutter, policy, best, random };
    const drawn = polished(state, drawOrders(state, draws, [1]));
    policyGradient(state, drawn).forEach((slope, i) => {
      gradient[i] = (gradient[i] as number) + slope;
    });
    const found = bestOf(drawn);
    best = found !== undefined && found.periodNs < best.periodNs ? found : best;
  }
}

/**
 * How good weights are: mean of the period after hill climbing and `rounds` rounds of polished draws, over
 * that of the best cut of the candidate orders. Below 1, and the smaller the better.
 */
export function judgePolicy(
  lessons: readonly Lesson[],
  parameters: Float64Array,
  rounds: number,
  seed: number,
): number {
  const random = seededRandom(seed);
  const ratios = lessons.map(({ graph, cutter, maker, start }) => {
    let best = climbHill(graph, start.partition, random);
    for (let round = 0; round < rounds; round++) {
      const policy = maker.policyAt(parameters, best.partition);
      const state = { graph, cutter, policy, best, random };
      const found = bestOf(polished(state, drawOrders(state, DRAWS, [1])));
      best = found !== undefined && found.periodNs < best.periodNs ? found : best;
    }
    return best.periodNs / start.periodNs;
  });
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
}
