import { describe, expect, it } from "vitest";
import { capacityOf } from "../../../src/launcher/capacity.js";
import { cpuProblemOf, threadsOfVariant } from "../../../src/launcher/cpu-problem.js";
import { servingJobOf } from "../../../src/launcher/serving-job.js";
import { searchStaticPolicy } from "../../../src/launcher/static-policies.js";
import { capacityProblemOf } from "../../../src/schedule/serving/capacity-problem.js";
import { simulateServing } from "../../../src/schedule/serving/simulate-serving.js";
import { policyOf } from "../../support/serving.js";
import { servingProfile, timingOf } from "../../support/serving-profiles.js";

const PROFILE = servingProfile();
const measured = [{ name: "m", profile: PROFILE, batches: [1, 2] }];

describe("serving on a CPU", () => {
  it("has a variant for each number of threads, with what was measured", () => {
    const { device, models } = cpuProblemOf(measured);
    expect(device).toEqual({
      kind: "cpu",
      workers: 2,
      slowdown: [1, 1.1],
      memoryBytes: 2 ** 33,
    });
    const [model] = models;
    expect(model!.variants.map(({ name }) => [name, threadsOfVariant(name)])).toEqual([
      ["1 thread", 1],
      ["2 threads", 2],
    ]);
    const [one, two] = model!.variants;
    expect(one!.runs.map(({ batch, contention }) => [batch, contention])).toEqual([
      [1, [1, 1.1, 1.65, 2.2]],
      [2, [1, 1.1, 1.65, 2.2]],
    ]);
    // One session of two threads keeps two busy, two of them four: three lie between.
    expect(two!.runs[0]!.contention).toEqual([1, 1, 1.5, 2]);
    // A session for a batch of 2 comes with one for single requests.
    expect(one!.runs.map(({ workspaceBytes }) => workspaceBytes)).toEqual([1000, 2500]);
    expect(one!.runs[0]!.records).toEqual(PROFILE.timings[0]!.records);
    expect(one!.runs[0]!.profile.ns[0]).toBeCloseTo(1_000_000, 6);
  });

  it("uses the batch sizes that requests may be put in", () => {
    const problem = cpuProblemOf([{ name: "m", profile: PROFILE, batches: [1] }]);
    expect(problem.models[0]!.variants.map(({ runs }) => runs.length)).toEqual([1, 1]);
  });

  it("goes by what was measured of each number of sessions", () => {
    const problem = cpuProblemOf(measured);
    const arrivals = [new Float64Array(3000)];
    for (const [variant, sessions, paceNs] of [
      [0, 1, 1e6],
      [0, 2, 1.1e6],
      [0, 4, 2.2e6],
      [1, 1, 0.7e6],
      [1, 2, 1.4e6],
      // Beyond what was measured in proportion to the threads: 6 take 1.5 times as long as 4.
      [1, 3, 2.1e6],
    ] as const) {
      const policy = policyOf([{ variant, concurrency: sessions }]);
      const run = simulateServing(problem, arrivals, policy);
      const perTask = Math.max(...run.endNs[0]!) / (3000 / sessions);
      expect(perTask / paceNs).toBeCloseTo(1, 3);
    }
  });

  it("bounds what any policy can sustain, and finds the sessions that come near", () => {
    const problem = cpuProblemOf(measured);
    // Two sessions of one thread: 2 / 1.1 a millisecond; in batches of 2, 4 / (1.9 * 1.1).
    const most = 4 / (1.9 * 1.1) / 1e-3;
    const { atMost, attained } = capacityOf(capacityProblemOf(problem, [1]));
    expect(atMost).toBeGreaterThanOrEqual(most * (1 - 1e-9));
    expect(attained).toBeLessThanOrEqual(atMost);
    expect(atMost / most).toBeLessThan(1.05);
    const workload = {
      models: [
        {
          model: "m",
          process: { kind: "poisson", ratePerSecond: 1500 } as const,
          objectiveNs: 10e6,
          batches: [1, 2],
        },
      ],
      durationNs: 2e9,
      seed: undefined,
    };
    const policy = searchStaticPolicy(servingJobOf(problem, workload), 1);
    expect(policy.models[0]).toMatchObject({ variant: 0 });
    expect(policy.models[0]!.concurrency).toBeGreaterThan(1);
  });

  it("prefers one session of all threads where that is faster", () => {
    const timings = [timingOf(1, 1, 1_000_000, [1.9, 2.85, 3.8]), timingOf(2, 1, 510_000, [2])];
    const profile = { ...PROFILE, batches: PROFILE.batches.slice(0, 1), timings };
    const problem = cpuProblemOf([{ name: "m", profile, batches: [1] }]);
    const workload = {
      models: [
        {
          model: "m",
          process: { kind: "poisson", ratePerSecond: 800 } as const,
          objectiveNs: 10e6,
          batches: [1],
        },
      ],
      durationNs: 2e9,
      seed: undefined,
    };
    const policy = searchStaticPolicy(servingJobOf(problem, workload), 1);
    expect(policy.models[0]).toMatchObject({ variant: 1 });
  });
});
