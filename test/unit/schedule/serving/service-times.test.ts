import { describe, expect, it } from "vitest";
import { serviceScale, spreadOf } from "../../../../src/schedule/serving/service-times.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import { modelOf, policyOf, problemOf, runOf } from "../../../support/serving.js";

describe("service times that vary", () => {
  it("have the mean of their quantiles", () => {
    // Evenly from 1 to 3, then a jump: the mean of (1 + 3) / 2 and (3 + 9) / 2.
    expect(spreadOf([1, 3, 9])).toEqual({ meanNs: 4, spread: [0.25, 0.75, 2.25] });
  });

  it("are drawn between the quantiles, the same for the same seed", () => {
    const { spread } = spreadOf([1, 3, 9]);
    const scale = serviceScale([spread, undefined], 2, 7);
    const drawn = Array.from({ length: 8000 }, (_, launch) => scale(0, 1, launch));
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0.25);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(2.25);
    const mean = drawn.reduce((sum, each) => sum + each, 0) / drawn.length;
    // The standard deviation of a draw is below 0.6: four of its mean's.
    expect(Math.abs(mean - 1)).toBeLessThan((4 * 0.6) / Math.sqrt(drawn.length));
    const below = drawn.filter((each) => each < 0.75).length / drawn.length;
    expect(Math.abs(below - 0.5)).toBeLessThan((4 * 0.5) / Math.sqrt(drawn.length));
    expect(serviceScale([spread], 2, 7)(0, 1, 5)).toBe(drawn[5]);
    expect(serviceScale([spread], 2, 8)(0, 1, 5)).not.toBe(drawn[5]);
    expect(scale(1, 1, 5)).toBe(1);
    expect(serviceScale([spread], 2, undefined)(0, 1, 5)).toBe(1);
  });

  it("make requests wait longer, as Pollaczek and Khinchine say", () => {
    // Half of the tasks take 0.2, half 1.8 of the mean: variance 0.64, less what lies between.
    const spread = [...new Array<number>(50).fill(0.2), ...new Array<number>(50).fill(1.8)];
    const run = { ...runOf(1, { ns: 1000 }), spread };
    const problem = problemOf([modelOf(run)]);
    const count = 200_000;
    const gap = 1000 / 0.6;
    let now = 0;
    let state = 12345;
    const arrivals = Float64Array.from({ length: count }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      now -= gap * Math.log((state + 1) / 2 ** 32);
      return now;
    });
    const { launchNs } = simulateServing(problem, [arrivals], policyOf([{}]), { seed: 3 });
    const wait = launchNs[0]!.reduce((sum, at, i) => sum + at - arrivals[i]!, 0) / count;
    const second = spread.reduce((sum, each) => sum + each ** 2, 0) / spread.length;
    const wanted = (0.6 * 1000 * second) / (2 * (1 - 0.6));
    expect(wait / wanted).toBeGreaterThan(0.93);
    expect(wait / wanted).toBeLessThan(1.07);
  });
});

describe("a CPU", () => {
  it("wakes a thread up for a task that did not wait for room", () => {
    const device = { kind: "cpu", workers: 2, slowdown: [1, 1], wakeNs: 5 } as const;
    const problem = problemOf([modelOf(runOf(1, { ns: 100 }))], device);
    const run = simulateServing(problem, [Float64Array.of(0, 10, 300)], policyOf([{}]));
    // The second is launched when the first ends, by a thread that is awake.
    expect([...run.endNs[0]!]).toEqual([105, 205, 405]);
  });

  it("slows each task down as was measured of it", () => {
    const device = { kind: "cpu", workers: 2, slowdown: [1, 1] } as const;
    const slow = { ...runOf(1, { ns: 100 }), contention: [1, 2] };
    const problem = problemOf([modelOf(slow), modelOf(runOf(1, { ns: 100 }))], device);
    const arrivals = [Float64Array.of(0), Float64Array.of(0)];
    const run = simulateServing(problem, arrivals, policyOf([{}, {}]));
    // Half as fast until the other ends at 100, then 50 that are left.
    expect([...run.endNs[0]!, ...run.endNs[1]!]).toEqual([150, 100]);
  });
});
