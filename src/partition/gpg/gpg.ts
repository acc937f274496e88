import type { Random } from "../../core/random.js";
import type { OperatorGraph } from "../../ir/operator-graph.js";
import { adam, type Optimizer } from "../../learn/adam.js";
import { anneal } from "../annealing.js";
import type { OrderCutter } from "../cut-order.js";
import type { FoundPartition } from "../found-partition.js";
import { climbHill } from "../hill-climbing.js";
import type { PartitionGraph } from "../partition-graph.js";
import { bestOf, drawOrders, policyGradient, polished } from "./draws.js";
import { type PolicyMaker, policyMaker } from "./order-policy.js";

/**
 * GPG: stage partition by a graph-neural-network policy (TOP's name for its own).
 *
 * A round starts from a partition. The policy draws orders near it, each is cut exactly, and the
 * results are polished: all by hill climbing in one round, the best few by short annealing in the
 * next. A better result becomes the partition of the next round. So the policy does what small steps
 * cannot (it moves many operators at once and pays for it only in orders, never in broken stages),
 * the exact cut places all cuts of an order together, and small steps do what no order near the old
 * one shows.
 *
 * The weights come trained on made-up models. Fine-tuning goes on training them, by policy gradient
 * (REINFORCE), on the model at hand: an order is rewarded by how much its cut, polished, improves on
 * the best partition so far, less what the draws of the round gained on average. An order that improves nothing is worth nothing, however bad it is: what counts is the
 * best of many draws, not their mean, and a policy that is paid for its mean learns to stand still.
 *
 * Source: policy gradient: Williams, Machine Learning 8, 1992; mean of the draws as the
 * baseline: Kool et al., DeepRLStructPred 2019. TOP (TPDS 36(2), 2025) names a GNN-based policy gradient for stage partition; what it
 * consists of is not published, so policy, action and reward here are ours.
 */

/** Options of GPG; the same values yield the same partition. */
export interface GpgOptions {
  readonly parameters: Float64Array;
  /** Rounds without training, from each start and then from the best. */
  readonly rounds: number;
  /** Rounds in which the weights go on learning, after those. */
  readonly fineTune: number;
  /** Nothing below it is looked for. */
  readonly lowerBoundNs: number;
  readonly random: Random;
}

/** The result of a refinement. */
export interface GpgOutcome {
  readonly found: FoundPartition;
  /** Best period after each round. */
  readonly curve: readonly number[];
}

/** Orders drawn in a round. */
export const DRAWS = 16;

/** Widths of the noise in turn: for fine work, careful, as the network proposes, bold. */
const SCALES: readonly number[] = [0.15, 0.5, 1, 2];

/** Results of a round that are annealed; in every other round all are polished by hill climbing. */
const ANNEALED = 3;

/** Rounds without gain after which more of them are not worth their time; learning takes longer. */
const PATIENCE = 6;

/** Steps of a short annealing. */
const POLISH_STEPS = 5000;

/** Size of a step of fine-tuning. */
const RATE = 1e-3;

/**
 * Refines partitions; the best of all rounds is the result.
 *
 * Requires: `starts` is not empty, and each fits into memory.
 * Ensures: never worse than any start.
 * Cost: per round `DRAWS` exact cuts, one network answer, at most `DRAWS + 1` polishes.
 */
export function refineByPolicy(
  model: OperatorGraph,
  graph: PartitionGraph,
  cutter: OrderCutter,
  starts: readonly FoundPartition[],
  options: GpgOptions,
): GpgOutcome {
  const { random, lowerBoundNs } = options;
  const parameters = options.parameters.slice();
  const maker = policyMaker(model, graph);
  const curve: number[] = [];
  const run = (from: FoundPartition, rounds: number, optimizer?: Optimizer): FoundPartition => {
    const context = { graph, cutter, maker, parameters, random, optimizer };
    let best = from;
    let idle = 0;
    for (let round = 0; round < rounds && best.periodNs > lowerBoundNs; round++) {
      const next = playRound(context, best, round);
      idle = next.periodNs < best.periodNs ? 0 : idle + 1;
      best = next;
      curve.push(best.periodNs);
      if (optimizer === undefined && idle === PATIENCE) {
        break;
      }
    }
    return best;
  };
  const refined = starts.map((start) => run(start, options.rounds));
  let best = refined.reduce((a, b) => (b.periodNs < a.periodNs ? b : a));
  best = starts.length > 1 ? run(best, options.rounds) : best;
  best = run(best, options.fineTune, adam(parameters.length, 1));
  return { found: best, curve };
}

interface Round {
  readonly graph: PartitionGraph;
  readonly cutter: OrderCutter;
  readonly maker: PolicyMaker;
  readonly parameters: Float64Array;
  readonly random: Random;
  readonly optimizer: Optimizer | undefined;
}

function playRound(context: Round, best: FoundPartition, round: number): FoundPartition {
  const { graph, cutter, maker, parameters, random, optimizer } = context;
  const policy = maker.policyAt(parameters, best.partition);
  const state = { graph, cutter, policy, best, random };
  if (optimizer !== undefined) {
    const draws = polished(state, drawOrders(state, DRAWS, [1]));
    optimizer.step(parameters, policyGradient(state, draws), RATE);
    const found = bestOf(draws);
    return found !== undefined && found.periodNs < best.periodNs ? found : best;
  }
  const promising = drawOrders(state, DRAWS, SCALES)
    .flatMap(({ found }) => (found === undefined ? [] : [found]))
    .sort((a, b) => a.periodNs - b.periodNs);
  const isClimb = round % 2 === 0;
  let result = best;
  for (const { partition } of [...(isClimb ? promising : promising.slice(0, ANNEALED)), best]) {
    const improved = isClimb
      ? climbHill(graph, partition, random)
      : anneal(graph, partition, { steps: POLISH_STEPS, random });
    result = improved.periodNs < result.periodNs ? improved : result;
  }
  return result;
}
