import { describe, expect, it } from "vitest";
import type { BlockInstance } from "../../../src/schedule/pipeline-schedule.js";
import { aheadOf } from "../../../src/schedule/pipeline-windows.js";

function at(block: number, microBatch: number, start: number, end: number): BlockInstance {
  return { block, microBatch, start, end, phase: "repetend" };
}

describe("aheadOf", () => {
  it("counts a micro-batch that ends as another begins as finished", () => {
    const instances = [at(0, 0, 0, 2), at(1, 0, 2, 4), at(0, 1, 4, 6), at(1, 1, 6, 8)];
    expect(aheadOf(instances, 0, 1)).toBe(1);
  });

  it("is two in a full pipeline of two stages", () => {
    const instances = [0, 1, 2, 3].flatMap((m) => [
      at(0, m, 2 * m, 2 * m + 2),
      at(1, m, 2 * m + 2, 2 * m + 4),
    ]);
    expect(aheadOf(instances, 0, 1)).toBe(2);
  });

  it("is all of them where the producer runs first", () => {
    const producer = [0, 1, 2].map((m) => at(0, m, m, m + 1));
    const consumer = [0, 1, 2].map((m) => at(1, m, 3 + m, 4 + m));
    expect(aheadOf([...producer, ...consumer], 0, 1)).toBe(3);
  });
});
