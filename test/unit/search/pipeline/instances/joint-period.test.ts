import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withoutOverlaps } from "../../../../../src/placement/overlaps.js";
import type { Placement } from "../../../../../src/placement/placement.js";
import { buildShape } from "../../../../../src/placement/shapes/build-shape.js";
import { deviceLoads } from "../../../../../src/schedule/pipeline-metrics.js";
import { verifyPeriodicSchedule } from "../../../../../src/schedule/verify-periodic-schedule.js";
import { searchPipeline } from "../../../../../src/search/pipeline/algorithms.js";
import { jointPeriod } from "../../../../../src/search/pipeline/instances/joint-period.js";
import { overlappingPlacement } from "../../../../support/overlapping-placements.js";

/** Two opposite chains; every forward can go beside any input gradient of its device, in the time of one. */
function dualPipe(devices: number): Placement {
  const built = buildShape("dualpipe", { devices, memory: devices + 1 });
  if (!built.ok) {
    throw new Error(JSON.stringify(built.error));
  }
  const { blocks } = built.value;
  const at = (kind: string): readonly number[] =>
    blocks.flatMap((block, position) => (block.kind === kind ? [position] : []));
  const overlaps = at("forward").flatMap((forward) =>
    at("backward")
      .filter((backward) => blocks[backward]!.devices[0] === blocks[forward]!.devices[0])
      .map((backward) => ({ blocks: [forward, backward] as const, duration: 1 })),
  );
  return { ...built.value, overlaps };
}

describe("blocks that overlap", () => {
  // DualPipe's order of 20 and 40 micro-batches, half of them in each direction, run with these times.
  it.each([
    [4, 10, 46],
    [8, 10, 52],
    [8, 20, 92],
  ])("on %i devices take no longer for %i pairs than DualPipe, %i", (devices, pairs, published) => {
    const placement = dualPipe(devices);
    const found = searchPipeline("top-compile", placement, pairs, { maxNodes: 2000 });
    expect(found.ok && found.value.whole.makespan).toBeLessThanOrEqual(published);
    // Two forwards and two input gradients at once, and two weight gradients of 1: no period is shorter.
    const { period = 0, microBatchesPerPeriod = 1 } = found.ok ? found.value.periodic : {};
    expect(period / microBatchesPerPeriod).toBe(4);
    expect(found.ok && found.value.status).toBe("optimal");
  });

  it("go together in a period that holds, shorter than apart", () => {
    let found = 0;
    fc.assert(
      fc.property(overlappingPlacement(), fc.nat(), (placement, seed) => {
        const schedule = jointPeriod(placement, seed);
        if (schedule === undefined) {
          return;
        }
        found++;
        expect(verifyPeriodicSchedule(placement, schedule)).toEqual([]);
        const [apart, least] = [withoutOverlaps(placement), placement].map((each) =>
          Math.max(...deviceLoads(each)),
        );
        expect(schedule.period).toBeLessThan(apart!);
        expect(schedule.period).toBeGreaterThanOrEqual(least!);
        expect(jointPeriod(placement, seed)).toEqual(schedule);
      }),
      { numRuns: 60 },
    );
    expect(found).toBeGreaterThan(10);
  });

  it("have no such period without overlaps, nor where more than overlaps is not plain", () => {
    const placement = dualPipe(4);
    expect(jointPeriod(withoutOverlaps(placement), 1)).toBeUndefined();
    expect(jointPeriod({ ...placement, lengths: [1, 2] }, 1)).toBeUndefined();
  });
});
