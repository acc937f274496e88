/** What holds of every run of the serving simulator, whatever the problem and the policy. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServingEngine } from "../../src/schedule/serving/serving-engine.js";
import { backlogOf } from "../../src/schedule/serving/serving-metrics.js";
import type { TaskLaunch } from "../../src/schedule/serving/serving-options.js";
import { simulateServing } from "../../src/schedule/serving/simulate-serving.js";
import { profileNs } from "../../src/schedule/serving/task-profile.js";
import { arbitraryServing, servingOf } from "../support/arbitrary-serving.js";

const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));

describe("the serving simulator", () => {
  it("loses no request and breaks no rule of the policy", () => {
    let tasks = 0;
    let joint = 0;
    fc.assert(
      fc.property(arbitraryServing, (each) => {
        const { problem, policy, arrivals } = servingOf(each);
        const launches: TaskLaunch[] = [];
        const run = simulateServing(problem, arrivals, policy, {
          onLaunch: (launch) => launches.push(launch),
        });
        const flights: { from: number; to: number }[] = [];
        let done = 0;
        for (const [at, { periodNs, batch, concurrency, variant }] of policy.models.entries()) {
          const own = launches.filter(({ model }) => model === at);
          const endOf = ({ first }: TaskLaunch): number => run.endNs[at]![first]!;
          const ended = own.map(endOf).sort((a, b) => a - b);
          let next = 0;
          for (const [number, launch] of own.entries()) {
            const { timeNs, first, requests } = launch;
            // First come, first served, each once, as many as wait but no more than the batch.
            expect(first).toBe(next);
            next += requests;
            const waiting = arrivals[at]!.filter((time) => time <= timeNs).length - first;
            expect(requests).toBeGreaterThan(0);
            // A request that arrives at the very moment may join a task or come too late for it.
            const surely = arrivals[at]!.filter((time) => time < timeNs).length - first;
            expect(requests).toBeGreaterThanOrEqual(Math.min(batch, Math.max(1, surely)));
            expect(requests).toBeLessThanOrEqual(Math.min(batch, waiting));
            // Launched as soon as it may be, and not before.
            const free = ended[number - concurrency] ?? 0;
            const last = number === 0 ? -Infinity : own[number - 1]!.timeNs + periodNs;
            const due = Math.max(arrivals[at]![first]!, last, free);
            expect(timeNs).toBeGreaterThanOrEqual(due - 1e-6 * Math.max(1, due));
            if (policy.inFlight === undefined) {
              expect(close(timeNs, due), `${timeNs} ${due}`).toBe(true);
            }
            // It takes at least its time alone, and all its requests are answered together.
            const { runs } = problem.models[at]!.variants[variant]!;
            const used = runs.find((one) => one.batch >= requests)!;
            expect(launch.batch).toBe(used.batch);
            const alone = profileNs(used.profile);
            expect(endOf(launch) - timeNs).toBeGreaterThanOrEqual(alone * (1 - 1e-6) - 1e-5);
            for (let request = first; request < first + requests; request++) {
              expect(run.launchNs[at]![request]).toBe(timeNs);
              expect(run.endNs[at]![request]).toBe(endOf(launch));
            }
            flights.push({ from: timeNs, to: endOf(launch) });
            done += used.profile.ns.reduce((sum, ns, i) => sum + ns * used.profile.share[i]!, 0);
          }
          expect(next).toBe(arrivals[at]!.length);
          expect(run.launches[at]).toBe(own.length);
          tasks += own.length;
          joint += own.filter(({ requests }) => requests > 1).length;
        }
        const cap = policy.inFlight ?? Infinity;
        for (const { from } of flights) {
          const inFlight = flights.filter((one) => one.from <= from && from < one.to).length;
          expect(inFlight).toBeLessThanOrEqual(cap);
        }
        // The work of all tasks is done, and no more than the device can do in that time.
        expect(close(run.doneNs.share, done)).toBe(true);
        const last = Math.max(...flights.map(({ to }) => to));
        const capacity = each.device.kind === "gpu" ? 1 : each.device.workers;
        expect(done).toBeLessThanOrEqual(last * capacity * (1 + 1e-9));
      }),
      { numRuns: 400 },
    );
    expect(tasks).toBeGreaterThan(2000);
    expect(joint).toBeGreaterThan(200);
  });

  it("keeps Little's law", () => {
    fc.assert(
      fc.property(arbitraryServing, (each) => {
        const { problem, policy, arrivals } = servingOf(each);
        const run = simulateServing(problem, arrivals, policy);
        for (const [at, arrival] of arrivals.entries()) {
          const end = run.endNs[at]!;
          const toNs = end.reduce((most, time) => Math.max(most, time), 0);
          const sum = end.reduce((total, time, i) => total + time - arrival[i]!, 0);
          expect(close(backlogOf(arrival, end, { fromNs: 0, toNs }).mean * toNs, sum)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("gives the same run however often it is looked at", () => {
    fc.assert(
      fc.property(arbitraryServing, fc.integer({ min: 1, max: 400 }), (each, step) => {
        const { problem, policy, arrivals } = servingOf(each);
        const whole = simulateServing(problem, arrivals, policy);
        const engine = new ServingEngine(problem, arrivals, policy);
        for (let time = step; time < 40 * step; time += step) {
          engine.advanceTo(time);
          expect(engine.nowNs).toBe(time);
          for (const [at] of problem.models.entries()) {
            const progress = engine.progressOf(at);
            expect(progress.length).toBe(engine.queues.inFlight[at]);
            expect(progress.every((share) => share >= 0 && share <= 1)).toBe(true);
          }
        }
        engine.advanceTo(Number.POSITIVE_INFINITY);
        expect(engine.queues.endNs).toEqual(whole.endNs);
        expect(engine.queues.launchNs).toEqual(whole.launchNs);
      }),
      { numRuns: 200 },
    );
  });
});
