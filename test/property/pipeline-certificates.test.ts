import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeArtifact, parseArtifact } from "../../src/artifact/artifact-format.js";
import type { PipelineSection } from "../../src/artifact/pipeline-section.js";
import { pipelineSectionOf } from "../../src/artifact/pipeline-section-of.js";
import { explainPipeline } from "../../src/report/pipeline-explanation.js";
import { PIPELINE_ALGORITHMS } from "../../src/schedule/pipeline-algorithm-names.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { verifyPipeline } from "../../src/verify/verify-pipeline.js";
import { randomPlacement } from "../support/placements.js";
import { trainingPlacement } from "../support/training-placements.js";

const SMALL = fc.oneof(
  randomPlacement({ maxDevices: 3, maxBlocks: 5 }),
  trainingPlacement({ maxStages: 2, maxDuration: 2 }),
);

/** As it comes back from the file. */
function written(pipeline: PipelineSection): PipelineSection {
  const provenance = { tool: "t", inputs: [], seed: 1, options: {} };
  const read = parseArtifact(encodeArtifact({ provenance, pipeline }), "s.json");
  if (!read.ok || read.value.pipeline === undefined) {
    throw new Error("an artifact reads what it wrote");
  }
  return read.value.pipeline;
}

describe("what algorithms say of their schedules", () => {
  it.each(PIPELINE_ALGORITHMS)("%s: verify can prove it, explain can account for it", (name) => {
    fc.assert(
      fc.property(SMALL, fc.integer({ min: 1, max: 4 }), (placement, microBatches) => {
        const found = searchPipeline(name, placement, microBatches);
        if (found.ok) {
          const pipeline = pipelineSectionOf(placement, found.value);
          const section = written(pipeline);
          const verified = verifyPipeline(section, "s.json");
          expect(verified.ok || verified.error).toBe(true);
          const explanation = explainPipeline(section, placement, 1);
          const { period, microBatchesPerPeriod } = section;
          const paper = period / microBatchesPerPeriod;
          expect(explanation?.leastPeriod).toBeLessThanOrEqual(paper);
          expect(explanation?.noise.mean).toBeGreaterThan(0.8 * (explanation?.leastPeriod ?? 0));
        }
      }),
      { numRuns: 25 },
    );
  });
});
