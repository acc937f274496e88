import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../../src/placement/placement.js";
import { makespanInOrder, periodInOrder } from "../../../src/schedule/pipeline-pace.js";
import type { PeriodicSchedule } from "../../../src/schedule/pipeline-schedule.js";
import { unrollPeriodic } from "../../../src/schedule/unroll-periodic.js";
import { searchPipeline } from "../../../src/search/pipeline/algorithms.js";
import { chainPlacement } from "../../support/chain-placements.js";

/** `a` on device 0, `b` on device 1, `c` on device 0 again, one after the other. */
function placementWith(a: number, b: number, c: number, latency = 0): Placement {
  const block = (id: string, device: number, duration: number) => ({
    id,
    kind: "forward" as const,
    devices: [device],
    duration,
    memory: 0,
    workspace: 0,
    operators: [],
  });
  return {
    timeUnit: "step",
    devices: ["d0", "d1"].map((name) => ({ name, memory: undefined })),
    blocks: [block("a", 0, a), block("b", 1, b), block("c", 0, c)],
    dependencies: [
      { from: 0, to: 1, latency },
      { from: 1, to: 2, latency },
    ],
    memoryRelease: "end",
  };
}

/** Period 4 with a (2), b (4), c (2): c of the micro-batch before runs between two a. */
const ORDER: PeriodicSchedule = {
  period: 4,
  microBatchesPerPeriod: 1,
  repetend: [
    { block: 0, residue: 0, offset: 0, shift: 0 },
    { block: 1, residue: 0, offset: 2, shift: 0 },
    { block: 2, residue: 0, offset: 2, shift: 1 },
  ],
};

describe("the pace of an order", () => {
  it("is that of its longest cycle with the times at hand", () => {
    expect(periodInOrder(placementWith(2, 4, 2), ORDER)).toBe(4);
    // Device 0 has 3 + 3.
    expect(periodInOrder(placementWith(3, 4, 3), ORDER)).toBe(6);
    // Device 1 alone.
    expect(periodInOrder(placementWith(2, 9, 2), ORDER)).toBe(9);
    // a, b and c of a micro-batch, with both latencies, in two repetitions: c follows the next a. 2 + 5 + 4 + 5 + 2 over 1
    // of the cycle c -> a (distance 1 - 0) closed by a -> b -> c (distance 1): 18 in 2.
    expect(periodInOrder(placementWith(2, 4, 2, 5), ORDER)).toBe(9);
    // 19 in 2 repetitions, rounded up.
    expect(periodInOrder(placementWith(2, 5, 2, 5), ORDER)).toBe(10);
  });

  it("ends a whole schedule when its last block does", () => {
    const whole = unrollPeriodic(placementWith(2, 4, 2), ORDER, 2);
    // a0 2, b0 6, c0 behind a1: 8; b1 10, c1 12.
    expect(makespanInOrder(placementWith(2, 4, 2), whole)).toBe(12);
    // a0 3, a1 6, b0 7, c0 10, b1 11, c1 14.
    expect(makespanInOrder(placementWith(3, 4, 3), whole)).toBe(14);
    // a0 2, b0 at 3 to 7, c0 at 8 to 10; b1 at 7 to 11, c1 at 12 to 14.
    expect(makespanInOrder(placementWith(2, 4, 2, 1), whole)).toBe(14);
  });

  it("is never slower than the schedule, and as many times as slow as its times are long", () => {
    fc.assert(
      fc.property(chainPlacement(), fc.integer({ min: 2, max: 9 }), (placement, times) => {
        const found = searchPipeline("quick", placement, 4, { seed: 1 });
        if (!found.ok) {
          return;
        }
        const { periodic, whole } = found.value;
        const period = periodInOrder(placement, periodic);
        const makespan = makespanInOrder(placement, whole);
        expect(period).toBeLessThanOrEqual(periodic.period);
        expect(makespan).toBeLessThanOrEqual(whole.makespan);
        const slow: Placement = {
          ...placement,
          blocks: placement.blocks.map((each) => ({ ...each, duration: each.duration * times })),
          dependencies: placement.dependencies.map((each) => ({
            ...each,
            latency: each.latency * times,
          })),
        };
        expect(makespanInOrder(slow, whole)).toBe(makespan * times);
        expect(Math.ceil(periodInOrder(slow, periodic) / times)).toBe(period);
      }),
      { numRuns: 100 },
    );
  });
});
