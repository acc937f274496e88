import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pipelineSectionOf } from "../../../../src/artifact/pipeline-section-of.js";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../../src/placement/shapes/build-shape.js";
import { isSpanBound } from "../../../../src/schedule/check-spans.js";
import {
  objectiveFloor,
  objectiveValue,
  spansOf,
} from "../../../../src/schedule/pipeline-objectives.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../../../src/search/pipeline/algorithms.js";
import { closeSpans } from "../../../../src/search/pipeline/makespan/close-spans.js";
import { spanBound } from "../../../../src/search/pipeline/makespan/span-bound.js";
import { verifyPipeline } from "../../../../src/verify/verify-pipeline.js";
import { randomPlacement } from "../../../support/placements.js";
import { trainingPlacement } from "../../../support/training-placements.js";

function shape(name: string, options: ShapeOptions): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

describe("spans of devices", () => {
  it("go from the first start to the last end", () => {
    // 1F1B on two devices, forward 1, backward 3: f0 f1 on d0, f0 b0 f1 b1 on d1 from 1 to 9, b1 ends on d0 at 12.
    const placement = shape("v", { devices: 2 });
    const found = searchPipeline("1f1b", placement, 2);
    if (!found.ok) {
      throw new Error(found.error[0].message);
    }
    const { whole } = found.value;
    expect(spansOf(placement, whole)).toEqual([12, 8]);
    expect(objectiveValue("makespan", placement, whole)).toBe(12);
    expect(objectiveValue("span", placement, whole)).toBe(12);
    expect(objectiveValue("bubble", placement, whole)).toBe(4);
    expect(objectiveFloor("span", placement, 2)).toBe(8);
    expect(objectiveFloor("bubble", placement, 2)).toBe(0);
  });

  it("are as short as zero-bubble schedules of four devices can have them: the load, nowhere idle", () => {
    const placement = shape("zb-h", { devices: 4, forward: 2, backward: 2, weight: 2 });
    for (const objective of ["span", "bubble"] as const) {
      const found = searchPipeline("top-compile", placement, 12, { objective });
      if (!found.ok) {
        throw new Error(found.error[0].message);
      }
      expect(objectiveValue(objective, placement, found.value.whole)).toBe(
        objective === "span" ? 72 : 0,
      );
      expect(found.value.objective).toBe(objective);
      expect(verifyPipelineSchedule(placement, found.value.whole)).toEqual([]);
    }
  });

  it("are bounded by what the memory of a device lets it begin, and verify proves that again", () => {
    // With memory for one, device 0 of two waits 4 for every micro-batch, where its load is 2.
    const built = shape("v", { devices: 2, forward: 1, backward: 1 });
    const devices = built.devices.map((each) => ({ ...each, memory: 1 }));
    const placement: Placement = { ...built, devices };
    const found = searchPipeline("top-compile", placement, 6, { objective: "span" });
    if (!found.ok) {
      throw new Error(found.error[0].message);
    }
    expect(found.value.objectiveLowerBound).toBe(24);
    expect(objectiveValue("span", placement, found.value.whole)).toBe(24);
    expect(isSpanBound(placement, 6, "span", 24)).toBe(true);
    expect(isSpanBound(placement, 6, "span", 25)).toBe(false);
    const section = pipelineSectionOf(placement, found.value);
    const notes = (lowerBound: number) => {
      const objective = { kind: "span" as const, value: 24, lowerBound };
      const verified = verifyPipeline({ ...section, objective }, "s.json");
      return verified.ok ? verified.value.notes : verified.error.map(({ message }) => message);
    };
    expect(notes(24)).toEqual([]);
    expect(notes(25)).toEqual(["the span 24 is below its bound 25"]);
    expect(notes(11)).toEqual(["the bound 11 of the span is less than loads prove, 12"]);
  });

  it("have bounds that no schedule is below, which verify proves again", () => {
    const seen = { all: 0, better: 0 };
    fc.assert(
      fc.property(
        fc.oneof(randomPlacement({ maxBlocks: 6 }), trainingPlacement({ maxStages: 3 })),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom("span" as const, "bubble" as const),
        (placement, count, objective) => {
          for (const name of ["quick", "1f1b"] as const) {
            const found = searchPipeline(name, placement, count);
            if (found.ok) {
              const { whole } = found.value;
              const closed = closeSpans(placement, whole, objective);
              const value = objectiveValue(objective, placement, closed);
              const bound = spanBound(placement, closed, objective, 1e6);
              expect(bound).toBeLessThanOrEqual(value);
              expect(isSpanBound(placement, count, objective, bound)).toBe(true);
              expect(isSpanBound(placement, count, objective, value + 1)).toBe(false);
              // Of a worse schedule too, which says only how far to ask.
              expect(spanBound(placement, whole, objective, 1e6)).toBeLessThanOrEqual(value);
              seen.all++;
              seen.better += bound > objectiveFloor(objective, placement, count) ? 1 : 0;
            }
          }
        },
      ),
      { numRuns: 100 },
    );
    expect(seen.better).toBeGreaterThan(seen.all / 10);
  });

  it("are never longer than before, nor shorter than the load, in a right schedule", () => {
    let shorter = 0;
    fc.assert(
      fc.property(
        randomPlacement(),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom("span" as const, "bubble" as const),
        (placement, count, objective) => {
          const found = searchPipeline("quick", placement, count);
          if (!found.ok) {
            return;
          }
          const { whole } = found.value;
          const closed = closeSpans(placement, whole, objective);
          const [before, after] = [whole, closed].map((each) =>
            objectiveValue(objective, placement, each),
          );
          expect(verifyPipelineSchedule(placement, closed)).toEqual([]);
          expect(after).toBeLessThanOrEqual(before ?? 0);
          expect(after).toBeGreaterThanOrEqual(objectiveFloor(objective, placement, count));
          shorter += (after ?? 0) < (before ?? 0) ? 1 : 0;
        },
      ),
      { numRuns: 150 },
    );
    expect(shorter).toBeGreaterThan(3);
  });
});
