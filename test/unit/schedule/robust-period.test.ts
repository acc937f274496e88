import { describe, expect, it } from "vitest";
import type { Placement } from "../../../src/placement/placement.js";
import { buildShape } from "../../../src/placement/shapes/build-shape.js";
import type { PeriodicSchedule } from "../../../src/schedule/pipeline-schedule.js";
import { noisyPeriod, rankByNoisyPeriod } from "../../../src/schedule/robust-period.js";
import { verifyPeriodicSchedule } from "../../../src/schedule/verify-periodic-schedule.js";
import { searchPipeline } from "../../../src/search/pipeline/algorithms.js";

/** `a` on device 0, then `b` on device 1; a joint block would tie the devices together. */
const chain: Placement = {
  timeUnit: "step",
  devices: [
    { name: "d0", memory: undefined },
    { name: "d1", memory: undefined },
  ],
  blocks: ["a", "b", "c"].map((id, at) => ({
    id,
    kind: "forward",
    devices: [at % 2],
    duration: at === 1 ? 4 : 2,
    memory: 0,
    workspace: 0,
    operators: [],
  })),
  dependencies: [
    { from: 0, to: 1, latency: 0 },
    { from: 1, to: 2, latency: 0 },
  ],
  memoryRelease: "end",
};

function scheduleOf(...times: readonly number[]): PeriodicSchedule {
  const repetend = times.map((time, block) => {
    return { block, residue: 0, offset: time % 4, shift: Math.floor(time / 4) };
  });
  return { period: 4, microBatchesPerPeriod: 1, repetend };
}

const tight = scheduleOf(0, 2, 6);
const slack = scheduleOf(0, 6, 14);

describe("noisyPeriod", () => {
  it("is the period without noise", () => {
    for (const schedule of [tight, slack]) {
      expect(verifyPeriodicSchedule(chain, schedule)).toEqual([]);
      const still = noisyPeriod(chain, schedule, { seed: 1, spread: 0 });
      expect(still.mean).toBeCloseTo(4, 12);
      expect(still.p95).toBeCloseTo(4, 12);
    }
  });

  it("is that of the devices alone at best, and more for a tight order", () => {
    const loose = noisyPeriod(chain, slack, { seed: 1 });
    const close = noisyPeriod(chain, tight, { seed: 1 });
    expect(loose.mean).toBeGreaterThan(3.95);
    expect(loose.mean).toBeLessThan(close.mean);
    expect(loose.p95).toBeLessThan(close.p95);
    expect(close.p95).toBeLessThan(4.4);
  });

  it("is the load on average where only one device works", () => {
    const devices = chain.devices.slice(0, 1);
    const blocks = chain.blocks.map((block) => ({ ...block, devices: [0] }));
    const alone = { ...chain, devices, blocks };
    const repetend = [0, 2, 6].map((offset, block) => ({ block, residue: 0, offset, shift: 0 }));
    const right: PeriodicSchedule = { period: 8, microBatchesPerPeriod: 1, repetend };
    expect(verifyPeriodicSchedule(alone, right)).toEqual([]);
    const { mean, p95 } = noisyPeriod(alone, right, { seed: 1 });
    expect(mean).toBeGreaterThan(7.95);
    expect(mean).toBeLessThan(8.05);
    expect(p95).toBeGreaterThan(mean);
    expect(noisyPeriod(alone, right, { seed: 1, spread: 0.4 }).p95).toBeGreaterThan(p95);
  });

  it("depends on the seed and on nothing else", () => {
    const once = noisyPeriod(chain, tight, { seed: 7 });
    expect(noisyPeriod(chain, tight, { seed: 7 })).toEqual(once);
    expect(noisyPeriod(chain, tight, { seed: 8 })).not.toEqual(once);
  });

  it("counts several micro-batches per period one by one", () => {
    const built = buildShape("v", { devices: 4, memory: 4 });
    if (!built.ok) {
      throw new Error("v is a shape");
    }
    const found = searchPipeline("1f1b", built.value, 16);
    if (!found.ok) {
      throw new Error("1f1b fits");
    }
    const one = found.value.periodic;
    const two: PeriodicSchedule = {
      period: 2 * one.period,
      microBatchesPerPeriod: 2,
      repetend: [0, 1].flatMap((residue) =>
        one.repetend.map(({ block, offset, shift }) => {
          const time = offset + (shift + residue) * one.period;
          const period = 2 * one.period;
          return { block, residue, offset: time % period, shift: Math.floor(time / period) };
        }),
      ),
    };
    expect(verifyPeriodicSchedule(built.value, two)).toEqual([]);
    const [a, b] = [one, two].map((s) => noisyPeriod(built.value, s, { seed: 3 }));
    expect(b?.mean).toBeCloseTo(a?.mean ?? 0, 1);
  });
});

describe("rankByNoisyPeriod", () => {
  it("puts the schedule that bears noise first, whatever the order given", () => {
    for (const candidates of [
      [tight, slack],
      [slack, tight],
    ]) {
      const ranked = rankByNoisyPeriod(chain, candidates, { seed: 1 });
      expect(ranked.map(({ schedule }) => schedule)).toEqual([slack, tight]);
      expect(ranked[0]?.noisy).toEqual(noisyPeriod(chain, slack, { seed: 1 }));
    }
  });

  it("keeps the given order of equal ones", () => {
    const again = { ...tight };
    const ranked = rankByNoisyPeriod(chain, [again, tight], { seed: 1 });
    expect(ranked[0]?.schedule).toBe(again);
  });
});
