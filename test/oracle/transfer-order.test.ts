import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePlacement } from "../../src/placement/parse-placement.js";
import type { Placement } from "../../src/placement/placement.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { leastMakespanInTurn } from "../support/brute-force-turns.js";
import type { PlacementFile } from "../support/linked-placements.js";

const TIME = fc.integer({ min: 1, max: 3 });
const LONG = fc.integer({ min: 1, max: 6 });

const SHAPE = fc.record({
  sharing: fc.constantFrom("exclusive" as const, "shared" as const),
  blocking: fc.constantFrom(
    "neither" as const,
    "sender" as const,
    "receiver" as const,
    "both" as const,
  ),
  order: fc.constantFrom("pair" as const, "link" as const),
  chains: fc.array(
    fc.record({
      devices: fc.array(fc.nat(2), { minLength: 2, maxLength: 2 }),
      durations: fc.tuple(TIME, LONG),
      transfers: fc.tuple(LONG, LONG),
    }),
    { minLength: 2, maxLength: 3 },
  ),
  alone: fc.record({ device: fc.nat(2), duration: fc.integer({ min: 1, max: 9 }) }),
  isTwice: fc.boolean(),
});

/** Two or three chains of two blocks, whose transfers take turns, and a block for itself. */
function fileOf({
  sharing,
  blocking,
  order,
  chains,
  alone,
  isTwice,
}: typeof SHAPE extends fc.Arbitrary<infer T> ? T : never): PlacementFile {
  return {
    links: [{ name: "wire", sharing, blocking, order }],
    blocks: [
      ...chains.flatMap(({ devices, durations }, chain) =>
        devices.map((device, at) => ({
          id: `${"abc"[chain]}${at}`,
          devices: [`d${device}`],
          duration: durations[at]!,
        })),
      ),
      ...(isTwice
        ? []
        : [{ id: "alone", devices: [`d${alone.device}`], duration: alone.duration }]),
    ],
    dependencies: chains.flatMap(({ devices, transfers }, chain) =>
      devices.slice(1).map((_, at) => ({
        from: `${"abc"[chain]}${at}`,
        to: `${"abc"[chain]}${at + 1}`,
        link: "wire",
        transfer: transfers[at]!,
      })),
    ),
  };
}

function read(file: PlacementFile): Placement {
  const devices = ["d0", "d1", "d2"].map((name) => ({ name }));
  const frame = { format: "top-compile/placement", version: 1, timeUnit: "step", devices };
  const result = parsePlacement(JSON.stringify({ ...frame, ...file }));
  if (!result.ok) {
    throw new Error(JSON.stringify(result.error));
  }
  return result.value;
}

/** d0 does `a0` and `c`, d1 `b0` and `b1`, d2 `a1`. In any order b goes over the link first, and all is done at 10. */
const WORTH_WAITING: PlacementFile = {
  links: [{ name: "wire", sharing: "exclusive", blocking: "neither", order: "link" }],
  blocks: [
    { id: "a0", devices: ["d0"], duration: 1 },
    { id: "c", devices: ["d0"], duration: 9 },
    { id: "b0", devices: ["d1"], duration: 2 },
    { id: "b1", devices: ["d1"], duration: 7 },
    { id: "a1", devices: ["d2"], duration: 2 },
  ],
  dependencies: [
    { from: "a0", to: "a1", link: "wire", transfer: 5 },
    { from: "b0", to: "b1", link: "wire", transfer: 1 },
  ],
};

function makespanOf(file: PlacementFile, microBatches: number): number {
  const found = searchPipeline("top-compile", read(file), microBatches);
  if (!found.ok) {
    throw new Error(JSON.stringify(found.error));
  }
  return found.value.whole.makespan;
}

describe("transfers that keep their order", () => {
  // Behind a, b would be done at 14; so a0 waits a step to be handed over with b0, and c with it.
  it("hold a block back where that is the shorter way", () => {
    const [{ order: _, ...wire }] = WORTH_WAITING.links as [PlacementFile["links"][number]];
    const inAnyOrder = { ...WORTH_WAITING, links: [wire] };
    expect(makespanOf(inAnyOrder, 1)).toBe(10);
    expect(makespanOf(WORTH_WAITING, 1)).toBe(11);
    // Between two devices each, neither stands in the way of the other.
    expect(makespanOf({ ...WORTH_WAITING, links: [{ ...wire, order: "pair" }] }, 1)).toBe(10);
  });

  it("take what trying everything finds, or little more, and never are promised less", () => {
    let [reached, all] = [0, 0];
    fc.assert(
      fc.property(SHAPE, (shape) => {
        const file = fileOf(shape);
        // Trying everything takes too long for more.
        const microBatches = shape.isTwice && shape.chains.length < 3 ? 2 : 1;
        const found = searchPipeline("top-compile", read(file), microBatches, { effort: "quick" });
        const least = leastMakespanInTurn(file, microBatches);
        if (!found.ok) {
          throw new Error(JSON.stringify(found.error));
        }
        const { whole, makespanLowerBound } = found.value;
        expect(whole.makespan).toBeGreaterThanOrEqual(least);
        expect(makespanLowerBound).toBeLessThanOrEqual(least);
        all++;
        reached += whole.makespan === least ? 1 : 0;
      }),
      { numRuns: 100 },
    );
    expect(reached / all).toBeGreaterThan(0.95);
  });
});
