import { describe, expect, it } from "vitest";
import { knobsFor, type Reaction, takenBy } from "../../../../src/schedule/serving/reaction.js";
import type { LauncherPolicy } from "../../../../src/schedule/serving/serving-model.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import { modelOf, policyOf, problemOf, runOf } from "../../../support/serving.js";

const STILL: Reaction = { steps: [], fill: 0, dueNs: 0, atLeast: 1, busy: 0, holdNs: 0 };

describe("reactions", () => {
  /**
   * A task of one request takes the whole device for 100, one of two to four for 250; answers are due within 350. First
   * five requests come at once; much later three, and two more 160 after them.
   *
   * No policy that stays the same has all in time. When five come the first is launched by itself, if no period holds it
   * up. Only if the other four then leave together and next are all in time, at 100 + 250; so the batch is four, their
   * launch is no later than 100, and no second one leaves by itself before: with one task in flight, or with a period of
   * more than 0. When three come two of them then take 250 just so, until 350. Of the two that came at 160 the second
   * leaves at 350 or behind another, and is answered at 550 or later: after 390.
   *
   * If only full batches leave, five come and go as before. Of three each leaves by itself, until 300, and so do the two:
   * they are answered at 400 and 500, after 240 and 340.
   */
  it("have all requests in time where no policy that stays the same can", () => {
    const problem = problemOf([modelOf(runOf(1, { ns: 100 }), runOf(4, { ns: 250 }))]);
    const arrivals = [Float64Array.of(0, 0, 0, 0, 0, 1e4, 1e4, 1e4, 1e4 + 160, 1e4 + 160)];
    const lateUnder = (policy: LauncherPolicy): number => {
      const run = simulateServing(problem, arrivals, policy);
      const latency = run.endNs[0]!.map((end, at) => end - arrivals[0]![at]!);
      return latency.filter((took) => took > 350).length;
    };
    const full = { batch: 4, reaction: { ...STILL, fill: 1 } };
    expect(lateUnder(policyOf([full]))).toBe(0);
    for (let periodNs = 0; periodNs <= 400; periodNs++) {
      for (const batch of [1, 2, 3, 4]) {
        for (const concurrency of [1, 2, 3, 4, 5]) {
          const policy = policyOf([{ periodNs, batch, concurrency }]);
          expect(lateUnder(policy), JSON.stringify(policy)).toBeGreaterThan(0);
        }
      }
    }
  });

  it("launch the model first whose request is due first", () => {
    const problem = problemOf([modelOf(runOf(1, { ns: 100 })), modelOf(runOf(1, { ns: 100 }))]);
    const arrivals = [Float64Array.of(0, 10), Float64Array.of(20)];
    const endsFor = (...dueNs: readonly number[]): number[][] => {
      const models = dueNs.map((each) => ({ reaction: { ...STILL, dueNs: each } }));
      return simulateServing(problem, arrivals, policyOf(models, 1)).endNs.map((each) =>
        Array.from(each),
      );
    };
    expect(endsFor(0, 0)).toEqual([[100, 200], [300]]);
    expect(endsFor(1000, 190)).toEqual([[100, 300], [200]]);
    expect(endsFor(9, 0)).toEqual([[100, 200], [300]]);
  });

  it("take the knobs of the last step that is reached", () => {
    const knobs = { periodNs: 0, batch: 1, concurrency: 1, variant: 0 };
    const steps = [
      { waiting: 2, ...knobs, batch: 2 },
      { waiting: 5, ...knobs, concurrency: 3 },
    ];
    const policy = { ...knobs, reaction: { ...STILL, steps } };
    const found = [1, 2, 4, 5, 99].map((waiting) => knobsFor(policy, waiting));
    expect(found).toEqual([policy, steps[0], steps[0], steps[1], steps[1]]);
  });

  it("take the next smaller batch where a batch would not be filled", () => {
    const runs = [1, 4, 8].map((batch) => runOf(batch, { ns: 10 }));
    const knobs = { periodNs: 0, batch: 8, concurrency: 1, variant: 0 };
    const taken = (fill: number, batch: number) =>
      [1, 2, 3, 4, 5, 6, 8, 20].map((waiting) =>
        takenBy({ ...knobs, reaction: { ...STILL, fill } }, runs, batch, waiting),
      );
    expect(taken(0, 8)).toEqual([1, 2, 3, 4, 5, 6, 8, 8]);
    // Three quarters of 4 are 3, of 8 are 6.
    expect(taken(0.75, 8)).toEqual([1, 1, 3, 4, 4, 6, 8, 8]);
    expect(taken(1, 8)).toEqual([1, 1, 1, 4, 4, 4, 8, 8]);
    expect(taken(1, 4)).toEqual([1, 1, 1, 4, 4, 4, 4, 4]);
  });

  it("hold a task for others while tasks are in flight, but no longer than the first may wait", () => {
    const problem = problemOf([
      modelOf(runOf(1, { ns: 100 }), runOf(2, { ns: 100 })),
      modelOf(runOf(1, { ns: 1000 })),
    ]);
    const reaction = { ...STILL, atLeast: 2, busy: 1, holdNs: 70 };
    const policy = policyOf([{ batch: 2, concurrency: 4, reaction }, {}]);
    const arrivals = [Float64Array.of(0, 500, 540, 600), Float64Array.of(0)];
    const run = simulateServing(problem, arrivals, policy);
    // Nothing is in flight at 0. The second leaves with the third, when that comes; the fourth waits for 70.
    expect(Array.from(run.launchNs[0]!)).toEqual([0, 540, 540, 670]);
  });
});
