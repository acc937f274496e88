import { expect, it } from "vitest";
import { cpuProblemOf } from "../../../src/launcher/cpu-problem.js";
import { servingJobOf } from "../../../src/launcher/serving-job.js";
import {
  simplerPolicy,
  simplestOf,
  threadsOfPolicy,
} from "../../../src/launcher/simpler-policy.js";
import type { LauncherPolicy } from "../../../src/schedule/serving/serving-model.js";
import { policyOf } from "../../support/serving.js";
import { servingProfile } from "../../support/serving-profiles.js";

const problem = cpuProblemOf([{ name: "m", profile: servingProfile(), batches: [1, 2] }]);
const process = { kind: "poisson", ratePerSecond: 100 } as const;
const job = servingJobOf(problem, {
  models: [{ model: "m", process, objectiveNs: 10e6, batches: [1, 2] }],
  durationNs: 1e9,
  seed: undefined,
});

/** What policies cost, by threads and sessions. */
const costs = (table: Readonly<Record<string, number>>) => (policy: LauncherPolicy) => {
  const [{ variant, concurrency }] = policy.models as [LauncherPolicy["models"][number]];
  return table[`${concurrency} x ${variant + 1}`] ?? 9;
};

it("takes fewer threads where that costs about the same, of as few the cheapest", () => {
  const start = policyOf([{ concurrency: 4, batch: 2 }]);
  const chosen = (table: Readonly<Record<string, number>>) =>
    simplerPolicy(job, start, costs(table), () => true).models[0];
  const table = { "4 x 1": 1, "3 x 1": 1.1, "2 x 1": 1.25, "1 x 2": 1.2, "1 x 1": 1.3 };
  expect(chosen(table)).toMatchObject({ concurrency: 1, variant: 1, batch: 2 });
  expect(chosen({ ...table, "1 x 1": 1.24 })).toMatchObject({ concurrency: 1, variant: 0 });
  expect(chosen({ "4 x 1": 1, "2 x 2": 0.5 })).toMatchObject({ concurrency: 4, variant: 0 });
  expect(simplerPolicy(job, start, costs(table), () => false)).toBe(start);
});

it("finds the fewest threads among those that cost about the least", () => {
  expect(simplestOf([1, 1.25, 1.26], [8, 4, 2])).toBe(1);
  expect(simplestOf([1, 1.2, 1.1], [8, 4, 4])).toBe(2);
  expect(simplestOf([1, 1, 1], [4, 4, 4])).toBe(0);
  expect(simplestOf([Number.POSITIVE_INFINITY, 0], [1, 8])).toBe(1);
  expect(threadsOfPolicy(problem, policyOf([{ concurrency: 3, variant: 1 }]))).toBe(6);
});
