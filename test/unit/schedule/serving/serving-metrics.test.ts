import { describe, expect, it } from "vitest";
import {
  backlogOf,
  fairness,
  servingMetrics,
} from "../../../../src/schedule/serving/serving-metrics.js";

const SECOND = 1e9;
const at = (...seconds: readonly number[]) => Float64Array.from(seconds, (each) => each * SECOND);

describe("servingMetrics", () => {
  const run = {
    arrivalNs: [at(0, 1, 2, 3, 9)],
    launchNs: [at(0, 2, 2, 4, 9)],
    endNs: [at(2, 4, 4, 5, 10)],
    launches: [4],
    doneNs: { share: 0, arithmetic: 0, bandwidth: 0 },
    events: 0,
  };

  it("counts those that arrive in the span, and answers in it", () => {
    const metrics = servingMetrics(run, 0, 2 * SECOND, { fromNs: SECOND, toNs: 5 * SECOND });
    expect(metrics).toEqual({
      requests: 3,
      // Answers at 2, 4 and 4 s in four seconds; that at 5 is no longer in the span.
      throughput: 0.75,
      goodput: 0.5,
      late: 1 / 3,
      shed: 0,
      latencyNs: {
        mean: (7 / 3) * SECOND,
        p50: 2 * SECOND,
        p90: 2.8 * SECOND,
        p95: 2.9 * SECOND,
        p99: 2.98 * SECOND,
        p999: 2.998 * SECOND,
        max: 3 * SECOND,
      },
      waitNs: (2 / 3) * SECOND,
      batch: 1.5,
      backlog: expect.anything() as unknown,
    });
  });

  it("of no requests is nothing", () => {
    const none = servingMetrics(run, 0, undefined, { fromNs: 6 * SECOND, toNs: 8 * SECOND });
    expect(none).toMatchObject({ requests: 0, late: 0, goodput: 0, latencyNs: { p99: 0 } });
  });
});

describe("backlogOf", () => {
  it("is the mean, the height and the slope of the steps", () => {
    // 1 in [0, 2), 2 in [2, 4): mean 1.5; slope 12 / 4^3 * (1 * -1 * 2 + 2 * 1 * 2) = 3 / 8.
    const backlog = backlogOf(at(0, 2), at(9, 9), { fromNs: 0, toNs: 4 * SECOND });
    expect(backlog.mean).toBeCloseTo(1.5, 12);
    expect(backlog.slope).toBeCloseTo(3 / 8, 12);
    expect(backlog.max).toBe(2);
  });

  it("looks at the span alone", () => {
    const backlog = backlogOf(at(0, 1, 5), at(3, 8, 9), { fromNs: 2 * SECOND, toNs: 4 * SECOND });
    expect(backlog.mean).toBeCloseTo(1.5, 12);
    expect(backlog.max).toBe(2);
  });
});

describe("fairness", () => {
  it("is 1 for equal shares, 1 / n for one that has all", () => {
    expect(fairness([2, 2, 2])).toBe(1);
    expect(fairness([0, 5, 0, 0])).toBe(0.25);
    expect(fairness([0, 0])).toBe(1);
  });
});
