/** Two simulators of windows that share no code agree on every request, whatever is refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainWindow } from "../../src/launcher/make-window.js";
import { servingCost } from "../../src/schedule/serving/serving-cost.js";
import { servingMetrics } from "../../src/schedule/serving/serving-metrics.js";
import type { LauncherPolicy, ShedRule } from "../../src/schedule/serving/serving-model.js";
import { simulateWindows } from "../../src/schedule/serving/simulate-windows.js";
import { replayWindows } from "../../src/verify/replay-windows.js";
import { figuresOfReplay } from "../../src/verify/replayed-figures.js";
import { WindowTimes } from "../../src/verify/window-times.js";
import { arbitraryWindow, plannedOf, requestsOf } from "../support/arbitrary-windows.js";
import { policyOf } from "../support/serving.js";

const rule: fc.Arbitrary<ShedRule | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({
    kind: fc.constantFrom("newest" as const, "oldest" as const),
    queue: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    kind: fc.constant("deadline" as const),
    objectiveNs: fc.integer({ min: 10_000, max: 400_000 }),
  }),
);

/** A policy of a window whose models have these rules. */
function policyWith(
  each: Parameters<typeof plannedOf>[0],
  rules: readonly (ShedRule | undefined)[],
): LauncherPolicy {
  const planned = plannedOf(each);
  const { models } = policyOf(each.models.map(({ batch }) => ({ periodNs: each.periodNs, batch })));
  return {
    models: models.map((model, at) => {
      const shed = rules[at];
      return shed === undefined ? model : { ...model, shed };
    }),
    window: { window: plainWindow(planned), problems: planned.map(({ problem }) => problem) },
  };
}

describe("the simulator of windows and its replay", () => {
  it("launch, answer and refuse every request at the same time", () => {
    const refused = { newest: 0, oldest: 0, deadline: 0 };
    let answered = 0;
    fc.assert(
      fc.property(arbitraryWindow, fc.tuple(rule, rule, rule), (each, rules) => {
        const policy = policyWith(each, rules);
        const arrivals = requestsOf(each);
        const run = simulateWindows(arrivals, policy);
        const replay = replayWindows(new WindowTimes(policy.window!), arrivals, policy)!;
        for (const [model, own] of replay.requests.entries()) {
          expect(own.map(({ launchNs }) => launchNs)).toEqual([...run.launchNs[model]!]);
          expect(own.map(({ endNs }) => endNs)).toEqual([...run.endNs[model]!]);
          expect(own.map(({ task }) => task)).toEqual([...run.taskOf![model]!]);
          expect(own.map(({ isRefused }) => Number(isRefused))).toEqual([
            ...run.isRefused![model]!,
          ]);
          for (const { isRefused } of own) {
            answered += isRefused ? 0 : 1;
            if (isRefused) {
              refused[rules[model]!.kind]++;
            }
          }
        }
        const objectives = each.models.map((_, at) => 50_000 + 100_000 * at);
        const span = { fromNs: 40_000, toNs: 400_000 };
        const { cost, models } = figuresOfReplay(replay, objectives, span.toNs);
        expect(cost).toBeCloseTo(servingCost(run, objectives, span), 6);
        for (const [model, { batch, shed, late }] of models.entries()) {
          const metrics = servingMetrics(run, model, objectives[model], span);
          expect([batch, shed, late]).toEqual([metrics.batch, metrics.shed, metrics.late]);
        }
      }),
      { numRuns: 300 },
    );
    expect(answered).toBeGreaterThan(1000);
    for (const kind of ["newest", "oldest", "deadline"] as const) {
      expect(refused[kind], kind).toBeGreaterThan(30);
    }
  });

  it("agree after so many tasks that the first are forgotten", () => {
    let most = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        arbitraryWindow,
        fc.integer({ min: 30_000, max: 400_000 }),
        (one, objectiveNs) => {
          const models = one.models.map((model) => ({
            ...model,
            gaps: Array.from({ length: 100 }, () => model.gaps).flat(),
          }));
          const each = { ...one, models };
          const rules = models.map(() => ({ kind: "deadline" as const, objectiveNs }));
          const policy = policyWith(each, rules);
          const arrivals = requestsOf(each);
          const run = simulateWindows(arrivals, policy);
          const replay = replayWindows(new WindowTimes(policy.window!), arrivals, policy)!;
          for (const [model, own] of replay.requests.entries()) {
            expect(own.map(({ endNs }) => endNs)).toEqual([...run.endNs[model]!]);
            expect(own.map(({ task }) => task)).toEqual([...run.taskOf![model]!]);
            refused += own.filter(({ isRefused }) => isRefused).length;
          }
          most = Math.max(most, ...run.launches);
        },
      ),
      { numRuns: 40 },
    );
    expect(most).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(1000);
  });

  it("gives up on a sample that is too long", () => {
    fc.assert(
      fc.property(arbitraryWindow, (each) => {
        const policy = policyWith(each, []);
        const arrivals = requestsOf(each);
        const replayed = (most?: number) =>
          replayWindows(new WindowTimes(policy.window!), arrivals, policy, most);
        const whole = replayed()!;
        expect(replayed(whole.stages)).toEqual(whole);
        fc.pre(whole.stages > 0);
        expect(replayed(-1)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });
});
