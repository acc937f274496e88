import { describe, expect, it } from "vitest";
import { packLists } from "../../../src/core/lists.js";
import { type Random, seededRandom } from "../../../src/core/random.js";
import { graphNetwork, parameterCount } from "../../../src/learn/graph-network.js";
import { initialParameters } from "../../../src/learn/initial-parameters.js";

const SHAPE = { features: 3, hidden: 4, layers: 2, outputs: 2 };

/** fork -> {a, b} -> join, and one node by itself. */
const LINKS = {
  predecessors: packLists([[], [0], [0], [1, 2], []]),
  successors: packLists([[1, 2], [3], [3], [], []]),
};
const NODES = 5;

const numbers = (length: number, random: Random): Float64Array =>
  Float64Array.from({ length }, () => random.between(-1, 1));

describe("graphNetwork", () => {
  it("has the gradient that differences of its answers show", () => {
    const random = seededRandom(7);
    const parameters = numbers(parameterCount(SHAPE), random);
    const inputs = numbers(NODES * SHAPE.features, random);
    const weights = numbers(NODES * SHAPE.outputs, random);
    const network = graphNetwork(SHAPE, NODES, LINKS);
    const value = (at: Float64Array): number =>
      network.forward(at, inputs).reduce((sum, answer, i) => sum + answer * weights[i]!, 0);
    value(parameters);
    const gradient = network.backward(parameters, weights).slice();
    const step = 1e-6;
    gradient.forEach((slope, i) => {
      const [low, high] = [parameters.slice(), parameters.slice()];
      low[i] = low[i]! - step;
      high[i] = high[i]! + step;
      expect((value(high) - value(low)) / (2 * step)).toBeCloseTo(slope, 6);
    });
    expect(gradient.filter((slope) => slope !== 0).length).toBeGreaterThan(gradient.length / 2);
  });

  it("has the gradient by input that differences of its answers show", () => {
    const random = seededRandom(8);
    const parameters = numbers(parameterCount(SHAPE), random);
    const inputs = numbers(NODES * SHAPE.features, random);
    const weights = numbers(NODES * SHAPE.outputs, random);
    const network = graphNetwork(SHAPE, NODES, LINKS);
    const value = (at: Float64Array): number =>
      network.forward(parameters, at).reduce((sum, answer, i) => sum + answer * weights[i]!, 0);
    value(inputs);
    network.backward(parameters, weights);
    const gradient = network.inputGradient().slice();
    const step = 1e-6;
    expect(gradient).toHaveLength(inputs.length);
    gradient.forEach((slope, i) => {
      const [low, high] = [inputs.slice(), inputs.slice()];
      low[i] = low[i]! - step;
      high[i] = high[i]! + step;
      expect((value(high) - value(low)) / (2 * step)).toBeCloseTo(slope, 6);
    });
  });

  it("answers 0 before training", () => {
    const parameters = initialParameters(SHAPE, seededRandom(1));
    const network = graphNetwork(SHAPE, NODES, LINKS);
    const answers = network.forward(parameters, numbers(NODES * SHAPE.features, seededRandom(2)));
    expect(Array.from(answers)).toEqual(new Array(NODES * SHAPE.outputs).fill(0));
    expect(parameters.some((value) => value !== 0)).toBe(true);
  });

  it("is a weighted sum of the features without the layers' part of the read-out", () => {
    const parameters = initialParameters(SHAPE, seededRandom(1));
    // V begins after both layers: the row of feature 1 goes to output 0 with weight 2.
    const readAt = 3 * 3 * 4 + 4 + (3 * 4 * 4 + 4);
    parameters[readAt + 1 * 2] = 2;
    const inputs = Float64Array.from({ length: NODES * 3 }, (_, i) => i);
    const answers = graphNetwork(SHAPE, NODES, LINKS).forward(parameters, inputs);
    expect(Array.from({ length: NODES }, (_, node) => answers[node * 2])).toEqual([
      2, 8, 14, 20, 26,
    ]);
  });

  it("does not depend on how nodes are numbered", () => {
    const random = seededRandom(3);
    const parameters = numbers(parameterCount(SHAPE), random);
    const inputs = numbers(NODES * 3, random);
    const answers = graphNetwork(SHAPE, NODES, LINKS).forward(parameters, inputs).slice();
    // Nodes 1 and 2 exchange names.
    const swap = [0, 2, 1, 3, 4];
    const swapped = Float64Array.from(
      inputs,
      (_, i) => inputs[swap[Math.floor(i / 3)]! * 3 + (i % 3)]!,
    );
    const other = graphNetwork(SHAPE, NODES, LINKS).forward(parameters, swapped);
    swap.forEach((from, to) => {
      expect(other[to * 2]).toBeCloseTo(answers[from * 2]!, 12);
    });
  });
});
