import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { costsOn, keptCosts } from "../../src/launcher/policy-costs.js";
import type { ServingJob } from "../../src/launcher/serving-job.js";
import { servingCost } from "../../src/schedule/serving/serving-cost.js";
import { beginServing } from "../../src/schedule/serving/serving-course.js";
import type { LauncherPolicy, ShedRule } from "../../src/schedule/serving/serving-model.js";
import { simulateServing } from "../../src/schedule/serving/simulate-serving.js";
import { arbitraryServing, servingOf } from "../support/arbitrary-serving.js";

const DURATION = 3000;

const rule = fc.constantFrom<ShedRule | undefined>(
  undefined,
  { kind: "newest", queue: 2 },
  { kind: "oldest", queue: 2 },
  { kind: "deadline", objectiveNs: 600 },
);

function jobOf(
  problem: ServingJob["problem"],
  shed: readonly (ShedRule | undefined)[],
): ServingJob {
  const objectives = problem.models.map((_, at) => 300 + 100 * at);
  const workload = { models: [], durationNs: DURATION, seed: undefined };
  return { problem, workload, objectives, shed: shed.slice(0, problem.models.length) };
}

function treated(policy: LauncherPolicy, { shed = [] }: ServingJob): LauncherPolicy {
  return {
    ...policy,
    models: policy.models.map((each, at) => {
      const own = shed[at];
      return own === undefined ? each : { ...each, shed: own };
    }),
  };
}

describe("the costs of policies", () => {
  it("are those of whole runs, and infinite only above what is asked", () => {
    let stopped = 0;
    fc.assert(
      fc.property(arbitraryServing, fc.tuple(rule, rule, rule), (each, rules) => {
        const { problem, policy, arrivals } = servingOf(each);
        const job = jobOf(problem, rules);
        const span = { fromNs: 0.1 * DURATION, toNs: DURATION };
        const run = simulateServing(problem, arrivals, treated(policy, job));
        const whole = servingCost(run, job.objectives, span);
        const costOf = costsOn(job, [{ arrivals, seed: 1 }], DURATION);
        expect(costOf(policy)).toBe(whole);
        expect(costOf(policy, whole)).toBe(whole);
        const kept = keptCosts(costOf);
        if (whole > 0) {
          expect(costOf(policy, 0.9 * whole)).toBe(Number.POSITIVE_INFINITY);
          expect(kept(policy, 0.9 * whole)).toBe(Number.POSITIVE_INFINITY);
          stopped++;
        }
        expect(kept(policy, whole)).toBe(whole);
        expect(kept(policy)).toBe(whole);
      }),
      { numRuns: 300 },
    );
    expect(stopped).toBeGreaterThan(100);
  });

  it("of two samples are their mean", () => {
    fc.assert(
      fc.property(arbitraryServing, (each) => {
        const { problem, policy, arrivals } = servingOf(each);
        const job = jobOf(problem, []);
        const later = arrivals.map((times) => times.map((time) => time + 200));
        const one = costsOn(job, [{ arrivals, seed: 1 }], DURATION)(policy);
        const other = costsOn(job, [{ arrivals: later, seed: 2 }], DURATION)(policy);
        const both = costsOn(
          job,
          [
            { arrivals, seed: 1 },
            { arrivals: later, seed: 2 },
          ],
          DURATION,
        );
        expect(both(policy)).toBe((one + other) / 2);
      }),
      { numRuns: 100 },
    );
  });
});

describe("the cost of a run that is not over", () => {
  it("never falls, and ends at that of the whole run", () => {
    fc.assert(
      fc.property(arbitraryServing, fc.tuple(rule, rule, rule), (each, rules) => {
        const { problem, policy, arrivals } = servingOf(each);
        const job = jobOf(problem, rules);
        const span = { fromNs: 300, toNs: DURATION };
        const course = beginServing(problem, arrivals, treated(policy, job));
        let before = 0;
        for (let until = 100; !course.isOver; until += 100) {
          course.advanceTo(until);
          const cost = servingCost(course.soFar, job.objectives, span, course.nowNs);
          expect(cost).toBeGreaterThanOrEqual(before);
          before = cost;
        }
        const run = simulateServing(problem, arrivals, treated(policy, job));
        expect(before).toBe(servingCost(run, job.objectives, span));
      }),
      { numRuns: 200 },
    );
  });
});
