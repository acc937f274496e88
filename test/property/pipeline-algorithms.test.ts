import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeArtifact, parseArtifact } from "../../src/artifact/artifact-format.js";
import { pipelineSectionOf } from "../../src/artifact/pipeline-section-of.js";
import { readPlacement } from "../../src/placement/parse-placement.js";
import { FAMILIES } from "../../src/schedule/family-names.js";
import { isInOrder } from "../../src/schedule/in-order.js";
import { PIPELINE_ALGORITHMS } from "../../src/schedule/pipeline-algorithm-names.js";
import { unrollPeriodic } from "../../src/schedule/unroll-periodic.js";
import { verifyPeriodicSchedule } from "../../src/schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { makespanBound } from "../../src/search/pipeline/path-bounds.js";
import { randomPlacement } from "../support/placements.js";

const COUNT = fc.integer({ min: 1, max: 6 });

describe("pipeline algorithms", () => {
  it.each(PIPELINE_ALGORITHMS)("%s gives right schedules or says why not", (algorithm) => {
    const seen = { found: 0, refused: 0 };
    fc.assert(
      fc.property(randomPlacement(), COUNT, (placement, microBatches) => {
        const result = searchPipeline(algorithm, placement, microBatches, { maxNodes: 20_000 });
        if (!result.ok) {
          seen.refused++;
          expect(result.error[0].code).toMatch(
            /^(no-schedule-found|repetend-exceeds-memory|family-)/,
          );
          return;
        }
        seen.found++;
        const { whole, periodic, periodLowerBound, makespanLowerBound } = result.value;
        expect(verifyPipelineSchedule(placement, whole)).toEqual([]);
        expect(verifyPeriodicSchedule(placement, periodic)).toEqual([]);
        expect(whole.microBatches).toBe(microBatches);
        expect(isInOrder(whole)).toBe(true);
        expect(isInOrder(unrollPeriodic(placement, periodic, 20))).toBe(true);
        expect(periodic.period).toBeGreaterThanOrEqual(periodLowerBound);
        expect(whole.makespan).toBeGreaterThanOrEqual(makespanLowerBound);
      }),
      { numRuns: 150 },
    );
    const isFamily = (FAMILIES as readonly string[]).includes(algorithm);
    // Families rarely fit a random placement; test/unit/search/pipeline/families.test.ts covers them.
    expect(isFamily ? seen.found + seen.refused : seen.found).toBeGreaterThan(75);
  });

  it("quick is never worse than either of its two", () => {
    fc.assert(
      fc.property(randomPlacement(), COUNT, (placement, microBatches) => {
        const perMicroBatch = (name: "quick" | "modulo" | "greedy"): number => {
          const result = searchPipeline(name, placement, microBatches);
          return result.ok
            ? result.value.periodic.period / result.value.periodic.microBatchesPerPeriod
            : Number.POSITIVE_INFINITY;
        };
        const best = Math.min(perMicroBatch("modulo"), perMicroBatch("greedy"));
        expect(perMicroBatch("quick")).toBe(best);
      }),
      { numRuns: 100 },
    );
  });

  it("the makespan bound is met by one micro-batch of a chain", () => {
    fc.assert(
      fc.property(randomPlacement({ maxDevices: 1, limits: false }), (placement) => {
        const result = searchPipeline("greedy", placement, 1);
        const whole = result.ok ? result.value.whole.makespan : 0;
        expect(makespanBound(placement, 1)).toBeLessThanOrEqual(whole);
      }),
    );
  });

  it("what was found survives the artifact, with its placement", () => {
    fc.assert(
      fc.property(randomPlacement(), COUNT, (placement, microBatches) => {
        const result = searchPipeline("quick", placement, microBatches);
        if (!result.ok) {
          return;
        }
        const pipeline = pipelineSectionOf(placement, result.value);
        const provenance = { tool: "t", inputs: [], seed: 1, options: {} };
        const text = encodeArtifact({ provenance, pipeline });
        const read = parseArtifact(text, "s.json");
        expect(read.ok && encodeArtifact(read.value)).toBe(text);
        expect(readPlacement(read.ok && read.value.pipeline?.placement)).toEqual({
          ok: true,
          value: placement,
        });
      }),
      { numRuns: 100 },
    );
  });
});
