import { describe, expect, it } from "vitest";
import { buildShape } from "../../../../src/placement/shapes/build-shape.js";
import { verifyPeriodicSchedule } from "../../../../src/schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../../../src/search/pipeline/algorithms.js";
import { tesselSchedule } from "../../../../src/search/pipeline/reference/tessel.js";

/** Shape, mode, micro-batches in the repetend, memory; the period that the reference finds. */
const CASES: readonly (readonly [string, "train" | "infer", number, number, number])[] = [
  ["v", "train", 2, 2, 8],
  ["v", "train", 3, 3, 8],
  ["v", "train", 4, 4, 4],
  ["v", "infer", 4, 4, 1],
  ["m", "train", 4, 4, 8],
  ["m", "infer", 4, 4, 2],
  ["m", "infer", 5, 4, 2],
  ["k", "train", 3, 3, 6],
  ["k", "infer", 2, 4, 2],
  ["x", "infer", 3, 4, 2],
  ["nn", "infer", 6, 4, 3],
  ["m", "train", 5, 4, 7],
  ["m", "train", 5, 5, 7],
  ["m", "train", 6, 6, 6],
  ["k", "train", 3, 6, 6],
  ["x", "train", 3, 4, 8],
  ["nn", "train", 6, 6, 8],
  ["nn-eager", "train", 6, 6, 8],
  ["nn-eager", "infer", 6, 4, 3],
  ["mllm", "train", 6, 6, 8],
  ["finetune", "train", 4, 6, 5],
  ["finetune", "train", 6, 6, 4],
  ["alphafold", "train", 4, 6, 6],
];

describe("tessel", () => {
  it.each(CASES)("%s %s, %i in the repetend, memory %i: period %i", (...row) => {
    const [name, mode, inRepetend, memory, period] = row;
    const built = buildShape(name, { devices: 4, mode, memory });
    if (!built.ok) {
      throw new Error(built.error[0].message);
    }
    const options = { inRepetend, maxNodes: 1_000_000, maxPartNodes: 1000 };
    const found = tesselSchedule(built.value, 12, options);
    expect(found?.periodic.period).toBe(period);
    expect(verifyPeriodicSchedule(built.value, found!.periodic)).toEqual([]);
    expect(verifyPipelineSchedule(built.value, found!.whole)).toEqual([]);
  });
});

describe("limits", () => {
  it("the nodes given to a search limit tessel", () => {
    const built = buildShape("m", { devices: 4, memory: 6 });
    const periodWith = (maxNodes: number): number | undefined => {
      const found = built.ok ? searchPipeline("tessel", built.value, 12, { maxNodes }) : built;
      return found.ok ? found.value.periodic.period : undefined;
    };
    expect(periodWith(300)).toBeGreaterThan(6);
    expect(periodWith(1_000_000)).toBe(6);
  });

  it("a placement with more blocks than it can look at is refused", () => {
    const built = buildShape("v", { devices: 121 });
    const found = built.ok ? searchPipeline("tessel", built.value, 8) : built;
    expect(found.ok ? undefined : found.error[0].code).toBe("too-many-blocks");
  });
});
