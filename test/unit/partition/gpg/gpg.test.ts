import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import { verifyGraph } from "../../../../src/ir/verify-graph.js";
import { adam } from "../../../../src/learn/adam.js";
import { decodeParameters } from "../../../../src/learn/fixed-point.js";
import { initialParameters, parameterCount } from "../../../../src/learn/graph-network.js";
import { chainDp } from "../../../../src/partition/chain-dp.js";
import { orderCutter } from "../../../../src/partition/cut-order.js";
import {
  drawOrders,
  type PolicyState,
  policyGradient,
} from "../../../../src/partition/gpg/draws.js";
import { type GpgOutcome, refineByPolicy } from "../../../../src/partition/gpg/gpg.js";
import { POLICY_SHAPE } from "../../../../src/partition/gpg/order-policy.js";
import { PRETRAINED_WEIGHTS } from "../../../../src/partition/gpg/pretrained-weights.js";
import { syntheticProblem } from "../../../../src/partition/gpg/synthetic-problems.js";
import { lessonOf, trainPolicy } from "../../../../src/partition/gpg/training.js";
import { partitionGraphOf } from "../../../../src/partition/partition-graph.js";
import { equalDevices, partitionProblemOf } from "../../../../src/partition/partition-problem.js";
import { periodOf } from "../../../../src/partition/stage-costs.js";
import { verifyStagePartition } from "../../../../src/partition/stage-partition.js";
import { candidateOrders } from "../../../../src/partition/topological-orders.js";
import { costsOf, nasnetLike } from "../../../support/graphs.js";

const WEIGHTS = decodeParameters(PRETRAINED_WEIGHTS);

const model = nasnetLike(3);
const problem = partitionProblemOf(model, costsOf(model).durationNs, {
  devices: equalDevices(4),
  link: { latencyNs: 10_000, bytesPerSecond: 25e9 },
});

function refine(rounds: number, iterations: number): GpgOutcome {
  const graph = partitionGraphOf(problem);
  const cutter = orderCutter(graph);
  const start = chainDp(cutter, candidateOrders(graph), 4)!;
  const options = { parameters: WEIGHTS, rounds, iterations, lowerBoundNs: 0 };
  return refineByPolicy(model, graph, cutter, [start], { ...options, random: seededRandom(1) });
}

describe("gpg", () => {
  it("comes with weights for its network", () => {
    expect(WEIGHTS.length).toBe(parameterCount(POLICY_SHAPE));
  });

  it("improves on the best cut of the candidate orders, never getting worse on the way", () => {
    const { found, curve } = refine(4, 0);
    const start = refine(0, 0).found;
    expect(found.periodNs).toBeLessThan(start.periodNs);
    expect([...curve].sort((a, b) => b - a)).toEqual(curve);
    expect(verifyStagePartition(model, found.partition)).toEqual([]);
    expect(periodOf(problem, found.partition)).toBe(found.periodNs);
  });

  it("gives the same for the same seed, fine-tuned or not", () => {
    expect(refine(2, 0)).toEqual(refine(2, 0));
    expect(refine(1, 3)).toEqual(refine(1, 3));
    expect(refine(1, 3).curve).toHaveLength(4);
  });

  it("does not change the weights it is given", () => {
    const before = WEIGHTS.slice();
    refine(0, 2);
    expect(WEIGHTS).toEqual(before);
  });
});

describe("training", () => {
  it("gives the same weights for the same seed, and other than it began with", () => {
    const options = { steps: 2, models: 8, rounds: 1, draws: 16, rate: 1e-2, seed: 3 };
    let initial: Float64Array | undefined;
    const trained = trainPolicy(options, (steps, parameters) => {
      initial = steps === 0 ? parameters.slice() : initial;
    });
    expect(trainPolicy(options)).toEqual(trained);
    expect(trained.some((value, i) => Math.abs(value - initial![i]!) > 1e-3)).toBe(true);
  });

  it("raises the reward of what is drawn on the model that it goes on with", () => {
    const { graph, cutter, maker, start: best } = lessonOf(syntheticProblem(seededRandom(4)));
    const parameters = initialParameters(POLICY_SHAPE, seededRandom(1));
    const stateAt = (seed: number): PolicyState => {
      const policy = maker.policyAt(parameters, best.partition);
      return { graph, cutter, policy, best, random: seededRandom(seed) };
    };
    const meanReward = (): number => {
      const draws = drawOrders(stateAt(99), 200, [1]);
      const gain = (periodNs = best.periodNs): number => Math.max(0, 1 - periodNs / best.periodNs);
      return draws.reduce((sum, { found }) => sum + gain(found?.periodNs), 0) / draws.length;
    };
    const before = meanReward();
    const optimizer = adam(parameters.length, 1);
    for (let step = 0; step < 60; step++) {
      const state = stateAt(step);
      optimizer.step(parameters, policyGradient(state, drawOrders(state, 48, [1])), 1e-2);
    }
    expect(before).toBeGreaterThan(0);
    expect(meanReward()).toBeGreaterThan(2 * before);
  });

  it("is on graphs that are right", () => {
    const random = seededRandom(8);
    for (let i = 0; i < 60; i++) {
      const drawn = syntheticProblem(random);
      expect(verifyGraph(drawn.graph)).toEqual([]);
      expect(drawn.devices.length).toBeLessThanOrEqual(drawn.graph.operators.length);
    }
  });
});
