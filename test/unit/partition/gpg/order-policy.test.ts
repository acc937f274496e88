import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import { parameterCount } from "../../../../src/learn/graph-network.js";
import {
  drawNoise,
  POLICY_SHAPE,
  policyMaker,
} from "../../../../src/partition/gpg/order-policy.js";
import { greedyPartition } from "../../../../src/partition/greedy.js";
import { partitionGraphOf } from "../../../../src/partition/partition-graph.js";
import { partitionProblemOf } from "../../../../src/partition/partition-problem.js";
import { costsOf, inceptionLike } from "../../../support/graphs.js";
import { freeOptions } from "../../../support/partitions.js";

const model = inceptionLike(2);
const graph = partitionGraphOf(
  partitionProblemOf(model, costsOf(model).durationNs, freeOptions(3)),
);
const order = Int32Array.from(model.operators, ({ id }) => id);
const partition = greedyPartition(graph, order, 3);
const maker = policyMaker(model, graph);

const someParameters = (seed: number): Float64Array => {
  const random = seededRandom(seed);
  return Float64Array.from({ length: parameterCount(POLICY_SHAPE) }, () =>
    random.between(-0.15, 0.15),
  );
};

describe("an order policy", () => {
  it("draws topological orders, the same for the same seed", () => {
    const policy = maker.policyAt(someParameters(1), partition);
    for (let seed = 0; seed < 20; seed++) {
      const { order: drawn } = policy.draw(seededRandom(seed), 4);
      expect(policy.draw(seededRandom(seed), 4).order).toEqual(drawn);
      const place = new Map(Array.from(drawn, (id, at) => [id, at]));
      for (const { id, predecessors } of model.operators) {
        for (const before of predecessors) {
          expect(place.get(before)!).toBeLessThan(place.get(id)!);
        }
      }
    }
  });

  it("orders by stages when the weights say nothing", () => {
    const silent = new Float64Array(parameterCount(POLICY_SHAPE));
    const likeliest = maker.policyAt(silent, partition).likeliest();
    const stages = Array.from(likeliest, (id) => partition.stageOf[id]!);
    expect(stages).toEqual([...stages].sort((a, b) => a - b));
  });

  it("has the gradient that differences of its log-probability show", () => {
    const parameters = someParameters(2);
    const weights = [0.7, -0.4, 0.2];
    const policy = maker.policyAt(parameters, partition);
    const random = seededRandom(5);
    const draws = weights.map(() => policy.draw(random, 1));
    // What was drawn stays; the policy that might have drawn it changes.
    const [shift, width] = [policy.shift.slice(), policy.width.slice()];
    const actions = draws.map(({ noise }) => noise.map((z, i) => shift[i]! + width[i]! * z));
    const gradient = policy.gradient(draws, weights).slice();
    const value = (at: Float64Array): number => {
      const other = maker.policyAt(at, partition);
      return actions.reduce(
        (sum, action, k) =>
          sum +
          weights[k]! *
            action.reduce((total, z, i) => {
              const distance = (z - other.shift[i]!) / other.width[i]!;
              return total - (distance * distance) / 2 - Math.log(other.width[i]!);
            }, 0),
        0,
      );
    };
    const step = 1e-6;
    let checked = 0;
    for (let i = 0; i < parameters.length; i += 37) {
      const [low, high] = [parameters.slice(), parameters.slice()];
      low[i] = low[i]! - step;
      high[i] = high[i]! + step;
      const slope = (value(high) - value(low)) / (2 * step);
      expect(Math.abs(slope - gradient[i]!)).toBeLessThan(1e-3 * Math.max(1, Math.abs(slope)));
      checked += slope === 0 ? 0 : 1;
    }
    expect(checked).toBeGreaterThan(50);
  });
});

describe("drawNoise", () => {
  it("has mean 0 and variance 1", () => {
    const noise = drawNoise(20_000, seededRandom(1));
    const mean = noise.reduce((sum, each) => sum + each, 0) / noise.length;
    const square = noise.reduce((sum, each) => sum + each * each, 0) / noise.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(square - 1)).toBeLessThan(0.05);
  });
});
