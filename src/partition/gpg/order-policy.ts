import type { Random } from "../../core/random.js";
import type { OperatorGraph } from "../../ir/operator-graph.js";
import { type GraphNetwork, graphNetwork, type NetworkShape } from "../../learn/graph-network.js";
import { chainsOf } from "../../search/operator/group-graph.js";
import type { PartitionGraph } from "../partition-graph.js";
import type { StagePartition } from "../stage-partition.js";
import { orderByPriority } from "../topological-orders.js";
import { FEATURES, operatorFeatures, stagePositions } from "./features.js";

/**
 * A policy that proposes topological orders for a model that is cut in some way.
 *
 * The place of an operator in the pipeline is a number: 2.5 is the middle of stage 2. The network
 * looks at the model and its present stages and proposes, for every operator, how far it should be
 * shifted and how sure it is; an order is drawn by adding to each position its shift and noise of
 * the width that the network gave, and taking operators by the sum, as far as their dependencies
 * allow. Operators of a chain are shifted together, for half a chain gains nothing.
 *
 * Every order drawn can be carried out, and every partition can be had from some order: sort by
 * stages. So the policy cannot propose anything invalid, and nothing is out of its reach.
 *
 * Example: a fork with branches a and b, cut behind a. With a wide noise for both, b comes before a
 * in half the orders; if b's result is smaller, the exact cut of that order is the better partition.
 *
 * Why not one stage per operator as the action: cutting eight stages out of a thousand operators
 * takes a thousand correct answers, and one false one makes the partition useless. An order is nearly
 * as good when it is nearly correct, and the cuts in it are found exactly.
 */

/** The network of the policy: the answers are shift and width. */
export const POLICY_SHAPE: NetworkShape = { features: FEATURES, hidden: 32, layers: 2, outputs: 2 };

/** The shift of an answer of 1, in stages. */
const SHIFT = 0.5;

/** Width of the noise, in stages, for an answer of 0; each 1/2 more doubles it. */
const WIDTH = 0.25;
const DOUBLINGS = 2;
const [NARROWEST, WIDEST] = [-5, 3];

/** A drawn order is an action: what was drawn for each chain. */
export interface DrawnOrder {
  readonly order: Int32Array;
  /** In widths of the noise, by chain. */
  readonly noise: Float64Array;
}

/** The policy of one model at one partition. */
export interface OrderPolicy {
  /** By how much each chain is shifted, in stages. */
  readonly shift: Float64Array;
  /** Width of the noise of each chain, in stages. */
  readonly width: Float64Array;
  /** The order without noise. */
  likeliest(): Int32Array;
  /** An order with noise of `scale` times the width. */
  draw(random: Random, scale: number): DrawnOrder;
  /**
   * Gradient, by parameter, of the log-probability of drawn orders, weighted.
   *
   * Requires: `parameters` are those that the policy was made with; nothing else was made since.
   */
  gradient(draws: readonly DrawnOrder[], weights: readonly number[]): Float64Array;
}

/** Makes policies for one model, partition after partition. Buffers are shared by all of them. */
export interface PolicyMaker {
  policyAt(parameters: Float64Array, partition: StagePartition): OrderPolicy;
}

/** A maker for a model. */
export function policyMaker(model: OperatorGraph, graph: PartitionGraph): PolicyMaker {
  const chains = chainsOf(model);
  const chainOf = new Int32Array(graph.operators);
  chains.forEach((chain, at) => {
    for (const operator of chain) {
      chainOf[operator] = at;
    }
  });
  const network = graphNetwork(POLICY_SHAPE, graph.operators, graph);
  return {
    policyAt(parameters, partition): OrderPolicy {
      const base = orderByPriority(graph, Float64Array.from(partition.stageOf));
      const positions = stagePositions(graph, partition, base);
      const inputs = operatorFeatures(model, graph, partition, positions);
      const answers = network.forward(parameters, inputs);
      return policyOf(graph, { chains, chainOf, positions, network, parameters, answers });
    },
  };
}

interface Bound {
  readonly chains: readonly (readonly number[])[];
  readonly chainOf: Int32Array;
  readonly positions: Float64Array;
  readonly network: GraphNetwork;
  readonly parameters: Float64Array;
  readonly answers: Float64Array;
}

function policyOf(graph: PartitionGraph, bound: Bound): OrderPolicy {
  const { chains, chainOf, positions, network, parameters, answers } = bound;
  const mean = (chain: readonly number[], output: number): number =>
    chain.reduce((sum, id) => sum + answers[2 * id + output]!, 0) / chain.length;
  const shift = Float64Array.from(chains, (chain) => SHIFT * mean(chain, 0));
  const doublings = Float64Array.from(chains, (chain) => DOUBLINGS * mean(chain, 1));
  const width = doublings.map((power) => WIDTH * roughPower2(clamp(power)));
  const priority = new Float64Array(graph.operators);
  const orderOf = (noise: Float64Array | undefined, scale: number): Int32Array => {
    for (let operator = 0; operator < graph.operators; operator++) {
      const chain = chainOf[operator]!;
      const drawn = noise === undefined ? 0 : scale * width[chain]! * noise[chain]!;
      priority[operator] = positions[operator]! + shift[chain]! + drawn;
    }
    return orderByPriority(graph, priority);
  };
  return {
    shift,
    width,
    likeliest: () => orderOf(undefined, 0),
    draw(random, scale): DrawnOrder {
      const noise = drawNoise(chains.length, random);
      return { order: orderOf(noise, scale), noise };
    },
    gradient(draws, weights): Float64Array {
      const slopes = new Float64Array(2 * graph.operators);
      chains.forEach((chain, at) => {
        let [byShift, byWidth] = [0, 0];
        draws.forEach(({ noise }, i) => {
          const drawn = noise[at]!;
          byShift += weights[i]! * drawn;
          byWidth += weights[i]! * (drawn * drawn - 1);
        });
        const growth = DOUBLINGS * relativeSlope(doublings[at]!);
        for (const operator of chain) {
          slopes[2 * operator] = (SHIFT * byShift) / width[at]! / chain.length;
          slopes[2 * operator + 1] = (growth * byWidth) / chain.length;
        }
      });
      return network.backward(parameters, slopes);
    },
  };
}

function clamp(power: number): number {
  return Math.max(NARROWEST, Math.min(WIDEST, power));
}

/** 2^power on straight lines between whole powers: the same on every machine. */
function roughPower2(power: number): number {
  const whole = Math.floor(power);
  let value = 1 + power - whole;
  for (let i = 0; i < Math.abs(whole); i++) {
    value = whole > 0 ? value * 2 : value / 2;
  }
  return value;
}

/** The slope of `roughPower2`, of the clamped power, over its value. */
function relativeSlope(power: number): number {
  const isFree = power > NARROWEST && power < WIDEST;
  return isFree ? 1 / (1 + power - Math.floor(power)) : 0;
}

/**
 * Noise close to a normal distribution of mean 0 and variance 1: twelve uniform numbers less six.
 * Additions only, so that every machine draws the same.
 */
export function drawNoise(length: number, random: Random): Float64Array {
  const noise = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    let sum = -6;
    for (let k = 0; k < 12; k++) {
      sum += random.next();
    }
    noise[i] = sum;
  }
  return noise;
}
