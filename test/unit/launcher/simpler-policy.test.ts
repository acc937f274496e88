import { expect, it } from "vitest";
import { cpuProblemOf } from "../../../src/launcher/cpu-problem.js";
import { servingJobOf } from "../../../src/launcher/serving-job.js";
import {
  simplerPolicy,
  simplestOf,
  threadsOfLauncher,
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

it("takes the fewest threads, fewer than the holder, of those that cost about as much", () => {
  const simplest = (
    rows: readonly (readonly [cost: number, threads: number, able?: boolean])[],
    holder: number,
  ) =>
    simplestOf(
      rows.map(([cost, threads, isAble = true]) => ({ cost, threads, isAble })),
      holder,
    );
  expect(
    simplest(
      [
        [0.04, 8],
        [0.05, 4],
        [0.0501, 2],
      ],
      0,
    ),
  ).toBe(1);
  expect(
    simplest(
      [
        [0.04, 8],
        [0.048, 4],
        [0.044, 4],
      ],
      0,
    ),
  ).toBe(2);
  // A quarter more of many late requests is not about as much.
  expect(
    simplest(
      [
        [0.5, 8],
        [0.53, 4],
        [0.51, 5],
      ],
      0,
    ),
  ).toBe(2);
  // As many threads are not fewer, however little they cost.
  expect(
    simplest(
      [
        [0.1, 4],
        [1, 4],
        [0.1, 5],
      ],
      1,
    ),
  ).toBe(1);
  expect(
    simplest(
      [
        [1, 1, false],
        [1, 8],
      ],
      1,
    ),
  ).toBe(1);
});

it("counts the threads of all sessions that there are", () => {
  const fixed = policyOf([{ concurrency: 3, variant: 1 }]);
  expect(threadsOfLauncher(problem, fixed)).toBe(6);
  const regimes = [fixed, policyOf([{ concurrency: 4, variant: 0 }])].map((policy) => ({
    rates: [1],
    policy,
  }));
  // Four sessions of one thread and of two.
  expect(threadsOfLauncher(problem, { kind: "regimes", tickNs: 1, regimes })).toBe(12);
});
