import { describe, expect, it } from "vitest";
import { limitMemory } from "../../../../src/placement/limit-memory.js";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../../src/placement/shapes/build-shape.js";
import { isTooShort } from "../../../../src/schedule/check-makespan.js";
import { leastWhole } from "../../../../src/search/pipeline/makespan/least-whole.js";
import { ThetaTree } from "../../../../src/search/pipeline/makespan/theta-tree.js";
import { makespanBound } from "../../../../src/search/pipeline/path-bounds.js";

function shape(name: string, { memory, ...options }: ShapeOptions): Placement {
  const built = buildShape(name, options);
  const limited = built.ok ? limitMemory(built.value, name, memory) : built;
  if (!limited.ok) {
    throw new Error(limited.error[0].message);
  }
  return limited.value;
}

function boundOf(placement: Placement, microBatches: number, high: number): number {
  const low = makespanBound(placement, microBatches);
  return leastWhole(placement, microBatches, { low, high, maxWork: 1e7 });
}

const UNEQUAL = { forward: 20, backward: 18, weight: 9 };
const CHUNKS = { chunks: 2, forward: 1, backward: 2 };

describe("leastWhole", () => {
  // Least makespans by CP-SAT, which proved them; `simple` is what loads and longest paths say.
  it.each([
    ["v", { devices: 4, memory: 3 }, 8, 44, 52],
    ["v", { devices: 4, memory: 3 }, 16, 76, 96],
    ["v", { devices: 8, forward: 1, backward: 2, memory: 7 }, 16, 69, 75],
    ["v", { devices: 8, forward: 1, backward: 2, memory: 5 }, 16, 69, 96],
    ["zb-h", { devices: 8, memory: 8, latency: 1, ...UNEQUAL }, 8, 523, 593],
    ["zb-h", { devices: 8, memory: 8, latency: 1, ...UNEQUAL }, 16, 899, 983],
    ["zb-v", { devices: 8, memory: 16, latency: 2, ...UNEQUAL }, 8, 906, 962],
    [
      "interleaved-1f1b",
      { devices: 8, memory: 10, chunks: 2, forward: 2, backward: 4 },
      12,
      186,
      236,
    ],
  ] as const)(
    "%s %o, %i micro-batches: at least %i, and in truth %i",
    (name, options, count, simple, least) => {
      const placement = shape(name, options);
      expect(makespanBound(placement, count)).toBe(simple);
      expect(boundOf(placement, count, 2 * least)).toBe(least);
      expect(isTooShort(placement, count, least - 1)).toBe(true);
      expect(isTooShort(placement, count, least)).toBe(false);
    },
  );

  // The same, where some of the way stays open.
  it.each([
    ["x", { devices: 8, memory: 8 }, 8, 76, 82],
    ["zb-v", { devices: 8, memory: 8 }, 8, 55, 71],
    ["interleaved-1f1b", { devices: 4, memory: 5, ...CHUNKS }, 8, 57, 75],
    ["interleaved-1f1b", { devices: 4, memory: 6, ...CHUNKS }, 8, 57, 65],
  ] as const)(
    "%s %o, %i micro-batches: at least half of the way from %i to %i",
    (name, options, count, simple, least) => {
      const placement = shape(name, options);
      const bound = boundOf(placement, count, 2 * least);
      expect(bound).toBeLessThanOrEqual(least);
      expect(bound).toBeGreaterThanOrEqual((simple + least) / 2);
      expect(isTooShort(placement, count, bound - 1)).toBe(true);
    },
  );

  it("keeps to its work, and to what is known", () => {
    const placement = shape("v", { devices: 4, memory: 3 });
    const bound = (low: number, high: number, maxWork: number): number =>
      leastWhole(placement, 16, { low, high, maxWork });
    expect(bound(76, 200, 0)).toBe(76);
    expect(bound(76, 96, 1e6)).toBe(96);
    expect(bound(76, 80, 1e6)).toBe(80);
    expect(bound(76, 200, 1)).toBeLessThanOrEqual(bound(76, 200, 1e6));
    expect(bound(76, Number.POSITIVE_INFINITY, 1e6)).toBe(76);
    // More pairs of instances than `verify` would look at.
    expect(leastWhole(placement, 2000, { low: 8012, high: 8013, maxWork: 1e6 })).toBe(8012);
  });
});

describe("ThetaTree", () => {
  it("tells when jobs that may be interrupted can have ended", () => {
    const tree = new ThetaTree(3);
    expect(tree.end).toBe(Number.NEGATIVE_INFINITY);
    tree.insert(1, 1, 3);
    expect(tree.end).toBe(4);
    tree.insert(0, 0, 2);
    expect(tree.end).toBe(5);
    tree.insert(2, 9, 1);
    expect(tree.end).toBe(10);
    tree.clear(1);
    expect(tree.end).toBe(Number.NEGATIVE_INFINITY);
    tree.insert(0, 7, 1);
    expect(tree.end).toBe(8);
  });
});
