import { describe, expect, it } from "vitest";
import { buildShape } from "../../../../src/placement/shapes/build-shape.js";
import { searchPipeline } from "../../../../src/search/pipeline/algorithms.js";

/** Shape, devices, memory, period per micro-batch, makespan of 16: never above the reference's. */
const CASES: readonly (readonly [string, number, number, number, number])[] = [
  ["v", 4, 4, 4, 76],
  ["v", 4, 3, 16 / 3, 96],
  ["m", 4, 6, 6, 108],
  ["k", 4, 6, 6, 100],
  ["x", 4, 6, 8, 135],
  ["nn", 4, 6, 8, 140],
  ["nn-eager", 4, 6, 8, 140],
  ["mllm", 4, 6, 8, 140],
  ["v", 8, 8, 4, 92],
  ["zb-h", 4, 8, 3, 54],
];

describe("quick", () => {
  it.each(CASES)("%s on %i devices with memory %i: %d per micro-batch, %i for 16", (...row) => {
    const [name, devices, memory, period, makespan] = row;
    const built = buildShape(name, { devices, memory });
    const found = built.ok ? searchPipeline("quick", built.value, 16) : built;
    if (!found.ok) {
      throw new Error(found.error[0].message);
    }
    const { periodic, whole } = found.value;
    expect(periodic.period / periodic.microBatchesPerPeriod).toBe(period);
    expect(whole.makespan).toBe(makespan);
  });
});
