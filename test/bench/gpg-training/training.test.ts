import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../dist/core/random.js";
import { verifyGraph } from "../../../dist/ir/verify-graph.js";
import { adam } from "../../../dist/learn/adam.js";
import { initialParameters } from "../../../dist/learn/initial-parameters.js";
import { drawOrders, type PolicyState, policyGradient } from "../../../dist/partition/gpg/draws.js";
import { POLICY_SHAPE } from "../../../dist/partition/gpg/order-policy.js";
import { syntheticProblem } from "./synthetic-problems.js";
import { lessonOf, trainPolicy } from "./training.js";

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
