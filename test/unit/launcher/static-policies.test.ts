import { describe, expect, it } from "vitest";
import type { ArrivalProcess } from "../../../src/arrivals/workload.js";
import { comparePolicies } from "../../../src/launcher/compare-policies.js";
import { descendGrid, gridEnds } from "../../../src/launcher/descend-grid.js";
import { evaluatePolicy } from "../../../src/launcher/evaluate-policy.js";
import { launcherCosts } from "../../../src/launcher/policy-costs.js";
import { coarseJob, type ServingJob, servingJobOf } from "../../../src/launcher/serving-job.js";
import {
  fifoPolicy,
  greedyPolicy,
  searchStaticPolicies,
  searchStaticPolicy,
  staticTraining,
} from "../../../src/launcher/static-policies.js";
import { policyBytes } from "../../../src/schedule/serving/serving-memory.js";
import type {
  LauncherPolicy,
  ServingModel,
  ServingVariant,
} from "../../../src/schedule/serving/serving-model.js";
import { QUIET_GPU, runOf } from "../../support/serving.js";

const MS = 1e6;

/** A model with a long narrow and a short wide variant; a batch of 8 takes twice as long as one request. */
function modelOf(name: string, ns: number, workspaceBytes: number): ServingModel {
  const runs = (each: number, share: number) =>
    [1, 8].map((batch) => ({
      ...runOf(batch, { ns: batch === 1 ? each : 2 * each, share }),
      workspaceBytes: batch * workspaceBytes,
    }));
  return {
    name,
    residentBytes: 100,
    variants: [
      { name: "sequential", runs: runs(2 * ns, 0.3) },
      { name: "opara", runs: runs(ns, 0.9) },
    ],
  };
}

const poisson = (ratePerSecond: number): ArrivalProcess => ({ kind: "poisson", ratePerSecond });

function jobOf(rates: readonly number[], memoryBytes = 1e9): ServingJob {
  const models = rates.map((_, at) => modelOf(`m${at}`, (at + 1) * MS, 10));
  const workload = {
    models: rates.map((rate, at) => ({
      model: `m${at}`,
      process: poisson(rate),
      objectiveNs: 10 * MS,
      batches: [1, 8],
    })),
    durationNs: 2e9,
    seed: undefined,
  };
  return servingJobOf({ device: { ...QUIET_GPU, memoryBytes }, models }, workload);
}

describe("static policies", () => {
  it("fifo has one request in flight, in the variant that is fastest alone", () => {
    const { problem } = jobOf([10, 10]);
    const each = { periodNs: 0, batch: 1, concurrency: 1, variant: 1 };
    expect(fifoPolicy(problem)).toEqual({ models: [each, each], inFlight: 1 });
  });

  it("greedy takes all that memory allows", () => {
    const each = (concurrency: number) => ({ periodNs: 0, batch: 8, concurrency, variant: 1 });
    expect(greedyPolicy(jobOf([1]).problem)).toEqual({ models: [each(8)] });
    // 100 of weights and 80 for each task.
    expect(greedyPolicy(jobOf([1], 500).problem)).toEqual({ models: [each(4)] });
    expect(greedyPolicy(jobOf([1], 179).problem)).toBeUndefined();
  });

  it("greedy takes the widest variant, wherever it stands", () => {
    const { problem } = jobOf([1]);
    const [model] = problem.models as readonly [ServingModel];
    const [first, last] = model.variants as readonly [
      (typeof model.variants)[number],
      (typeof model.variants)[number],
    ];
    const named = (...names: readonly string[]) =>
      names.map((name) => ({ ...(name === "sequential" ? first : last), name }));
    const chosen = (...names: readonly string[]) =>
      greedyPolicy({ ...problem, models: [{ ...model, variants: named(...names) }] })!.models[0]!
        .variant;
    expect(chosen("sequential", "opara", "wide", "top-compile")).toBe(2);
    expect(chosen("sequential", "opara", "top-compile")).toBe(1);
    expect(chosen("sequential", "top-compile")).toBe(1);
  });

  it("the grid finds what one request at a time cannot sustain", () => {
    // Twice what single requests allow, half of what batches do.
    const job = jobOf([2000]);
    const policy = searchStaticPolicy(job, 1);
    expect(policy.models[0]!.batch).toBe(8);
    const heldOut = { seed: 1, purpose: "held-out", count: 3 } as const;
    const [found] = evaluatePolicy(job, policy, heldOut).models;
    const [fifo] = evaluatePolicy(job, fifoPolicy(job.problem), heldOut).models;
    expect(found!.late.mean).toBe(0);
    expect(fifo!.late.mean).toBeGreaterThan(0.8);
    // One a millisecond is answered, two arrive.
    expect(Math.abs(fifo!.slope.mean - 1000)).toBeLessThan(150);
    expect(Math.abs(found!.slope.mean)).toBeLessThan(10);
  });

  it("the grid is never worse than what it starts from, on what it is chosen by", () => {
    for (const rates of [[300], [400, 150], [100, 100, 80]]) {
      const job = jobOf(rates);
      const grid = coarseJob(job, 8);
      const training = { seed: 4, purpose: "training", count: 1 } as const;
      const costOf = launcherCosts(grid, training);
      const cost = costOf(searchStaticPolicy(job, 4));
      for (const other of [fifoPolicy(job.problem), greedyPolicy(job.problem)!]) {
        // Validation may prefer another of the best four.
        expect(cost).toBeLessThan(costOf(other) * 1.1);
      }
    }
  });

  it("have every model in the schedule of a published scheduler, too, tuned on the same samples", () => {
    const job = jobOf([400, 150]);
    const { opara, ios, static: found } = searchStaticPolicies(job, 3);
    expect(ios).toBeUndefined();
    expect(opara!.models.map(({ variant }) => variant)).toEqual([1, 1]);
    const { job: full, samples } = staticTraining(job, 3);
    const costOf = launcherCosts(full, samples);
    expect(costOf(found)).toBeLessThanOrEqual(costOf(opara!));
    for (const start of [fifoPolicy(job.problem), greedyPolicy(job.problem)!]) {
      const models = start.models.map((each) => ({ ...each, variant: 1 }));
      expect(costOf(opara!)).toBeLessThanOrEqual(costOf({ ...start, models }));
    }
  });

  it("have a scheduler's variant where it is the same as another, and none where a model has none", () => {
    const job = jobOf([400, 150]);
    const [first, second] = job.problem.models as [ServingModel, ServingModel];
    const [narrow, wide] = first.variants as [ServingVariant, ServingVariant];
    const same = { ...first, variants: [{ ...narrow, also: ["ios"] }, wide] };
    const withModels = (models: readonly ServingModel[]) =>
      searchStaticPolicies({ ...job, problem: { ...job.problem, models } }, 3);
    expect(withModels([same, second]).ios).toBeUndefined();
    const own = { ...second, variants: [...second.variants, { ...wide, name: "ios" }] };
    const { ios } = withModels([same, own]);
    expect(ios!.models.map(({ variant }) => variant)).toEqual([0, 2]);
  });

  it("the grid keeps within the memory", () => {
    const job = jobOf([1500, 300], 420);
    expect(policyBytes(job.problem, searchStaticPolicy(job, 1))).toBeLessThanOrEqual(420);
  });

  it("are compared on the same requests, the best chosen by validation, and again the same", () => {
    const job = jobOf([900, 200]);
    const one = comparePolicies(job, { seed: 7, samples: 3 });
    expect(comparePolicies(job, { seed: 7, samples: 3 })).toEqual(one);
    expect(one.policies.map(({ name }) => name)).toEqual(["fifo", "greedy", "opara", "static"]);
    expect(one.absent).toEqual([
      { policy: "ios", reason: "too-many-operators" },
      { policy: "merged", reason: "no-window" },
    ]);
    expect(one.policies[one.best]!.name).toBe("static");
    // The first look decides about all that are not near.
    expect(one.policies.map(({ validation }) => validation.samples.length)).toEqual([3, 3, 6, 6]);
    expect(comparePolicies(job, { seed: 8, samples: 3 })).not.toEqual(one);
  });
});

describe("the ends of the grid", () => {
  /** Both wide 1, both narrow 2, one of each 3; and whatever else it does costs 1/8 a task and request more. */
  const costOf = ({ models }: LauncherPolicy): number => {
    const wide = models.filter(({ variant }) => variant === 1).length;
    const rest = models.reduce((sum, each) => sum + each.concurrency + each.batch - 2, 0);
    return [2, 3, 1][wide]! + rest / 8;
  };
  const narrow = { periodNs: 0, batch: 1, concurrency: 1, variant: 0 };
  const wide = { ...narrow, variant: 1 };
  const anything = () => true;

  it("reach what needs both models to change, where one at a time is stuck", () => {
    const job = jobOf([10, 10]);
    const start = { models: [narrow, narrow] };
    expect(descendGrid(job, start, costOf, anything)).toEqual(start);
    const ends = gridEnds(job, [start], costOf, anything).all;
    expect(ends).toContainEqual({ models: [wide, wide] });
    expect(Math.min(...ends.map(costOf))).toBe(1);
  });

  it("do not have more in tasks than helps", () => {
    const big = { models: [{ ...narrow, batch: 8, concurrency: 8 }] };
    expect(descendGrid(jobOf([10]), big, () => 1, anything)).toEqual({ models: [narrow] });
  });

  it("keep to what is allowed", () => {
    const job = jobOf([10, 10]);
    const start = { models: [narrow, narrow] };
    const isAllowed = (policy: LauncherPolicy) => costOf(policy) !== 1;
    const ends = gridEnds(job, [start], costOf, isAllowed).all;
    expect(ends).toEqual([start]);
  });

  it("are never better than the policy found, on training samples", () => {
    for (const rates of [
      [400, 150],
      [900, 200],
    ]) {
      const job = jobOf(rates);
      const { job: full, samples } = staticTraining(job, 3);
      const costIn = launcherCosts(full, samples);
      const cost = costIn(searchStaticPolicy(job, 3));
      const quick = coarseJob(job, 8);
      const one = { seed: 3, purpose: "training", count: 1 } as const;
      for (const variant of [0, 1]) {
        const start = {
          models: fifoPolicy(job.problem).models.map((each) => ({ ...each, variant })),
        };
        const keeps = ({ models }: LauncherPolicy) =>
          models.every((each) => each.variant === variant);
        const end = descendGrid(quick, start, launcherCosts(quick, one), keeps);
        expect(cost).toBeLessThanOrEqual(costIn(end));
      }
    }
  });
});

describe("the cost of a policy", () => {
  it("cannot be lowered by starving a model", () => {
    // The first model alone could be served well; the second must not pay for it.
    const job = jobOf([600, 150]);
    const samples = { seed: 2, purpose: "validation", count: 2 } as const;
    const fair = searchStaticPolicy(job, 2);
    const starving = {
      models: fair.models.map((each, at) =>
        at === 1 ? { ...each, batch: 1, periodNs: 50 * MS } : each,
      ),
    };
    const costOf = launcherCosts(job, samples);
    const costs = [fair, starving].map((policy) => costOf(policy));
    const [fairly, starved] = [fair, starving].map((policy) =>
      evaluatePolicy(job, policy, samples),
    );
    expect(starved!.models[0]!.p99Ns.mean).toBeLessThanOrEqual(fairly!.models[0]!.p99Ns.mean);
    expect(starved!.models[1]!.slope.mean).toBeGreaterThan(100);
    expect(costs[1]).toBeGreaterThan(10 * costs[0]!);
  });
});
