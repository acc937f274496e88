import { describe, expect, it } from "vitest";
import { comparePolicies } from "../../../src/launcher/compare-policies.js";
import { type PlannedTask, searchWindow } from "../../../src/launcher/make-window.js";
import { searchMergedPolicy, type WindowLibrary } from "../../../src/launcher/merged-policy.js";
import { pipelinedTasks } from "../../../src/launcher/pipelined-tasks.js";
import { type ServingJob, servingJobOf } from "../../../src/launcher/serving-job.js";
import type { ScheduledBatch } from "../../../src/launcher/variant-library.js";
import type { GpuProblem } from "../../../src/schedule/gpu-problem.js";
import { policyBytes } from "../../../src/schedule/serving/serving-memory.js";
import { taskProfileOf } from "../../../src/schedule/serving/task-profile.js";
import { searchSequential } from "../../../src/search/operator/sequential.js";
import { windowProblems } from "../../../src/verify/window-problems.js";
import { QUIET_GPU } from "../../support/serving.js";
import { taskOf, tenProblemOf } from "../../support/windows.js";

// Halves of the device: 10 + 1 + 10 us, and 20 us.
const CHAIN = tenProblemOf({ blocks: 5, us: 10 }, { blocks: 5, us: 10, after: [0] });
const SINGLE = tenProblemOf({ blocks: 5, us: 20 });
const MODELS = [CHAIN, SINGLE];

/** Cuts a chain of two behind its first operator; nothing else. */
const cut = ({ graph }: GpuProblem, stages: number): Int32Array | undefined =>
  graph.operators.length === stages ? Int32Array.from(graph.operators, (_, id) => id) : undefined;

function batchOf(problem: GpuProblem): ScheduledBatch {
  const schedule = searchSequential(problem);
  const schedules = {
    sequential: schedule,
    narrow: schedule,
    opara: schedule,
    wide: schedule,
    "top-compile": schedule,
  };
  return { batch: 1, problem, workspaceBytes: 10, schedules };
}

const LIBRARY: WindowLibrary = { batches: MODELS.map((problem) => [batchOf(problem)]), cut };

function jobOf(rates: readonly number[], memoryBytes = 1e9): ServingJob {
  const models = MODELS.map((problem, at) => ({
    name: `m${at}`,
    residentBytes: 100,
    variants: [
      {
        name: "sequential",
        runs: [
          {
            batch: 1,
            profile: taskProfileOf(problem.work, searchSequential(problem)),
            workspaceBytes: 10,
          },
        ],
      },
    ],
  }));
  const workload = {
    models: rates.map((ratePerSecond, at) => ({
      model: `m${at}`,
      process: { kind: "poisson", ratePerSecond } as const,
      objectiveNs: 1e6,
      batches: [1],
    })),
    durationNs: 1e8,
    seed: undefined,
  };
  return servingJobOf({ device: { ...QUIET_GPU, memoryBytes }, models }, workload);
}

describe("the policy of windows", () => {
  it("has tasks in the ratio of the rates, right and within memory", () => {
    const job = jobOf([8000, 4000]);
    const policy = searchMergedPolicy(job, LIBRARY, 1)!;
    const { tasks } = policy.window!.window;
    const [first, second] = [0, 1].map(
      (model) => tasks.filter((task) => task.model === model).length,
    );
    // In the ratio of the rates, or up to twice as many as that of the model that needs fewer.
    expect(first).toBeGreaterThanOrEqual(second!);
    expect(first).toBeLessThanOrEqual(2 * second!);
    expect(windowProblems(policy.window!.window, (model) => MODELS[model])).toEqual([]);
    expect(policyBytes(job.problem, policy)).toBeLessThanOrEqual(1e9);
  });

  it("is not there where no window fits", () => {
    // Weights of 200 and two tasks of 10.
    expect(searchMergedPolicy(jobOf([8000, 4000], 219), LIBRARY, 1)).toBeUndefined();
    const policy = searchMergedPolicy(jobOf([8000, 4000], 220), LIBRARY, 1)!;
    expect(policy.window!.window.tasks.length).toBe(2);
  });

  it("has batches of each model by themselves: many requests for one, few in a hurry for the other", () => {
    // In batches of 8 tasks take twice as long.
    const large = [
      tenProblemOf({ blocks: 5, us: 20 }, { blocks: 5, us: 20, after: [0] }),
      tenProblemOf({ blocks: 5, us: 40 }),
    ];
    const batches = MODELS.map((problem, at) => [
      batchOf(problem),
      { ...batchOf(large[at]!), batch: 8 },
    ]);
    // One by one, 100,000 requests a second would take 2.1 times the time that there is.
    const job = jobOf([100_000, 4000]);
    const models = job.problem.models.map((model, at) => {
      const profile = taskProfileOf(large[at]!.work, searchSequential(large[at]!));
      return {
        ...model,
        variants: model.variants.map(({ name, runs }) => {
          return { name, runs: [...runs, { batch: 8, profile, workspaceBytes: 10 }] };
        }),
      };
    });
    const hasty = { ...job, problem: { ...job.problem, models }, objectives: [300_000, 70_000] };
    const policy = searchMergedPolicy(hasty, { ...LIBRARY, batches }, 1)!;
    expect(policy.models.map(({ batch }) => batch)).toEqual([8, 1]);
  });

  it("is compared with the others, and only used where it costs less than `static` beyond doubt", () => {
    const { policies, best } = comparePolicies(jobOf([8000, 4000]), {
      seed: 1,
      samples: 2,
      windows: LIBRARY,
    });
    expect(policies.map(({ name }) => name)).toEqual(["fifo", "greedy", "static", "merged"]);
    const costs = policies.map(({ validation }) => validation.cost.mean);
    expect(costs[best]).toBeLessThanOrEqual(costs[2]!);
  });
});

describe("tasks in parts", () => {
  const planned = (models: readonly number[]): PlannedTask[] =>
    models.map((model) => {
      const problem = MODELS[model] as GpuProblem;
      const ids = problem.graph.operators.map(({ id }) => id);
      return { ...taskOf(model, ids), problem, schedule: searchSequential(problem) };
    });

  it("run next to parts of earlier tasks, with a period that no whole task allows", () => {
    const whole = searchWindow(planned([0]), { seed: 1, effort: 1000 });
    expect(whole).toMatchObject({ periodNs: 21_000, lowerBoundNs: 21_000, status: "optimal" });
    const { tasks, start } = pipelinedTasks(planned([0]), 2, cut)!;
    expect(tasks[0]!.parts).toEqual([[0], [1]]);
    const window = searchWindow(tasks, { seed: 1, effort: 1000, starts: [start] });
    // Both halves of the device, all the time.
    expect(window).toMatchObject({ periodNs: 10_000, lowerBoundNs: 10_000, status: "optimal" });
    expect(windowProblems(window, (model) => MODELS[model])).toEqual([]);
  });

  it("are not made where nothing can be cut, nor where parts gain nothing", () => {
    expect(pipelinedTasks(planned([1]), 2, cut)).toBeUndefined();
    // 20 us on one half, 10 and 10 on the other: whole tasks need no longer period.
    expect(pipelinedTasks(planned([1, 0]), 2, cut)).toBeUndefined();
  });
});
