/** The launcher's rule by the clock against the simulator, which applies it by events: a second opinion of each. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dueAt,
  type LauncherState,
  turnAt,
  waitingAt,
} from "../../src/schedule/serving/launcher-turn.js";
import type { LauncherPolicy, ServingProblem } from "../../src/schedule/serving/serving-model.js";
import { simulateServing } from "../../src/schedule/serving/simulate-serving.js";
import { profileNs } from "../../src/schedule/serving/task-profile.js";
import { arbitraryWholeServing, servingOf } from "../support/arbitrary-serving.js";

/** A device on which tasks do not disturb each other. */
const WIDE = { kind: "cpu", workers: 1000, slowdown: [1] } as const;

/** Serves all requests with a clock of its own: whenever something may happen, the rule is asked. */
function serveByClock(
  { models }: ServingProblem,
  policy: LauncherPolicy,
  arrivals: readonly Float64Array[],
): { readonly launchNs: readonly Float64Array[]; readonly endNs: readonly Float64Array[] } {
  const state: LauncherState = {
    arrivals,
    head: new Int32Array(models.length),
    inFlight: new Int32Array(models.length),
    lastNs: new Float64Array(models.length).fill(Number.NEGATIVE_INFINITY),
  };
  const launchNs = arrivals.map(({ length }) => new Float64Array(length));
  const endNs = arrivals.map(({ length }) => new Float64Array(length));
  let flights: { readonly model: number; readonly endNs: number }[] = [];
  for (let now = 0; now < Number.POSITIVE_INFINITY; ) {
    for (let turn = turnAt(state, policy, now); turn >= 0; turn = turnAt(state, policy, now)) {
      const { batch, variant } = policy.models[turn]!;
      const first = state.head[turn]!;
      const requests = waitingAt(state, turn, now, batch);
      expect(requests).toBeGreaterThan(0);
      const run = models[turn]!.variants[variant]!.runs.find((each) => each.batch >= requests)!;
      const end = now + profileNs(run.profile);
      launchNs[turn]!.fill(now, first, first + requests);
      endNs[turn]!.fill(end, first, first + requests);
      state.head[turn] = first + requests;
      state.inFlight[turn]! += 1;
      state.lastNs[turn] = now;
      flights.push({ model: turn, endNs: end });
    }
    const dues = models.map((_, model) => dueAt(state, policy, model));
    const next = Math.min(...dues, ...flights.map(({ endNs: end }) => end));
    for (const { model } of flights.filter(({ endNs: end }) => end <= next)) {
      state.inFlight[model]! -= 1;
    }
    flights = flights.filter(({ endNs: end }) => end > next);
    now = next;
  }
  return { launchNs, endNs };
}

describe("the launcher's rule by the clock", () => {
  it("launches what the simulator launches, at the same times", () => {
    let tasks = 0;
    fc.assert(
      fc.property(arbitraryWholeServing, (each) => {
        const { problem, policy, arrivals } = servingOf(each);
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
            expect(own.launchNs[model]![at]).toBeCloseTo(run.launchNs[model]![at]!, 4);
            expect(own.endNs[model]![at]).toBeCloseTo(run.endNs[model]![at]!, 4);
          }
        }
      }),
    );
    expect(tasks).toBeGreaterThan(300);
  });
});
