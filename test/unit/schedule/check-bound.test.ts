import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Block, Placement } from "../../../src/placement/placement.js";
import { buildShape } from "../../../src/placement/shapes/build-shape.js";
import { type BoundClaim, checkBound } from "../../../src/schedule/check-bound.js";
import { periodBounds } from "../../../src/search/pipeline/lower-bounds.js";
import { leastPeriodOf } from "../../support/brute-force-period.js";
import { randomPlacement } from "../../support/placements.js";
import { trainingPlacement } from "../../support/training-placements.js";

function shape(name: string, options: Parameters<typeof buildShape>[1]): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

const V = shape("v", { devices: 4, memory: 3 });
const at = (id: string): number => V.blocks.findIndex((block) => block.id === id);

function claim(change: Partial<BoundClaim>): BoundClaim {
  const blocks = [at("f0"), at("b3")];
  return { kind: "memory", device: 0, blocks, period: 6, microBatchesPerPeriod: 1, ...change };
}

/** Three blocks that share devices two by two, on three devices. */
function triangle(memory?: number): Placement {
  const block = (id: string, devices: readonly number[]): Block => {
    return { id, kind: "other", devices, duration: 2, memory: 0, workspace: 0, operators: [] };
  };
  return {
    timeUnit: "step",
    devices: ["d0", "d1", "d2"].map((name) => ({ name, memory })),
    blocks: [block("a", [0, 1]), block("b", [1, 2]), block("c", [0, 2])],
    dependencies: [],
    memoryRelease: "end",
  };
}

describe("checkBound", () => {
  it("proves a load, and not more than the load", () => {
    const load = claim({ kind: "load", period: 4 });
    expect(checkBound(V, load)).toMatchObject({ kind: "proved", period: 4 });
    expect(checkBound(V, { ...load, period: 12, microBatchesPerPeriod: 3 })).toMatchObject({
      kind: "proved",
      period: 12,
    });
    expect(checkBound(V, { ...load, period: 5 })).toEqual({
      kind: "unproved",
      problem: { kind: "too-high", claimed: 5, proved: 4 },
    });
  });

  it("proves by memory what Little's law gives, for each number of micro-batches", () => {
    expect(checkBound(V, claim({}))).toMatchObject({ kind: "proved", period: 6 });
    expect(checkBound(V, claim({ period: 16, microBatchesPerPeriod: 3 }))).toMatchObject({
      kind: "proved",
      period: 16,
    });
    expect(checkBound(V, claim({ period: 7 }))).toMatchObject({
      problem: { kind: "too-high", proved: 6 },
    });
  });

  it("proves by recurrence what no one device shows", () => {
    const all = claim({ kind: "recurrence", blocks: [0, 1, 2], period: 6 });
    expect(checkBound(triangle(), all)).toMatchObject({ kind: "proved", period: 6 });
    expect(leastPeriodOf(triangle(), { copies: 1, longest: 8, waits: 2 })).toBe(6);
  });

  it("leaves a search as it is and says what loads prove", () => {
    const searched = claim({ kind: "search", period: 8, microBatchesPerPeriod: 2 });
    expect(checkBound(V, searched)).toMatchObject({ kind: "searched", period: 8 });
  });

  it("counts a release at the start of a block without workspace from its end", () => {
    const blocks = V.blocks.map((block) => ({ ...block, workspace: block.id === "b3" ? 1 : 0 }));
    const whole = checkBound(V, claim({ period: 6 }));
    expect(whole).toMatchObject({ kind: "proved", period: 6 });
    // 13 until b3 starts, and 3 of workspace while it runs, in a memory of 3.
    expect(checkBound({ ...V, blocks }, claim({ period: 6 }))).toMatchObject({
      kind: "proved",
      period: 6,
    });
    expect(V.memoryRelease).toBe("start");
  });

  it("rounds a limit down to what the changes can fill", () => {
    const blocks = V.blocks.map((block) => ({ ...block, memory: block.memory * 2 }));
    // 16 * 2 units, and 2 of the 3 places can be used.
    expect(checkBound({ ...V, blocks }, claim({ period: 16 }))).toMatchObject({
      kind: "proved",
      period: 16,
    });
  });

  it.each<[string, Partial<BoundClaim>, object]>([
    ["no device", { device: -1 }, { kind: "device-missing" }],
    ["an unknown block", { blocks: [0, 99] }, { kind: "unknown-block", position: 1 }],
    ["a block twice", { kind: "load", blocks: [0, 0] }, { kind: "repeated-block", block: 0 }],
    [
      "a block of another device",
      { kind: "load", device: 1 },
      { kind: "block-elsewhere", block: at("f0"), device: 1 },
    ],
    [
      "blocks that can run at once",
      { kind: "recurrence", blocks: [at("f0"), at("f1")] },
      { kind: "not-exclusive", first: at("f0"), second: at("f1") },
    ],
    ["a pair the wrong way round", { blocks: [at("b3"), at("f0")] }, { kind: "not-a-pair" }],
    ["a pair twice", { blocks: [at("f0"), at("b3"), at("f0"), at("b3")] }, { kind: "not-a-pair" }],
    ["half a pair", { blocks: [at("f0")] }, { kind: "not-a-pair" }],
    ["no pairs", { blocks: [] }, { kind: "unmatched", block: at("f0"), units: 1 }],
  ])("refuses %s", (_what, change, problem) => {
    expect(checkBound(V, claim(change))).toMatchObject({ kind: "unproved", problem });
  });

  it("refuses memory without a limit, or with none that holds anything", () => {
    const free = { ...V, devices: V.devices.map(({ name }) => ({ name, memory: undefined })) };
    const full = { ...V, devices: V.devices.map(({ name }) => ({ name, memory: 0 })) };
    expect(checkBound(free, claim({}))).toMatchObject({ problem: { kind: "no-limit" } });
    expect(checkBound(full, claim({}))).toMatchObject({ problem: { kind: "nothing-fits" } });
  });

  it("proves every bound that the searches use, and none above the least period", () => {
    const seen = { load: 0, memory: 0, decisive: 0 };
    const tiny = randomPlacement({ maxDevices: 3, maxBlocks: 3, maxDuration: 3, maxLatency: 1 });
    const training = trainingPlacement({ maxStages: 2 });
    fc.assert(
      fc.property(fc.oneof(tiny, training), fc.integer({ min: 1, max: 2 }), (placement, copies) => {
        const least = leastPeriodOf(placement, { copies, longest: 9, waits: 1 });
        for (const bound of periodBounds(placement)) {
          const { kind, numerator, denominator, ...reason } = bound;
          const period = Math.ceil((numerator * copies) / denominator);
          const own = { kind, ...reason, period, microBatchesPerPeriod: copies };
          expect(checkBound(placement, own)).toMatchObject({ kind: "proved", period });
          expect(period).toBeLessThanOrEqual(least);
          seen[kind]++;
          seen.decisive += kind === "memory" && period === least ? 1 : 0;
        }
      }),
      { numRuns: 150 },
    );
    expect(Math.min(seen.load, seen.memory)).toBeGreaterThan(50);
    expect(seen.decisive).toBeGreaterThan(5);
  });

  it("proves nothing false, whatever is claimed", () => {
    const seen = { load: 0, recurrence: 0, memory: 0 };
    const tiny = randomPlacement({ maxDevices: 2, maxBlocks: 4, maxDuration: 2, maxLatency: 1 });
    const training = trainingPlacement({ maxStages: 2, maxDuration: 2 });
    const claims = fc.record({
      kind: fc.constantFrom("load", "recurrence", "memory", "memory"),
      device: fc.nat(1),
      blocks: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }),
      microBatchesPerPeriod: fc.integer({ min: 1, max: 2 }),
    });
    fc.assert(
      fc.property(fc.oneof(tiny, training), claims, (placement, raw) => {
        const blocks = raw.blocks.map((block) => block % placement.blocks.length);
        const check = checkBound(placement, { ...raw, blocks, period: 0 });
        if (check.kind === "proved") {
          seen[raw.kind]++;
          const options = {
            copies: raw.microBatchesPerPeriod,
            longest: check.period - 1,
            waits: 1,
          };
          expect(leastPeriodOf(placement, options)).toBe(Number.POSITIVE_INFINITY);
        }
      }),
      { numRuns: 5000 },
    );
    expect(Math.min(seen.load, seen.recurrence, seen.memory)).toBeGreaterThan(10);
  });
});
