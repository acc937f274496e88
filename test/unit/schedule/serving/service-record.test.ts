import { describe, expect, it } from "vitest";
import {
  drawnTimes,
  meanOfRecord,
  recordFor,
  type ServiceRecord,
} from "../../../../src/schedule/serving/service-record.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import { modelOf, policyOf, problemOf, runOf } from "../../../support/serving.js";

/** Usual tasks of 10 and 30; in the middle of ten two slow ones. */
const RECORD: ServiceRecord = {
  sessions: 2,
  wakeNs: 5,
  tasks: 10,
  usualNs: [10, 30],
  slowAt: [4, 5],
  slowNs: [500, 700],
};

describe("a record of successive tasks", () => {
  it("has the mean of all tasks", () => {
    expect(meanOfRecord(RECORD)).toBe((8 * 20 + 500 + 700) / 10);
  });

  it("is gone through in its order, from a position that the seed draws", () => {
    const times = drawnTimes(2, 7);
    const drawn = Array.from({ length: 8000 }, (_, launch) => times(RECORD, 1, launch));
    const first = drawn.indexOf(500);
    // Slow tasks come together, every tenth launch.
    expect(drawn.slice(first).filter((_, at) => at % 10 === 0)).toEqual(
      new Array(Math.ceil((8000 - first) / 10)).fill(500),
    );
    expect(drawn[first + 1]).toBe(700);
    const usual = drawn.filter((each) => each < 500);
    expect(usual).toHaveLength(6400);
    expect(new Set(usual)).toEqual(new Set([10, 30]));
    // Half of them are 10: four standard deviations of their share.
    const share = usual.filter((each) => each === 10).length / usual.length;
    expect(Math.abs(share - 0.5)).toBeLessThan((4 * 0.5) / Math.sqrt(usual.length));
    expect(drawnTimes(2, 7)(RECORD, 1, 5)).toBe(drawn[5]);
    expect(Array.from(drawn, (_, launch) => times(RECORD, 0, launch))).not.toEqual(drawn);
  });

  it("counts for as many sessions as it was taken with, the next beyond", () => {
    const records = [1, 2, 4].map((sessions) => ({ ...RECORD, sessions }));
    expect([1, 2, 3, 4, 9].map((each) => recordFor(records, each).sessions)).toEqual([
      1, 2, 4, 4, 4,
    ]);
  });

  it("makes requests wait longer, as Pollaczek and Khinchine say", () => {
    // Half of the tasks take 0.2, half 1.8 of the mean.
    const record = { ...RECORD, tasks: 1, usualNs: [200, 1800], slowAt: [], slowNs: [], wakeNs: 0 };
    const run = { ...runOf(1, { ns: 1000 }), records: [record] };
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
    const second = (0.2 ** 2 + 1.8 ** 2) / 2;
    const wanted = (0.6 * 1000 * second) / (2 * (1 - 0.6));
    expect(wait / wanted).toBeGreaterThan(0.93);
    expect(wait / wanted).toBeLessThan(1.07);
  });
});

describe("a CPU", () => {
  it("wakes a thread up for a task that did not wait for room", () => {
    const device = { kind: "cpu", workers: 2, slowdown: [1, 1] } as const;
    const problem = problemOf([modelOf({ ...runOf(1, { ns: 100 }), records: [RECORD] })], device);
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
