import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildShape } from "../../../src/placement/shapes/build-shape.js";
import { earliestStarts } from "../../../src/schedule/earliest-starts.js";
import { leastMakespan } from "../../../src/schedule/least-makespan.js";
import { leastMakespan as bruteForce } from "../../support/brute-force-pipeline.js";
import { randomPlacement } from "../../support/placements.js";

const TINY = randomPlacement({ maxDevices: 3, maxBlocks: 3, maxDuration: 3, maxLatency: 2 });

describe("leastMakespan", () => {
  it.each([
    [1, 16],
    [16, 76],
  ])("of %i micro-batches of the V-shape is %i", (microBatches, makespan) => {
    const built = buildShape("v", { devices: 4 });
    expect(built.ok && leastMakespan(built.value, microBatches)).toBe(makespan);
  });

  it("is never above what brute force finds, and often the same", () => {
    let same = 0;
    fc.assert(
      fc.property(TINY, fc.integer({ min: 1, max: 2 }), (placement, microBatches) => {
        const [bound, least] = [
          leastMakespan(placement, microBatches),
          bruteForce(placement, microBatches),
        ];
        expect(bound).toBeLessThanOrEqual(least);
        same += bound === least ? 1 : 0;
      }),
      { numRuns: 60 },
    );
    expect(same).toBeGreaterThan(20);
  });
});

describe("earliestStarts", () => {
  it("meets every dependency and leaves nothing that could start earlier", () => {
    fc.assert(
      fc.property(randomPlacement({ maxBlocks: 10 }), (placement) => {
        const { blocks, dependencies } = placement;
        const starts = earliestStarts(placement, new Float64Array(blocks.length));
        for (const block of blocks.keys()) {
          const before = dependencies
            .filter(({ to }) => to === block)
            .map(({ from, latency }) => starts[from]! + blocks[from]!.duration + latency);
          expect(starts[block]).toBe(Math.max(0, ...before));
        }
      }),
    );
  });
});
