import { describe, expect, it } from "vitest";
import { launcherSectionOf } from "../../../src/artifact/launcher-section-of.js";
import { capacityOf } from "../../../src/launcher/capacity.js";
import { evaluatePolicy } from "../../../src/launcher/evaluate-policy.js";
import { ratesOf, type ServingJob, servingJobOf } from "../../../src/launcher/serving-job.js";
import { sheddingJob } from "../../../src/launcher/shedding.js";
import { capacityProblemOf } from "../../../src/schedule/serving/capacity-problem.js";
import type { LauncherPolicy } from "../../../src/schedule/serving/serving-model.js";
import { replaySamples, slopeSlack } from "../../../src/verify/replay-problems.js";
import { figuresOfReplay } from "../../../src/verify/replayed-figures.js";
import { modelOf, policyOf, problemOf, runOf } from "../../support/serving.js";

const SEED = 3;

/** A model of one stage of 163.7 us, asked for so often. */
function jobOf(ratePerSecond: number, durationNs: number): ServingJob {
  const problem = problemOf([modelOf(runOf(1, { ns: 163_700.3 }))]);
  const models = [
    {
      model: "m0",
      process: { kind: "poisson", ratePerSecond } as const,
      objectiveNs: 1.6e6,
      batches: [1],
    },
  ];
  return sheddingJob(servingJobOf(problem, { models, durationNs, seed: undefined }), true);
}

/** The section of some policies, as `launch` writes it. */
function sectionOf(job: ServingJob, policies: readonly LauncherPolicy[]) {
  const rates = ratesOf(job);
  const capacityProblem = capacityProblemOf(job.problem, rates);
  const compared = policies.map((policy) => ({
    name: "static" as const,
    policy,
    validation: evaluatePolicy(job, policy, { seed: SEED, purpose: "validation", count: 1 }),
    heldOut: evaluatePolicy(job, policy, { seed: SEED, purpose: "held-out", count: 2 }),
  }));
  const capacity = capacityOf(capacityProblem);
  const comparison = { job, policies: compared, absent: [], best: 0 };
  return launcherSectionOf(job, [{ scale: 1, rates, capacityProblem, capacity, comparison }]);
}

describe("samples that are simulated again", () => {
  it("have slopes that differ no more than rounded times make them", () => {
    const durationNs = 1e10;
    // All late by as much as so many sums may be off, where it counts most: at the end of the span.
    const requests = 50_000;
    const offNs = requests * (durationNs / 2 ** 53);
    const arrivals = Float64Array.from({ length: requests }, (_, at) => 9.9e9 + 1e3 * at);
    const slope = (delayNs: number): number => {
      const own = Array.from(arrivals, (time, task) => {
        return { arrivalNs: 1e9, launchNs: 1e9, endNs: time + delayNs, task, isRefused: false };
      });
      const replay = { requests: [own], stages: 0 };
      return figuresOfReplay(replay, [1], durationNs).models[0]!.slope;
    };
    const slack = slopeSlack([arrivals], durationNs);
    // Times of 1e10 are themselves rounded to 2e-6, so more than that is shifted and divided again.
    const difference = Math.abs(slope(1e4 * offNs) - slope(0)) / 1e4;
    expect(difference).toBeLessThanOrEqual(slack);
    expect(difference).toBeGreaterThan(slack / 2);
    expect(slack).toBeGreaterThan(1e-9);
  });

  it("have slopes that others cannot have", () => {
    const job = jobOf(1000, 1e9);
    const policies = [policyOf([{}], 1)];
    const section = sectionOf(job, policies);
    const replayed = (of: typeof section) =>
      replaySamples(of, { problem: job.problem, policies: [policies] }, SEED);
    expect(replayed(section)).toEqual({ problems: [], samples: 3, replayed: 3 });
    const changed = JSON.parse(JSON.stringify(section), (key, value) =>
      key === "slope" && typeof value === "number" ? 1.00002 * value : value,
    );
    expect(replayed(changed).problems).toHaveLength(3);
    expect(replayed(changed).problems[0]).toContain("/heldOut/samples/0/models/0/slope");
  });
});
