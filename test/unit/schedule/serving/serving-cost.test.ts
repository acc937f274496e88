import { describe, expect, it } from "vitest";
import { servingCost } from "../../../../src/schedule/serving/serving-cost.js";

const SPAN = { fromNs: 0, toNs: 1000 };

/** One request a nanosecond, each answered after its latency; -1: it is refused after 1 ns. */
function runOf(latencies: readonly number[]) {
  const arrivalNs = [Float64Array.from(latencies, (_, at) => at)];
  return {
    arrivalNs,
    endNs: [Float64Array.from(latencies, (ns, at) => at + (ns < 0 ? 1 : ns))],
    isRefused: [Uint8Array.from(latencies, (ns) => (ns < 0 ? 1 : 0))],
  };
}

describe("what a run costs", () => {
  it("is the share that is late and a hundredth of the 99th percentile over the objective", () => {
    // 101 requests of 1 ... 101 ns: the percentile is the 100th of them; 51 take more than 50.
    const latencies = Array.from({ length: 101 }, (_, at) => at + 1);
    expect(servingCost(runOf(latencies), [50], SPAN)).toBeCloseTo(51 / 101 + 0.01 * (100 / 50), 12);
    // In time at the objective itself.
    expect(servingCost(runOf([50, 50]), [50], SPAN)).toBeCloseTo(0.01, 12);
  });

  it("counts a refused request as one that took twice its objective, not in time", () => {
    expect(servingCost(runOf([-1]), [10], SPAN)).toBeCloseTo(1 + 0.02, 12);
    const waited = { ...runOf([70]), isRefused: [Uint8Array.of(1)] };
    expect(servingCost(waited, [10], SPAN)).toBeCloseTo(1 + 0.07, 12);
  });

  it("is the mean over models of their own requests, and counts those of the span alone", () => {
    const [one, other] = [runOf([10, 10, 10, 10]), runOf([90])];
    const run = {
      arrivalNs: [...one.arrivalNs, ...other.arrivalNs],
      endNs: [...one.endNs, ...other.endNs],
    };
    expect(servingCost(run, [100, 30], SPAN)).toBeCloseTo((0.001 + 1 + 0.03) / 2, 12);
    expect(servingCost(run, [100, 30], { fromNs: 1, toNs: 1000 })).toBeCloseTo(0.001 / 2, 12);
  });

  it("grows with a request that is not answered yet", () => {
    const run = { ...runOf([5, 5]), endNs: [Float64Array.of(5, -1)] };
    const costs = [1, 20, 21, 50].map((now) => servingCost(run, [20], SPAN, now));
    const tail = (longer: number) => 0.01 * ((5 + 0.99 * (longer - 5)) / 20);
    // Latencies of 5 and of 0, 19, 20 and 49.
    expect(costs[0]).toBeCloseTo((0.01 * 0.99 * 5) / 20, 12);
    expect(costs[1]).toBeCloseTo(tail(19), 12);
    expect(costs[2]).toBeCloseTo(tail(20), 12);
    expect(costs[3]).toBeCloseTo(0.5 + tail(49), 12);
  });
});
