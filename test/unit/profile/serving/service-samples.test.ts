import { describe, expect, it } from "vitest";
import { paceOf, quantilesOf, tasksOf } from "../../../../src/profile/serving/service-samples.js";

/** Tasks every 10 ns in each of so many sessions, which take 7. */
const steady = (count: number, sessions: number) =>
  Array.from({ length: count }, (_, at) => {
    const launchNs = 10 * Math.floor(at / sessions) + (at % sessions);
    return { launchNs, endNs: launchNs + 7 };
  });

describe("service times", () => {
  it("are one for each task, of requests that were answered", () => {
    const launchNs = [Float64Array.of(0, 0, 5, 9)];
    const endNs = [Float64Array.of(4, 4, 8, -1)];
    expect(tasksOf({ launchNs, endNs })).toEqual([
      { launchNs: 0, endNs: 4 },
      { launchNs: 5, endNs: 8 },
    ]);
  });

  it("have the pace of a session, whatever one disturbance does", () => {
    expect(paceOf(steady(101, 1), 1)).toBe(10);
    const tasks = steady(101, 1);
    const late = tasks.map(({ launchNs, endNs }, at) => {
      const by = at < 60 ? 0 : 5000;
      return { launchNs: launchNs + by, endNs: endNs + by };
    });
    expect(paceOf(late, 1)).toBe(10);
    expect(Math.abs(paceOf(steady(400, 2), 2) - 10)).toBeLessThanOrEqual(1);
  });

  it("have quantiles from the least to the largest", () => {
    // From the task of number n - 1 to the next it is n.
    const tasks = Array.from({ length: 127 }, (_, at) => {
      return { launchNs: (at * (at + 1)) / 2, endNs: 0 };
    });
    // The first fifth is left out: 26 to 126 are 101 samples.
    expect(quantilesOf(tasks)).toEqual(Array.from({ length: 101 }, (_, at) => 26 + at));
  });
});
