import { describe, expect, it } from "vitest";
import { limitMemory } from "../../../../src/placement/limit-memory.js";
import { buildShape } from "../../../../src/placement/shapes/build-shape.js";
import { verifyPeriodicSchedule } from "../../../../src/schedule/verify-periodic-schedule.js";
import { foundOf } from "../../../../src/search/pipeline/found-period.js";
import { periodOfWhole } from "../../../../src/search/pipeline/period-of-whole.js";
import { searchPeriod } from "../../../../src/search/pipeline/period-search.js";
import { WorkLimit } from "../../../../src/search/pipeline/work-limit.js";

function zeroBubble(memory: number) {
  const built = buildShape("zb-h", { devices: 8, forward: 1, backward: 1, weight: 1 });
  const limited = built.ok ? limitMemory(built.value, "zb-h", memory) : built;
  if (!limited.ok) {
    throw new Error(limited.error[0].message);
  }
  return limited.value;
}

describe("periodOfWhole", () => {
  it("finds groups that close up, which orders of up to four do not have", () => {
    const placement = zeroBubble(5);
    const known = searchPeriod(placement, { maxNodes: 20_000, seed: 1, maxMicroBatches: 1 });
    expect(known.schedule).toMatchObject({ period: 4, microBatchesPerPeriod: 1 });
    const { nodes, schedule } = searchPeriod(placement, { maxNodes: 100_000, seed: 1 });
    expect(nodes).toBeLessThanOrEqual(100_000);
    expect(schedule && verifyPeriodicSchedule(placement, schedule)).toEqual([]);
    // 15 for 4 were found by another program, 3.75 for each.
    expect(schedule!.period / schedule!.microBatchesPerPeriod).toBeLessThan(15 / 4);
  });

  it("does no more work than it is given, and gives nothing where nothing gets better", () => {
    const placement = zeroBubble(8);
    const { schedule } = searchPeriod(placement, { maxNodes: 20_000, seed: 1 });
    expect(schedule).toMatchObject({ period: 3 });
    const work = new WorkLimit(2000, undefined);
    expect(periodOfWhole(placement, foundOf(placement, schedule!), work, 1)).toBeUndefined();
    expect(work.spent).toBeGreaterThan(0);
  });
});
