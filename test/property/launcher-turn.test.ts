/** The launcher's rule by the clock against the simulator, which applies it by events: a second opinion of each. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExpectedTime } from "../../src/schedule/serving/expected-time.js";
import {
  dueAt,
  endTask,
  type LauncherState,
  takeTask,
  turnAt,
} from "../../src/schedule/serving/launcher-turn.js";
import type { LauncherPolicy, ServingProblem } from "../../src/schedule/serving/serving-model.js";
import { simulateServing } from "../../src/schedule/serving/simulate-serving.js";
import { profileNs } from "../../src/schedule/serving/task-profile.js";
import {
  arbitraryWholeServing,
  servingOf,
  shedRule,
  withRules,
} from "../support/arbitrary-serving.js";

/** A device on which tasks do not disturb each other. */
const WIDE = { kind: "cpu", workers: 1000, slowdown: [1] } as const;

/** Serves all requests with a clock of its own: whenever something may happen, the rule is asked. */
function serveByClock(
  { models }: ServingProblem,
  policy: LauncherPolicy,
  arrivals: readonly Float64Array[],
): LauncherState & { readonly launchNs: readonly Float64Array[] } {
  const whole = (): Int32Array => new Int32Array(models.length);
  const state: LauncherState = {
    arrivals,
    head: whole(),
    tail: whole(),
    waiting: whole(),
    inFlight: whole(),
    lastNs: new Float64Array(models.length).fill(Number.NEGATIVE_INFINITY),
    isRefused: arrivals.map(({ length }) => new Uint8Array(length)),
    endNs: arrivals.map(({ length }) => new Float64Array(length)),
    expected: models.map(() => new ExpectedTime()),
    aloneNs: models.map(({ variants }, at) =>
      profileNs(variants[policy.models[at]!.variant]!.runs[0]!.profile),
    ),
  };
  const launchNs = arrivals.map(({ length }) => new Float64Array(length).fill(-1));
  type Flight = Parameters<typeof endTask>[3] & { readonly model: number; readonly end: number };
  let flights: Flight[] = [];
  for (let now = 0; now < Number.POSITIVE_INFINITY; ) {
    for (let turn = turnAt(state, policy, now); turn >= 0; turn = turnAt(state, policy, now)) {
      const { variant } = policy.models[turn]!;
      const requests = takeTask(state, policy, turn, now);
      expect(requests.length).toBeGreaterThan(0);
      for (const request of requests) {
        launchNs[turn]![request] = now;
      }
      const runs = models[turn]!.variants[variant]!.runs;
      const run = runs.find(({ batch }) => batch >= requests.length)!;
      flights.push({ model: turn, requests, launchNs: now, end: now + profileNs(run.profile) });
    }
    const dues = models.map((_, model) => dueAt(state, policy, model));
    const next = Math.min(...dues, ...flights.map(({ end }) => end));
    for (const { model, ...task } of flights.filter(({ end }) => end <= next)) {
      endTask(state, policy, model, task, next);
    }
    flights = flights.filter(({ end }) => end > next);
    now = next;
  }
  return { ...state, launchNs };
}

describe("the launcher's rule by the clock", () => {
  it("launches and refuses what the simulator does, at the same times", () => {
    let tasks = 0;
    let refused = 0;
    fc.assert(
      fc.property(arbitraryWholeServing, fc.tuple(shedRule, shedRule, shedRule), (each, rules) => {
        const { problem, policy: plain, arrivals } = servingOf(each);
        const policy = withRules(plain, rules);
        // No two things happen at once: then the order of events would decide.
        const apart = arrivals.map((times, model) =>
          times.map((time, at) => time + at + (at + 1) / 64 + (model + 1) / 1024),
        );
        const wide = { ...problem, device: WIDE };
        const run = simulateServing(wide, apart, policy);
        const own = serveByClock(wide, policy, apart);
        for (const [model, times] of apart.entries()) {
          tasks += run.launches[model]!;
          for (const at of times.keys()) {
            expect(own.isRefused[model]![at]).toBe(run.isRefused![model]![at]);
            refused += own.isRefused[model]![at]!;
            expect(own.launchNs[model]![at]).toBeCloseTo(run.launchNs[model]![at]!, 4);
            expect(own.endNs[model]![at]).toBeCloseTo(run.endNs[model]![at]!, 4);
          }
        }
      }),
    );
    expect(tasks).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(100);
  });
});
