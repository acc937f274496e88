import { describe, expect, it } from "vitest";
import type { ArrivalProcess } from "../../../../src/arrivals/workload.js";
import { compareLearned, throughGate } from "../../../../src/launcher/compare-learned.js";
import { searchByCrossEntropy } from "../../../../src/launcher/marl/cross-entropy.js";
import { distillRegimes } from "../../../../src/launcher/marl/distill-regimes.js";
import { learnLaunchers } from "../../../../src/launcher/marl/learn-launchers.js";
import { startingLauncher } from "../../../../src/launcher/marl/starting-launcher.js";
import { launcherCosts } from "../../../../src/launcher/policy-costs.js";
import { type ServingJob, servingJobOf } from "../../../../src/launcher/serving-job.js";
import { policyOf, QUIET_GPU, runOf } from "../../../support/serving.js";

const US = 1000;

/**
 * A model whose fast variant needs the whole device, and whose slow one a tenth of it. The first takes a quarter
 * of the time and carries 20,000 requests a second, the second twice as many: bursts need it.
 */
function jobOf(memoryBytes = 1e9, objectiveNs = 2000 * US): ServingJob {
  const runs = (ns: number, share: number) =>
    [1, 2].map((batch) => ({ ...runOf(batch, { ns, share }), workspaceBytes: 100 }));
  const variants = [
    { name: "narrow", runs: runs(400 * US, 0.1) },
    { name: "wide", runs: runs(100 * US, 1) },
  ];
  const bursts: ArrivalProcess = {
    kind: "mmpp",
    states: [
      { ratePerSecond: 3_000, meanNs: 60e6 },
      { ratePerSecond: 30_000, meanNs: 6e6 },
    ],
  };
  const workload = {
    models: [{ model: "m", process: bursts, objectiveNs, batches: [1, 2] }],
    durationNs: 0.6e9,
    seed: undefined,
  };
  const models = [{ name: "m", residentBytes: 10, variants }];
  return servingJobOf({ device: { ...QUIET_GPU, memoryBytes }, models }, workload);
}

const NARROW = policyOf([{ batch: 2, concurrency: 8, variant: 0 }]);
const VALIDATION = { seed: 1, purpose: "validation", count: 3 } as const;

describe("learned launchers", () => {
  it("change the policy with the load where no policy is best for all of it", () => {
    const job = jobOf(1e9, 600 * US);
    const start = startingLauncher(job, NARROW)!;
    const { launcher, curve } = searchByCrossEntropy(job, start, { seed: 1, steps: 192 });
    const wide = policyOf([{ batch: 2, concurrency: 2, variant: 1 }]);
    const costOf = launcherCosts(job, VALIDATION);
    const best = Math.min(costOf(NARROW), costOf(wide));
    expect(costOf(launcher)).toBeLessThan(0.9 * best);
    expect(curve.at(-1)!.cost).toBeLessThan(0.9 * curve[0]!.cost);
  });

  it("are the same for the same seed", () => {
    const learn = (seed: number) => learnLaunchers(jobOf(), NARROW, { seed, steps: 320 });
    const first = learn(2);
    expect(first.map(({ name }) => name)).toEqual(["maddpg", "cross-entropy"]);
    for (const { curve } of first) {
      expect(curve[0]!.step).toBe(0);
      expect(curve.length).toBeGreaterThan(1);
    }
    expect(learn(2)).toEqual(first);
    expect(learn(3)).not.toEqual(first);
  });

  it("need memory for all that they might choose", () => {
    // Weights, and one task after the other; four tasks; eight tasks.
    expect(startingLauncher(jobOf(109), policyOf([{}]))).toBeUndefined();
    const concurrencies = [110, 410, 810].map(
      (bytes) => startingLauncher(jobOf(bytes), policyOf([{}]))?.models[0]?.levels.concurrencies,
    );
    expect(concurrencies).toEqual([[1], [1, 2, 4], [1, 2, 4, 8]]);
  });

  it("become one regime where they never change their policy", () => {
    const job = jobOf();
    const table = distillRegimes(job, startingLauncher(job, NARROW)!, 1);
    expect(table.regimes.map(({ policy }) => policy)).toEqual([NARROW]);
  });
});

describe("the gate", () => {
  const of = (validationCost: number, validationGoodput: number) => ({
    validationCost,
    validationGoodput,
  });

  it("lets through what costs less and answers no fewer in time", () => {
    const start = of(2, 10);
    expect(throughGate(start, [of(1.5, 10), of(1, 11)])).toBe(1);
    expect(throughGate(start, [of(1.5, 10), of(1, 9)])).toBe(0);
    expect(throughGate(start, [of(2, 11), of(3, 12)])).toBe(-1);
    expect(throughGate(start, [])).toBe(-1);
  });

  it("never ships what costs more on validation than the static policy", () => {
    const options = { seed: 1, steps: 160, samples: 2 };
    const { start, launchers, best } = compareLearned(jobOf(), NARROW, options);
    expect(launchers.map(({ name }) => name)).toEqual(["maddpg", "cross-entropy"]);
    expect(start.validationCost).toBe(launcherCosts(jobOf(), VALIDATION)(NARROW));
    const costs = [start, ...launchers].map(({ validationCost }) => validationCost);
    expect(costs[best + 1]!).toBeLessThanOrEqual(start.validationCost);
    expect(launchers.every(({ heldOut }) => heldOut.cost.mean > 0)).toBe(true);
  });
});
