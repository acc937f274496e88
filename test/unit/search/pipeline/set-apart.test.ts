import { describe, expect, it } from "vitest";
import { limitMemory } from "../../../../src/placement/limit-memory.js";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../../src/placement/shapes/build-shape.js";
import { checkBound } from "../../../../src/schedule/check-bound.js";
import { aloneAtEnds, withoutBlocks } from "../../../../src/schedule/without-blocks.js";
import { searchPipeline } from "../../../../src/search/pipeline/algorithms.js";
import { periodBounds } from "../../../../src/search/pipeline/lower-bounds.js";
import { searchPeriod } from "../../../../src/search/pipeline/period-search.js";
import { setApart } from "../../../../src/search/pipeline/set-apart.js";

function shape(name: string, { memory, ...options }: ShapeOptions): Placement {
  const built = buildShape(name, options);
  const limited = built.ok ? limitMemory(built.value, name, memory) : built;
  if (!limited.ok) {
    throw new Error(limited.error[0].message);
  }
  return limited.value;
}

const M = shape("m", { devices: 4, memory: 3 });
const NN = shape("nn", { devices: 3, memory: 2 });

describe("setApart", () => {
  it("takes the spread blocks at the ends, and leaves those in between", () => {
    const ids = (placement: Placement) =>
      setApart(placement)?.beside.map((at) => placement.blocks[at]?.id);
    expect(ids(M)).toEqual(["f0", "b4"]);
    expect(ids(NN)).toEqual(["f0", "b4"]);
    expect(ids(shape("finetune", { devices: 4 }))).toEqual(["f0"]);
    expect(ids(shape("v", { devices: 4 }))).toBeUndefined();
    // Both spread blocks of K are in between and hold memory.
    expect(ids(shape("k", { devices: 4 }))).toBeUndefined();
    expect(setApart(M)?.placement.blocks.map(({ id }) => id)).toEqual(
      M.blocks.slice(1, -1).map(({ id }) => id),
    );
    for (const each of [M, NN]) {
      expect(aloneAtEnds(each)).toEqual(setApart(each)?.beside);
      expect(withoutBlocks(each, aloneAtEnds(each))).toMatchObject({ time: 2 });
    }
  });

  it("adds their time to what memory asks of the others", () => {
    // The V-shape in between holds 1 for 16, in a memory of 3.
    const [best] = periodBounds(M);
    expect(best).toMatchObject({ kind: "memory", numerator: 22, denominator: 3, beside: [0, 9] });
    const own = { ...best!, period: 8, microBatchesPerPeriod: 1 };
    expect(checkBound(M, own)).toEqual({
      kind: "proved",
      period: 8,
      each: { numerator: 22, denominator: 3 },
    });
    expect(checkBound(M, { ...own, period: 9 })).toMatchObject({
      problem: { kind: "too-high", proved: 8 },
    });
    const refused = (beside: readonly number[]) => checkBound(M, { ...own, beside });
    // It holds memory; it is not there; it is there twice.
    expect(refused([1])).toMatchObject({ problem: { kind: "not-beside", block: 1 } });
    expect(refused([0, 99])).toMatchObject({ problem: { kind: "not-beside", block: 99 } });
    expect(refused([0, 0])).toMatchObject({ problem: { kind: "not-beside", block: 0 } });
    // Without blocks beside others their path is longer, but not their time: 18 / 3.
    const { beside: _, ...alone } = own;
    expect(checkBound(M, { ...alone, period: 6 })).toMatchObject({ kind: "proved", period: 6 });
    expect(checkBound(M, alone)).toMatchObject({ problem: { kind: "too-high", proved: 6 } });
  });
});

describe("periods of shapes with spread blocks at the ends", () => {
  // Found by another program: no cycle of reachable configurations takes less.
  it("are proved where blocks may run ahead without end", () => {
    const found = searchPeriod(NN, { maxNodes: 100_000, seed: 1 });
    expect(found.status).toBe("optimal");
    expect(found.schedule).toMatchObject({ period: 22, microBatchesPerPeriod: 2 });
    expect(found.boundedBy).toMatchObject({ kind: "configurations", beside: [0, 9] });
    const { numerator, denominator } = found.lowerBound;
    const claim = {
      kind: "configurations" as const,
      blocks: [],
      period: 22,
      microBatchesPerPeriod: 2,
      each: { numerator, denominator },
      beside: [0, 9],
    };
    expect(checkBound(NN, claim)).toMatchObject({ kind: "proved", period: 22 });
    expect(checkBound(NN, { ...claim, beside: [0, 5] })).toMatchObject({
      problem: { kind: "not-beside", block: 5 },
    });
    const more = { ...claim, period: 23, each: { numerator: 23, denominator: 2 } };
    expect(checkBound(NN, more)).toMatchObject({ kind: "unproved", problem: { kind: "too-high" } });
  });
});

describe("whole schedules of shapes with spread blocks at the ends", () => {
  // M: 8 x 2, and the V-shape in between with memory 4 for 8 micro-batches, which 1F1B runs in 4 x 8 + 12.
  // NN, MLLM: the makespans that CP-SAT found nothing shorter than.
  it.each([
    ["m", { devices: 4, memory: 4 }, 60],
    ["nn", { devices: 4 }, 76],
    ["mllm", { devices: 4 }, 76],
    ["finetune", { devices: 4, memory: 4 }, 41],
  ] as const)("%s %o, 8 micro-batches: %i, proved", (name, options, makespan) => {
    const found = searchPipeline("top-compile", shape(name, options), 8, {
      seed: 1,
      maxNodes: 50_000,
    });
    expect(found).toMatchObject({
      value: { whole: { makespan }, makespanLowerBound: makespan, makespanStatus: "optimal" },
    });
  });
});
