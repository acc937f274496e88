import { describe, expect, it } from "vitest";
import { capacityOf } from "../../../src/launcher/capacity.js";
import {
  type CapacityProblem,
  capacityProblemOf,
} from "../../../src/schedule/serving/capacity-problem.js";
import { capacityBound } from "../../../src/schedule/serving/check-capacity.js";
import type { ServingDevice } from "../../../src/schedule/serving/serving-model.js";
import { modelOf, problemOf, QUIET_GPU, runOf } from "../../support/serving.js";

const MS = 1e6;

/** The bound is outside of the exact value, by no more than its data are rounded; the mix attains it. */
function expectCapacity(problem: CapacityProblem, exact: number): void {
  const { atMost, attained } = capacityOf(problem);
  expect(atMost).toBeGreaterThanOrEqual(exact);
  expect(atMost / exact - 1).toBeLessThan(1e-9);
  expect(attained).toBeLessThanOrEqual(atMost);
  expect(atMost / attained - 1).toBeLessThan(1e-6);
}

describe("the capacity", () => {
  it("of tasks that fill the device is one second a second", () => {
    const models = [modelOf(runOf(1, { ns: 2 * MS })), modelOf(runOf(1, { ns: 5 * MS }))];
    // 100 x 2 ms and 20 x 5 ms are 0.3 s.
    expectCapacity(capacityProblemOf(problemOf(models), [100, 20]), 1 / 0.3);
  });

  it("takes the batch that is cheapest for a request", () => {
    const model = modelOf(runOf(1, { ns: MS }), runOf(4, { ns: 2 * MS }), runOf(8, { ns: 5 * MS }));
    const capacity = capacityOf(capacityProblemOf(problemOf([model]), [100]));
    expectCapacity(capacityProblemOf(problemOf([model]), [100]), 20);
    expect(capacity.mix.launches.map((each) => each > 0)).toEqual([false, true, false]);
  });

  it("of tasks with one in flight is their time alone, with several what they share", () => {
    const model = modelOf(runOf(1, { ns: 4 * MS, share: 0.25, arithmetic: 0.4, bandwidth: 0.1 }));
    const of = (concurrency: number) => capacityProblemOf(problemOf([model]), [100], [concurrency]);
    expectCapacity(of(1), 2.5);
    expectCapacity(of(2), 5);
    // Three would fit by room, but use 1.2 of the arithmetic: 1 / (0.4 x 0.004 x 100).
    expectCapacity(of(3), 6.25);
    expectCapacity(of(9), 6.25);
  });

  it("counts the gaps of a task as time in flight, and not as use", () => {
    const model = modelOf(runOf(1, { ns: MS }, { ns: 3 * MS, share: 0 }));
    const of = (concurrency: number) => capacityProblemOf(problemOf([model]), [100], [concurrency]);
    expectCapacity(of(1), 2.5);
    expectCapacity(of(2), 5);
    expectCapacity(of(4), 10);
    expectCapacity(of(5), 10);
  });

  it("mixes variants that use different things", () => {
    // By arithmetic alone or by bandwidth alone a request needs 10 ms of one resource; half of each is twice as much.
    const uses = [{ arithmetic: 1 }, { bandwidth: 1 }];
    const model = {
      name: "m",
      residentBytes: 0,
      variants: uses.map((use, at) => ({
        name: `v${at}`,
        runs: [runOf(1, { ns: 10 * MS, share: 0.1, ...use })],
      })),
    };
    expectCapacity(capacityProblemOf(problemOf([model]), [100]), 2);
  });

  it("loses what neighbors cost", () => {
    const device: ServingDevice = {
      kind: "gpu",
      interference: { arithmetic: 0.25, mixed: 0.5, bandwidth: 0.3 },
    };
    const model = modelOf(runOf(1, { ns: MS, share: 0.01 }));
    // k tasks progress by k / (1 + (k - 1) / 4) seconds a second.
    for (const [tasks, exact] of [
      [1, 1],
      [2, 1.6],
      [3, 2],
      [5, 2.5],
    ] as const) {
      expectCapacity(capacityProblemOf(problemOf([model], device), [1000], [tasks]), exact);
    }
  });

  it("of a CPU is threads at the speed that they have together", () => {
    const cpu: ServingDevice = { kind: "cpu", workers: 4, slowdown: [1, 1.25, 2, 4] };
    const one = modelOf(runOf(1, { ns: 10 * MS }));
    // Threads supply 1, 1.6, 1.5 and 1: two of them are best.
    expectCapacity(capacityProblemOf(problemOf([one], cpu), [100]), 1.6);
    const four = modelOf(runOf(1, { ns: 4 * MS, share: 4 }));
    expectCapacity(capacityProblemOf(problemOf([four], cpu), [100], [1]), 1.6 / 1.6);
  });

  it("is proved by its prices, and by no others that promise less", () => {
    const models = [
      modelOf(runOf(1, { ns: 2 * MS, share: 0.5, bandwidth: 0.9 })),
      modelOf(runOf(1, { ns: 5 * MS, share: 0.9, bandwidth: 0.1 })),
    ];
    const problem = capacityProblemOf(problemOf(models, QUIET_GPU), [200, 50]);
    const { prices, atMost } = capacityOf(problem);
    expect(capacityBound(problem, prices)).toBe(atMost);
    const halved = prices.map((price) => price / 2);
    expect(capacityBound(problem, halved)).toBe(atMost);
    for (const [at] of prices.entries()) {
      const dearer = prices.map((price, i) => (i === at ? price + 0.5 : price));
      expect(capacityBound(problem, dearer)).toBeGreaterThanOrEqual(atMost * (1 - 1e-9));
    }
    expect(
      capacityBound(
        problem,
        prices.map(() => 0),
      ),
    ).toBe(Number.POSITIVE_INFINITY);
  });
});
