import { describe, expect, it } from "vitest";
import { paceOf, tasksOf } from "../../../../src/profile/serving/service-samples.js";

/** Tasks every 10 ns in each of so many sessions, which take 7. */
const steady = (count: number, sessions: number) =>
  Array.from({ length: count }, (_, at) => {
    const launchNs = 10 * Math.floor(at / sessions) + (at % sessions);
    return { arrivalNs: 0, launchNs, endNs: launchNs + 7 };
  });

describe("service times", () => {
  it("are one for each task, of requests that were answered", () => {
    const launchNs = [Float64Array.of(0, 0, 5, 9)];
    const endNs = [Float64Array.of(4, 4, 8, -1)];
    const arrivalNs = [Float64Array.of(0, 0, 3, 4)];
    expect(tasksOf({ arrivalNs, launchNs, endNs })).toEqual([
      { arrivalNs: 0, launchNs: 0, endNs: 4 },
      { arrivalNs: 3, launchNs: 5, endNs: 8 },
    ]);
  });

  it("have the pace of a session, whatever one disturbance does", () => {
    expect(paceOf(steady(101, 1), 1)).toBe(10);
    const tasks = steady(101, 1);
    const late = tasks.map(({ arrivalNs, launchNs, endNs }, at) => {
      const by = at < 60 ? 0 : 5000;
      return { arrivalNs, launchNs: launchNs + by, endNs: endNs + by };
    });
    expect(paceOf(late, 1)).toBe(10);
    expect(Math.abs(paceOf(steady(400, 2), 2) - 10)).toBeLessThanOrEqual(1);
  });
});
