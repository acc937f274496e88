import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildShape } from "../../src/placement/shapes/build-shape.js";
import { simulatePipeline } from "../../src/schedule/simulate-pipeline.js";
import { verifyPipelineSchedule } from "../../src/schedule/verify-pipeline-schedule.js";
import { shortestByStates } from "../../src/search/pipeline/states/shortest-by-states.js";
import { leastMakespan } from "../support/brute-force-pipeline.js";
import { randomPlacement } from "../support/placements.js";

const TINY = randomPlacement({ maxDevices: 3, maxBlocks: 3, maxDuration: 3, maxLatency: 2 });
const ENOUGH = 1_000_000;

describe("shortest by states", () => {
  it("is what trying all orders finds, or says that there is none", () => {
    fc.assert(
      fc.property(TINY, fc.integer({ min: 1, max: 2 }), (placement, microBatches) => {
        const least = leastMakespan(placement, microBatches);
        const limits = { below: 1000, choices: ENOUGH };
        const { whole, isProved } = shortestByStates(placement, microBatches, limits);
        expect(isProved).toBe(true);
        expect(whole?.makespan ?? Number.POSITIVE_INFINITY).toBe(least);
      }),
      { numRuns: 200 },
    );
  });

  // Least makespans by CP-SAT of OR-Tools 9.15, proved by it.
  it.each([
    ["v", 4, 3, 8, 52],
    ["v", 4, 3, 16, 96],
    ["finetune", 4, 4, 8, 41],
  ] as const)("%s on %i devices, memory %i: %i micro-batches take %i", (...row) => {
    const [name, devices, memory, microBatches, makespan] = row;
    const built = buildShape(name, { devices, memory });
    if (!built.ok) {
      throw new Error("the shape is not built");
    }
    const ask = (below: number) =>
      shortestByStates(built.value, microBatches, { below, choices: ENOUGH });
    const { whole, isProved } = ask(makespan * 2);
    expect([whole?.makespan, isProved]).toEqual([makespan, true]);
    expect(ask(makespan)).toMatchObject({ whole: undefined, isProved: true });
    const peaks = simulatePipeline(built.value, whole!).map(({ peakMemory }) => peakMemory);
    expect(Math.max(...peaks)).toBeLessThanOrEqual(memory);
    expect(verifyPipelineSchedule(built.value, whole!)).toEqual([]);
  });

  it("proves nothing when its choices are used up", () => {
    const built = buildShape("v", { devices: 4, memory: 3 });
    const answer = built.ok && shortestByStates(built.value, 8, { below: 100, choices: 50 });
    expect(answer).toMatchObject({ whole: undefined, isProved: false, choices: 50 });
  });
});
