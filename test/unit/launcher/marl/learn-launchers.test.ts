import { describe, expect, it } from "vitest";
import type { ArrivalProcess } from "../../../../src/arrivals/workload.js";
import { chosen, evaluated } from "../../../../src/launcher/compare-policies.js";
import { evaluatePolicy } from "../../../../src/launcher/evaluate-policy.js";
import { searchByCrossEntropy } from "../../../../src/launcher/marl/cross-entropy.js";
import { distillRegimes } from "../../../../src/launcher/marl/distill-regimes.js";
import {
  type LearnedCandidate,
  learnLaunchers,
} from "../../../../src/launcher/marl/learn-launchers.js";
import { STILL } from "../../../../src/launcher/marl/reaction-moves.js";
import { searchReactions } from "../../../../src/launcher/marl/search-reactions.js";
import { startingLauncher } from "../../../../src/launcher/marl/starting-launcher.js";
import { launcherCosts } from "../../../../src/launcher/policy-costs.js";
import { type ServingJob, servingJobOf } from "../../../../src/launcher/serving-job.js";
import { withLearned } from "../../../../src/launcher/with-learned.js";
import type { LauncherPolicy } from "../../../../src/schedule/serving/serving-model.js";
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

  it("react at launches where no policy is best for all of the load", () => {
    const job = jobOf(1e9, 600 * US);
    const { launcher, curve } = searchReactions(job, NARROW, { seed: 1, steps: 160 })!;
    const wide = policyOf([{ batch: 2, concurrency: 2, variant: 1 }]);
    const costOf = launcherCosts(job, VALIDATION);
    expect(costOf(launcher)).toBeLessThan(0.9 * Math.min(costOf(NARROW), costOf(wide)));
    expect(curve.at(-1)!.cost).toBeLessThan(0.9 * curve[0]!.cost);
    expect(launcher.policy.models.map(({ reaction }) => reaction)).not.toEqual([STILL]);
    const still = searchReactions(job, NARROW, { seed: 1, steps: 160 }, "never")!;
    expect(still.launcher.policy.models.map(({ reaction }) => reaction)).toEqual([STILL]);
    expect(costOf(still.launcher)).toBeGreaterThan(costOf(launcher));
    // Not even one task fits beside the weights.
    expect(searchReactions(jobOf(109), NARROW, { seed: 1, steps: 8 })).toBeUndefined();
  });

  it("are the same for the same seed", () => {
    const learn = (seed: number) => learnLaunchers(jobOf(), NARROW, { seed, steps: 160 });
    const first = learn(2);
    expect(first.map(({ name }) => name)).toEqual(["cross-entropy", "maddpg", "reactive"]);
    // MADDPG goes on from what cross-entropy has found: before it has learned, it costs the same.
    expect(first[1]!.curve[0]!.cost).toBe(Math.min(...first[0]!.curve.map(({ cost }) => cost)));
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
  it("uses what is learned only where it costs less than all others beyond doubt", () => {
    // Too soon for the narrow variant, not for the wide one.
    const job = jobOf(1e9, 300 * US);
    const options = { seed: 1, samples: 2 };
    const wide = policyOf([{ batch: 2, concurrency: 2, variant: 1 }]);
    const always = (policy: LauncherPolicy): LearnedCandidate => {
      const regimes = [{ rates: [1], policy }];
      return { name: "maddpg", launcher: { kind: "regimes", tickNs: 1e6, regimes }, curve: [] };
    };
    const gate = (first: LauncherPolicy, learned: LauncherPolicy) => {
      const start = evaluated(job, { name: "static", policy: first }, options);
      const before = { job, policies: [start], absent: [], best: 0 };
      return withLearned(before, [always(learned)], options);
    };
    const better = gate(NARROW, wide);
    expect(better.policies.map(({ name }) => name)).toEqual(["static", "maddpg"]);
    expect(better.best).toBe(1);
    expect(gate(wide, NARROW).best).toBe(0);
    // What costs as much as what is simpler is not used, which the first look tells.
    const same = gate(wide, wide);
    expect(same.policies[1]!.validation).toEqual(same.policies[0]!.validation);
    expect(same.policies[1]!.validation.samples).toHaveLength(3);
    expect(same.best).toBe(0);
  });

  it("tries policies that are near each other on further samples, and those alone", () => {
    const job = jobOf(1e9, 600 * US);
    const options = { seed: 1, samples: 2 };
    const start = evaluated(job, { name: "static", policy: NARROW }, options);
    const near = policyOf([{ batch: 2, concurrency: 8, variant: 0, periodNs: 3000 }]);
    const slow = policyOf([{ batch: 2, concurrency: 5, variant: 0 }]);
    const far = evaluated(job, { name: "fifo", policy: slow }, options);
    const rival = evaluated(job, { name: "greedy", policy: near }, options);
    const { policies } = chosen(job, [far, rival, start], 1);
    const counts = policies.map(({ validation }) => validation.samples.length);
    expect(counts[0]).toBe(3);
    expect(counts[1]).toBeGreaterThan(3);
    expect(counts[2]).toBe(counts[1]);
    const all = { seed: 1, purpose: "validation", count: counts[1]! } as const;
    expect(policies[1]!.validation).toEqual(evaluatePolicy(job, near, all));
  });

  it("serves learned launchers by the rules for requests that are refused", () => {
    const job: ServingJob = { ...jobOf(), shed: [{ kind: "newest", queue: 3 }] };
    const options = { seed: 1, samples: 2 };
    const start = evaluated(job, { name: "static", policy: NARROW }, options);
    const whole = withLearned(
      { job, policies: [start], absent: [], best: 0 },
      [{ name: "maddpg", launcher: still(job), curve: [] }],
      options,
    );
    expect(start.heldOut.models[0]!.shed.mean).toBeGreaterThan(0);
    expect(whole.policies[1]!.heldOut).toEqual(start.heldOut);
  });
});

/** A launcher whose networks leave its policy as it is. */
function still(job: ServingJob) {
  return startingLauncher(job, NARROW)!;
}
