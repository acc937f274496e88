import { describe, expect, it } from "vitest";
import { drawArrivals } from "../../../../src/arrivals/draw-arrivals.js";
import { RequestCost } from "../../../../src/launcher/marl/request-cost.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import { modelOf, policyOf, problemOf, runOf } from "../../../support/serving.js";

const MS = 1e6;

describe("what requests cost", () => {
  it("is the time in the system over the objective, late time three times", () => {
    const cost = new RequestCost([1000], [4 * MS]);
    const times = {
      arrivals: [Float64Array.from([0, 1 * MS, 20 * MS])],
      endNs: [Float64Array.from([2 * MS, 9 * MS, -1])],
    };
    // At 1,000 a second 4 requests arrive in an objective. To 3 ms: 2 ms and 2 ms in the system.
    expect(cost.until(3 * MS, times)).toBeCloseTo((4 / 4) * MS, 3);
    // To 10 ms: 6 ms of the second, which is late from 5 ms on, for 4 ms.
    expect(cost.until(10 * MS, times)).toBeCloseTo(((6 + 2 * 4) / 4) * MS, 3);
    // The third has no end yet: 5 ms, 1 of them late.
    expect(cost.until(25 * MS, times)).toBeCloseTo(((5 + 2) / 4) * MS, 3);
  });

  it("counts a refused request as if it had taken twice its objective", () => {
    const cost = new RequestCost([1000], [4 * MS]);
    const times = {
      arrivals: [Float64Array.from([0])],
      endNs: [Float64Array.from([1 * MS])],
      isRefused: [Uint8Array.of(1)],
    };
    // 4 ms in time and 4 ms late, over 4 requests in an objective.
    expect(cost.until(2 * MS, times) + cost.until(20 * MS, times)).toBeCloseTo(
      ((4 + 3 * 4) / 4) * MS,
      3,
    );
  });

  it("is the cost of the whole run in pieces", () => {
    const each = modelOf(runOf(1, { ns: MS }), runOf(4, { ns: 2 * MS }));
    const problem = problemOf([each, each]);
    const workload = {
      models: ["m0", "m1"].map((model) => ({
        model,
        process: { kind: "constant" as const, ratePerSecond: 700 },
        objectiveNs: 4 * MS,
        batches: [1, 4],
      })),
      durationNs: 1e9,
      seed: undefined,
    };
    const arrivals = drawArrivals(workload, { seed: 1, purpose: "training", episode: 0 });
    const run = simulateServing(problem, arrivals, policyOf([{ batch: 4 }, { batch: 4 }]));
    const objectives = [4 * MS, 4 * MS];
    const cost = new RequestCost([700, 700], objectives);
    const times = { arrivals, endNs: run.endNs };
    let sum = 0;
    for (let until = 0.5 * MS; until <= 1.2e9; until += 0.5 * MS) {
      sum += cost.until(until, times);
    }
    // Mean latency and twice the mean lateness over the objective; of these the mean.
    const means = objectives.map((objective, model) => {
      const took = Array.from(run.endNs[model]!, (end, at) => end - arrivals[model]![at]!);
      const costs = took.map((ns) => (ns + 2 * Math.max(0, ns - objective)) / objective);
      return costs.reduce((all, each) => all + each, 0) / took.length;
    });
    expect(sum / 1e9).toBeCloseTo((means[0]! + means[1]!) / 2, 6);
  });

  it("never pays for starving a model, as a reward with caps does", () => {
    // Requests of `a` take 1 ms, those of `b` 3 ms, one at a time: 90 % of the time is needed.
    const problem = problemOf([modelOf(runOf(1, { ns: MS })), modelOf(runOf(1, { ns: 3 * MS }))]);
    const rates = [450, 150];
    const objectives = [2 * MS, 4 * MS];
    const workload = {
      models: rates.map((ratePerSecond, at) => ({
        model: `m${at}`,
        process: { kind: "poisson" as const, ratePerSecond },
        objectiveNs: objectives[at],
        batches: [1],
      })),
      durationNs: 4e9,
      seed: undefined,
    };
    const arrivals = drawArrivals(workload, { seed: 1, purpose: "training", episode: 0 });
    const fair = policyOf([{}, {}], 1);
    // One request of `b` every 300 ms: 1 % of the time instead of 45 %.
    const starving = policyOf([{}, { periodNs: 300 * MS }], 1);
    const [plain, unfair] = [fair, starving].map((policy) => {
      const { endNs } = simulateServing(problem, arrivals, policy);
      const cost = new RequestCost(rates, objectives);
      const times = { arrivals, endNs };
      let uncapped = 0;
      let capped = 0;
      for (let until = 50 * MS; until <= 4e9; until += 50 * MS) {
        uncapped -= cost.until(until, times);
        capped += cappedReward(times, until, objectives);
      }
      return { uncapped, capped };
    });
    // Objectives are missed either way most of the time: who caps that sees one model gain and none lose.
    expect(unfair!.capped).toBeGreaterThan(plain!.capped);
    expect(unfair!.uncapped).toBeLessThan(10 * plain!.uncapped);
  });
});

/** Mean over models of minus the age of the oldest request in objectives, at most 1. */
function cappedReward(
  { arrivals, endNs }: { arrivals: readonly Float64Array[]; endNs: readonly Float64Array[] },
  now: number,
  objectives: readonly number[],
): number {
  return arrivals.reduce((sum, times, model) => {
    const oldest = times.find((time, at) => time < now && endNs[model]![at]! > now) ?? now;
    return sum - Math.min(1, (now - oldest) / objectives[model]!);
  }, 0);
}
