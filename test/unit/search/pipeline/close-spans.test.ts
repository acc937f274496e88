import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../../src/placement/shapes/build-shape.js";
import {
  objectiveFloor,
  objectiveValue,
  spansOf,
} from "../../../../src/schedule/pipeline-objectives.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../../../src/search/pipeline/algorithms.js";
import { closeSpans } from "../../../../src/search/pipeline/makespan/close-spans.js";
import { randomPlacement } from "../../../support/placements.js";

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
    expect(shorter).toBeGreaterThan(10);
  });
});
