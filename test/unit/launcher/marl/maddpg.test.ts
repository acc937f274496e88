import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import { Maddpg, type MaddpgOptions } from "../../../../src/launcher/marl/maddpg.js";
import { Replay, type Transition } from "../../../../src/launcher/marl/replay.js";
import {
  graphNetwork,
  type NetworkShape,
  parameterCount,
} from "../../../../src/learn/graph-network.js";
import { linksOfAll } from "../../../../src/learn/links-of-all.js";

const MODELS = 2;
const AGENTS = [
  { features: 2, outputs: 1 },
  { features: 1, outputs: 1 },
];
const SHAPES = AGENTS.map((agent): NetworkShape => ({ ...agent, hidden: 8, layers: 1 }));
const OPTIONS: MaddpgOptions = {
  agents: AGENTS,
  priors: SHAPES.map((shape) => new Float64Array(parameterCount(shape))),
  models: MODELS,
  hidden: 8,
  criticHidden: 16,
  batch: 16,
  discount: 0,
  actorRate: 2e-3,
  criticRate: 5e-3,
  stay: 0,
  criticsFirst: 200,
};

/**
 * A game of one move: the first agent should answer half of what it sees of each model first, the second 0.3
 * whatever it sees.
 */
function game(seed: number): Replay {
  const random = seededRandom(seed);
  const replay = new Replay(4000);
  const row = (length: number) => Float64Array.from({ length }, () => random.between(-0.8, 0.8));
  for (let at = 0; at < 4000; at++) {
    const observations = [row(2 * MODELS), row(MODELS)];
    const actions = [row(MODELS), row(MODELS)];
    let reward = 0;
    for (let model = 0; model < MODELS; model++) {
      reward -= (actions[0]![model]! - observations[0]![2 * model]! / 2) ** 2;
      reward -= (actions[1]![model]! - 0.3) ** 2;
    }
    const transition: Transition = { observations, actions, reward, next: observations };
    replay.add(transition);
  }
  return replay;
}

function answersOf(method: Maddpg, agent: number, rows: readonly number[]): number[] {
  const network = graphNetwork(SHAPES[agent]!, MODELS, linksOfAll(1, MODELS));
  const answers = network.forward(method.actors[agent]!, Float64Array.from(rows));
  return Array.from(answers, (each) => each / (1 + Math.abs(each)));
}

describe("Maddpg", () => {
  it("finds the best actions of a game whose best actions are known", () => {
    const replay = game(1);
    const method = new Maddpg(OPTIONS, seededRandom(2));
    for (let step = 0; step < 1500; step++) {
      method.step(replay);
    }
    for (const [a, b] of [
      [-0.6, 0.6],
      [0.2, -0.4],
      [0.7, 0.1],
    ] as const) {
      const [first, second] = answersOf(method, 0, [a, 0.1, b, -0.3]);
      expect(Math.abs(first! - a / 2)).toBeLessThan(0.12);
      expect(Math.abs(second! - b / 2)).toBeLessThan(0.12);
      for (const answer of answersOf(method, 1, [a, b])) {
        expect(Math.abs(answer - 0.3)).toBeLessThan(0.12);
      }
    }
  });

  it("answers 0 before it has learned, and learns the same with the same seed", () => {
    const learned = (seed: number) => {
      const method = new Maddpg({ ...OPTIONS, criticsFirst: 10 }, seededRandom(seed));
      expect(answersOf(method, 0, [0.5, 0.1, -0.5, 0.2])).toEqual([0, 0]);
      const replay = game(1);
      for (let step = 0; step < 60; step++) {
        method.step(replay);
      }
      return method.actors.map((parameters) => Array.from(parameters));
    };
    expect(learned(3)).toEqual(learned(3));
    expect(learned(3)).not.toEqual(learned(4));
  });

  it("begins with what it is given, and stays there where that costs much", () => {
    const random = seededRandom(8);
    const priors = SHAPES.map((shape) =>
      Float64Array.from({ length: parameterCount(shape) }, () => random.between(-0.3, 0.3)),
    );
    const seen = [0.5, 0.1, -0.5, 0.2];
    const network = graphNetwork(SHAPES[0]!, MODELS, linksOfAll(1, MODELS));
    const given = Array.from(network.forward(priors[0]!, Float64Array.from(seen)), (each) => {
      return each / (1 + Math.abs(each));
    });
    const farthest = (stay: number): number => {
      const method = new Maddpg({ ...OPTIONS, priors, stay, criticsFirst: 10 }, seededRandom(2));
      expect(answersOf(method, 0, seen)).toEqual(given);
      const replay = game(1);
      for (let step = 0; step < 600; step++) {
        method.step(replay);
      }
      const moved = answersOf(method, 0, seen).map((each, at) => Math.abs(each - given[at]!));
      return Math.max(...moved);
    };
    expect(farthest(100)).toBeLessThan(0.05);
    expect(farthest(0)).toBeGreaterThan(0.1);
  });

  it("values a state whatever the order of the models", () => {
    const replay = game(1);
    const method = new Maddpg(OPTIONS, seededRandom(5));
    for (let step = 0; step < 100; step++) {
      method.step(replay);
    }
    const drawn = replay.draw(OPTIONS.batch, seededRandom(6));
    const swapped = drawn.map((each) => ({
      ...each,
      observations: each.observations.map((rows) => swap(rows, rows.length / 2)),
      actions: each.actions.map((rows) => swap(rows, 1)),
    }));
    const values = method.valuesOf(0, drawn).slice();
    method.valuesOf(0, swapped).forEach((value, at) => {
      expect(value).toBeCloseTo(values[at]!, 10);
    });
    expect(new Set(values).size).toBeGreaterThan(1);
  });
});

function swap(rows: Float64Array, width: number): Float64Array {
  return Float64Array.from([...rows.subarray(width), ...rows.subarray(0, width)]);
}
