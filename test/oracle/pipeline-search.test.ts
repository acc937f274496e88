import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildShape } from "../../src/placement/shapes/build-shape.js";
import { PIPELINE_ALGORITHMS } from "../../src/schedule/pipeline-algorithm-names.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { makespanBound } from "../../src/search/pipeline/path-bounds.js";
import { leastMakespan, leastPeriod } from "../support/brute-force-pipeline.js";
import { randomPlacement } from "../support/placements.js";

const TINY = randomPlacement({ maxDevices: 3, maxBlocks: 3, maxDuration: 3, maxLatency: 1 });

describe("brute force", () => {
  // Least makespans that the reference's exact solver found for one and two micro-batches.
  it.each([
    ["v", 2, 1, 8],
    ["v", 2, 2, 12],
    ["v", 3, 1, 12],
    ["m", 2, 1, 10],
  ] as const)("%s on %i devices: %i micro-batches take %i", (name, devices, count, makespan) => {
    const built = buildShape(name, { devices });
    expect(built.ok && leastMakespan(built.value, count)).toBe(makespan);
  });

  it.each([
    ["v", 2, undefined, 4],
    ["v", 2, 1, 8],
    ["m", 2, undefined, 6],
  ] as const)("%s on %i devices with memory %s has period %i", (name, devices, memory, period) => {
    const built = buildShape(name, { devices, ...(memory === undefined ? {} : { memory }) });
    expect(built.ok && leastPeriod(built.value, 12, 2)).toBe(period);
  });
});

describe("pipeline algorithms against brute force", () => {
  it("no makespan is below the least one, and no bound above it", () => {
    fc.assert(
      fc.property(TINY, fc.integer({ min: 1, max: 2 }), (placement, microBatches) => {
        const least = leastMakespan(placement, microBatches);
        expect(makespanBound(placement, microBatches)).toBeLessThanOrEqual(least);
        for (const algorithm of PIPELINE_ALGORITHMS) {
          const found = searchPipeline(algorithm, placement, microBatches);
          if (found.ok) {
            expect(found.value.whole.makespan).toBeGreaterThanOrEqual(least);
            expect(found.value.makespanStatus === "optimal" ? least : 0).toBe(
              found.value.makespanStatus === "optimal" ? found.value.whole.makespan : 0,
            );
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("no period with one micro-batch is below the least one, and no bound above it", () => {
    let checked = 0;
    fc.assert(
      fc.property(TINY, (placement) => {
        const found = searchPipeline("modulo", placement, 4);
        if (found.ok) {
          checked++;
          const { period } = found.value.periodic;
          const least = leastPeriod(placement, period, 2);
          expect(least).toBeLessThanOrEqual(period);
          expect(found.value.periodLowerBound).toBeLessThanOrEqual(least);
        }
      }),
      { numRuns: 60 },
    );
    expect(checked).toBeGreaterThan(20);
  });
});
