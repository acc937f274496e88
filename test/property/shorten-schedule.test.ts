import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { verifyPipelineSchedule } from "../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { shortenSchedule } from "../../src/search/pipeline/makespan/shorten-schedule.js";
import { leastMakespan } from "../support/brute-force-pipeline.js";
import { randomPlacement } from "../support/placements.js";

const TINY = randomPlacement({ maxDevices: 3, maxBlocks: 3, maxDuration: 3, maxLatency: 1 });

describe("shortening any schedule", () => {
  it("gives a right schedule within memory that is not longer", () => {
    let shorter = 0;
    fc.assert(
      fc.property(
        randomPlacement(),
        fc.integer({ min: 1, max: 6 }),
        fc.integer(),
        fc.constantFrom("modulo", "greedy", "tessel"),
        (placement, count, seed, algorithm) => {
          const found = searchPipeline(algorithm as "modulo", placement, count);
          if (found.ok) {
            const { whole } = found.value;
            const after = shortenSchedule(placement, whole, { maxNodes: 2000, seed });
            expect(verifyPipelineSchedule(placement, after)).toEqual([]);
            expect(after.instances.length).toBe(whole.instances.length);
            expect(after.makespan).toBeLessThanOrEqual(whole.makespan);
            shorter += after.makespan < whole.makespan ? 1 : 0;
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(shorter).toBeGreaterThan(30);
  });

  it("is never below the least makespan, and mostly there", () => {
    const seen = { all: 0, least: 0 };
    fc.assert(
      fc.property(TINY, fc.integer({ min: 1, max: 2 }), (placement, count) => {
        const found = searchPipeline("greedy", placement, count);
        if (found.ok) {
          const options = { maxNodes: 2000, seed: 1 };
          const { makespan } = shortenSchedule(placement, found.value.whole, options);
          const least = leastMakespan(placement, count);
          expect(makespan).toBeGreaterThanOrEqual(least);
          seen.all++;
          seen.least += makespan === least ? 1 : 0;
        }
      }),
      { numRuns: 100 },
    );
    expect(seen.least / seen.all).toBeGreaterThan(0.9);
  });
});
