/** Two simulators of served requests that share no code agree on every request, whatever the problem. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { servingCost } from "../../src/schedule/serving/serving-cost.js";
import { servingMetrics } from "../../src/schedule/serving/serving-metrics.js";
import { simulateServing } from "../../src/schedule/serving/simulate-serving.js";
import { replayRequests } from "../../src/verify/replay-requests.js";
import { figuresOfReplay } from "../../src/verify/replayed-figures.js";
import {
  arbitraryMeasuredServing,
  arbitraryServing,
  servingOf,
  shedRule,
  withRules,
} from "../support/arbitrary-serving.js";

const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));

describe("the simulator and the replay", () => {
  it.each([
    ["by data sheet, in parts and whole", arbitraryServing, undefined],
    ["as measured", arbitraryMeasuredServing, 7],
  ] as const)("launch, answer and refuse every request at the same time: %s", (_, cases, seed) => {
    const options = seed === undefined ? {} : { seed };
    const refused = { newest: 0, oldest: 0, deadline: 0 };
    let requests = 0;
    fc.assert(
      fc.property(cases, fc.tuple(shedRule, shedRule, shedRule), (each, rules) => {
        const { problem, policy, arrivals } = servingOf(each);
        const shedding = withRules(policy, rules);
        const run = simulateServing(problem, arrivals, shedding, options);
        const replay = replayRequests(problem, arrivals, shedding, options)!;
        const objectives = problem.models.map((_, at) => 300 + 100 * at);
        const span = { fromNs: 400, toNs: 4000 };
        for (const [model, own] of replay.requests.entries()) {
          for (const [at, request] of own.entries()) {
            requests++;
            expect(request.isRefused).toBe(run.isRefused![model]![at] === 1);
            expect(close(request.launchNs, run.launchNs[model]![at]!)).toBe(true);
            expect(close(request.endNs, run.endNs[model]![at]!)).toBe(true);
            if (request.isRefused) {
              refused[rules[model]!.kind]++;
            }
          }
        }
        const { cost, models } = figuresOfReplay(replay, objectives, span.toNs);
        expect(close(cost, servingCost(run, objectives, span))).toBe(true);
        for (const [model, found] of models.entries()) {
          const metrics = servingMetrics(run, model, objectives[model], span);
          const { throughput, goodput, late, shed, batch, latencyNs, backlog } = metrics;
          const { p50, p99 } = latencyNs;
          const own = { throughput, goodput, late, shed, batch, p50Ns: p50, p99Ns: p99 };
          for (const [key, value] of Object.entries({
            ...own,
            backlog: backlog.mean,
            slope: backlog.slope,
          })) {
            expect(close(found[key as keyof typeof found], value), key).toBe(true);
          }
        }
      }),
      { numRuns: 600 },
    );
    expect(requests).toBeGreaterThan(3000);
    for (const kind of ["newest", "oldest", "deadline"] as const) {
      expect(refused[kind], kind).toBeGreaterThan(30);
    }
  });

  it("gives up on a sample that is too long", () => {
    fc.assert(
      fc.property(arbitraryServing, (each) => {
        const { problem, policy, arrivals } = servingOf(each);
        const whole = replayRequests(problem, arrivals, policy)!;
        const within = (mostStages: number) =>
          replayRequests(problem, arrivals, policy, { mostStages });
        expect(within(whole.stages)).toEqual(whole);
        expect(within(whole.stages / 2 - 1)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });
});
