import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import { parameterCount } from "../../../../src/learn/graph-network.js";
import type {
  LearnedLauncher,
  LearnedModel,
} from "../../../../src/schedule/serving/adaptive-launcher.js";
import { LauncherObserver } from "../../../../src/schedule/serving/launcher-observer.js";
import {
  agentShape,
  learnedPolicy,
  policyOfSteps,
} from "../../../../src/schedule/serving/learned-policy.js";
import { controlOf, simulateAdaptive } from "../../../../src/schedule/serving/simulate-adaptive.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import { modelOf, policyOf, problemOf, runOf } from "../../../support/serving.js";

const HIDDEN = 4;
const US = 1000;

const model = (ratePerSecond: number): LearnedModel => ({
  ratePerSecond,
  objectiveNs: 100 * US,
  aloneNs: 10 * US,
  shareNs: 5 * US,
  levels: { periodShares: [0, 0.5], batches: [1, 4], concurrencies: [1, 2, 4], variants: 1 },
  start: { period: 0, batch: 1, concurrency: 1, variant: 0 },
});

function learned(rates: readonly number[], draw: () => number): LearnedLauncher {
  const count = (agent: "launcher" | "scheduler") => parameterCount(agentShape(agent, HIDDEN));
  return {
    kind: "learned",
    tickNs: 25 * US,
    models: rates.map(model),
    hidden: HIDDEN,
    launcher: Float64Array.from({ length: count("launcher") }, draw),
    scheduler: Float64Array.from({ length: count("scheduler") }, draw),
  };
}

const server = () => {
  const each = modelOf(runOf(1, { ns: 10 * US, share: 0.4 }), runOf(4, { ns: 20 * US }));
  return problemOf([each, each]);
};

function arrivals(seed: number): Float64Array[] {
  const random = seededRandom(seed);
  return [0, 1].map(() => {
    let now = 0;
    return Float64Array.from({ length: 400 }, () => {
      now += random.integer(30 * US);
      return now;
    });
  });
}

describe("learned launchers", () => {
  it("leave the starting policy as it is before they have learned anything", () => {
    const launcher = learned([60_000, 60_000], () => 0);
    const start = policyOf([
      { batch: 4, concurrency: 2 },
      { batch: 4, concurrency: 2 },
    ]);
    const times = arrivals(1);
    const run = simulateAdaptive(server(), times, controlOf(launcher));
    expect(run).toEqual(simulateServing(server(), times, start));
  });

  it("change the policy, and answer every request", () => {
    const random = seededRandom(5);
    const launcher = learned([60_000, 60_000], () => random.between(-2, 2));
    const times = arrivals(1);
    const run = simulateAdaptive(server(), times, controlOf(launcher));
    expect(run.endNs.flatMap((each) => [...each]).every((end) => end > 0)).toBe(true);
    expect(run).toEqual(simulateAdaptive(server(), times, controlOf(launcher)));
    const start = policyOf([
      { batch: 4, concurrency: 2 },
      { batch: 4, concurrency: 2 },
    ]);
    expect(run.endNs).not.toEqual(simulateServing(server(), times, start).endNs);
  });

  it("decide for models whatever their order", () => {
    const order = [2, 0, 1];
    const rates = [100, 2000, 30_000];
    for (let seed = 1; seed <= 20; seed++) {
      const draws = seededRandom(seed);
      const launcher = learned(rates, () => draws.between(-3, 3));
      const turned = { ...launcher, models: order.map((at) => launcher.models[at]!) };
      const seen = new LauncherObserver(rates, launcher.tickNs);
      const other = new LauncherObserver(
        order.map((at) => rates[at]!),
        launcher.tickNs,
      );
      order.forEach((from, to) => {
        for (const key of ["fastRate", "slowRate", "waiting", "headWaitNs", "inFlight"] as const) {
          seen[key][from] = draws.integer(100);
          other[key][to] = seen[key][from]!;
        }
        seen.quarters[from]!.set([1, 0, draws.integer(3), 2]);
        other.quarters[to]!.set(seen.quarters[from]!);
      });
      const { models } = learnedPolicy(launcher).policyFor(seen);
      const permuted = learnedPolicy(turned).policyFor(other).models;
      expect(permuted).toEqual(order.map((at) => models[at]));
    }
  });

  it("reach both ends of the levels and never leave them", () => {
    const launcher = learned([1000], () => 0);
    const at = (step: number) =>
      policyOfSteps(launcher, new Float64Array(3).fill(step), new Float64Array(1)).models[0];
    expect(at(-0.9)).toEqual({ periodNs: 0, batch: 1, concurrency: 1, variant: 0 });
    // Half of the 4 ms in which a batch of 4 arrives at 1,000 a second.
    expect(at(0.9)).toEqual({ periodNs: 2e6, batch: 4, concurrency: 4, variant: 0 });
  });
});

describe("regimes", () => {
  it("are recognized by rates", () => {
    const narrow = policyOf([{ batch: 1 }]);
    const wide = policyOf([{ batch: 4, concurrency: 2 }]);
    const regimes = [
      { rates: [1000], policy: narrow },
      { rates: [100_000], policy: wide },
    ];
    const { policyFor, rates } = controlOf({ kind: "regimes", tickNs: 1e6, regimes });
    expect(rates).toEqual([1000]);
    const seen = new LauncherObserver(rates, 1e6);
    expect(policyFor(seen)).toBe(narrow);
    // Their shares differ alike at the geometric mean, 10,000.
    seen.slowRate[0] = 9_900;
    expect(policyFor(seen)).toBe(narrow);
    seen.slowRate[0] = 10_100;
    expect(policyFor(seen)).toBe(wide);
  });
});

describe("observation", () => {
  it("counts arrivals of each tick", () => {
    const problem = server();
    // After the last one nothing is decided any more.
    const times = [Float64Array.from([1, 2, 3, 4, 1.5e6]), new Float64Array(0)];
    const seen = new LauncherObserver([0, 1000], 1e6);
    simulateAdaptive(problem, times, {
      tickNs: 1e6,
      rates: [0, 1000],
      policyFor: (state) => {
        seen.slowRate.set(state.slowRate);
        seen.fastRate.set(state.fastRate);
        return policyOf([{}, {}]);
      },
    });
    // Four in a millisecond, with weights 0.4 and 0.05; none for the other model.
    expect(seen.fastRate).toEqual(Float64Array.from([1600, 600]));
    expect(seen.slowRate).toEqual(Float64Array.from([200, 950]));
  });
});
