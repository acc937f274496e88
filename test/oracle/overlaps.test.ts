import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { searchedSection } from "../../src/driver/search-placement.js";
import { withoutOverlaps } from "../../src/placement/overlaps.js";
import { encodePlacement, parsePlacement } from "../../src/placement/parse-placement.js";
import type { Placement } from "../../src/placement/placement.js";
import { PIPELINE_ALGORITHMS } from "../../src/schedule/pipeline-algorithm-names.js";
import { verifyPeriodicSchedule } from "../../src/schedule/verify-periodic-schedule.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { verifyPipeline } from "../../src/verify/verify-pipeline.js";
import { leastMakespanOverlapping } from "../support/brute-force-overlaps.js";
import { overlappingPlacement } from "../support/overlapping-placements.js";

/** A forward of 1 and a backward of 2 on one device: together 2. */
const SPEC = {
  format: "top-compile/placement",
  version: 1,
  timeUnit: "step",
  devices: [{ name: "d0" }],
  blocks: [
    { id: "f", kind: "forward", devices: ["d0"], duration: 1 },
    { id: "b", kind: "backward", devices: ["d0"], duration: 2 },
  ],
  dependencies: [{ from: "f", to: "b" }],
  overlaps: [{ blocks: ["f", "b"], duration: 2 }],
};

function read(spec: object): Placement {
  const result = parsePlacement(JSON.stringify(spec));
  if (!result.ok) {
    throw new Error(JSON.stringify(result.error));
  }
  return result.value;
}

describe("blocks that overlap", () => {
  it("go together wherever that is shorter, for ever and in a whole schedule", () => {
    const found = searchPipeline("top-compile", read(SPEC), 6);
    // The first forward and the last backward are alone: 1 + 5 times 2 + 2.
    expect(found.ok && found.value.whole.makespan).toBe(13);
    expect(found.ok && found.value.periodic).toMatchObject({ period: 2, microBatchesPerPeriod: 1 });
    expect(found.ok && found.value.status).toBe("optimal");
  });

  it("repeat as one thing of their joint time", () => {
    const at = (offset: number, period: number) => ({
      period,
      microBatchesPerPeriod: 1,
      repetend: [
        { block: 0, residue: 0, offset: 0, shift: 0 },
        { block: 1, residue: 0, offset, shift: 1 },
      ],
    });
    expect(verifyPeriodicSchedule(read(SPEC), at(0, 2))).toEqual([]);
    const kinds = (offset: number, period: number): readonly string[] =>
      verifyPeriodicSchedule(read(SPEC), at(offset, period)).map(({ kind }) => kind);
    expect(kinds(0, 1)).toContain("device-overlap");
    expect(kinds(1, 2)).toContain("device-overlap");
    expect(kinds(1, 3)).toEqual([]);
    const { overlaps: _, ...apart } = SPEC;
    expect(verifyPeriodicSchedule(read(apart), at(0, 2))).toMatchObject([
      { kind: "device-overlap" },
    ]);
  });

  it("are as short as trying everything finds, or little longer, and never are promised less", () => {
    let [reached, all] = [0, 0];
    fc.assert(
      fc.property(overlappingPlacement(), fc.integer({ min: 1, max: 3 }), (placement, count) => {
        const found = searchPipeline("top-compile", placement, count, { effort: "quick" });
        const least = leastMakespanOverlapping(placement, count, 60);
        if (!found.ok) {
          expect([found.error[0].code, least]).toEqual([
            "placement-infeasible",
            Number.POSITIVE_INFINITY,
          ]);
          return;
        }
        expect(found.value.whole.makespan).toBeGreaterThanOrEqual(least);
        expect(found.value.makespanLowerBound).toBeLessThanOrEqual(least);
        all++;
        reached += found.value.whole.makespan === least ? 1 : 0;
      }),
      { numRuns: 100 },
    );
    expect(reached / all).toBeGreaterThan(0.95);
  });

  it.each(PIPELINE_ALGORITHMS)("are heeded by %s, or it refuses them", (algorithm) => {
    let [given, refused] = [0, 0];
    fc.assert(
      fc.property(overlappingPlacement(), fc.integer({ min: 1, max: 6 }), (placement, count) => {
        const limits = { algorithm, microBatches: count, maxNodes: 1000 };
        const section = searchedSection(placement, limits);
        if (!section.ok) {
          refused += section.error[0].code === "algorithm-too-plain" ? 1 : 0;
          return;
        }
        given++;
        expect(verifyPipeline(section.value, "s.json").ok).toBe(true);
        const apart = searchedSection(withoutOverlaps(placement), limits);
        expect(section.value.makespan).toBeLessThanOrEqual(
          apart.ok ? apart.value.makespan : Number.POSITIVE_INFINITY,
        );
      }),
      { numRuns: 40 },
    );
    const knows = ["top-compile", "greedy", "quick"].includes(algorithm);
    expect(knows ? given : refused).toBeGreaterThan(20);
  });

  it("are watched by verify: an instance that is moved or lasts another time is found", () => {
    let together = 0;
    fc.assert(
      fc.property(
        overlappingPlacement(),
        fc.nat(1000),
        fc.constantFrom([1, 1], [0, 1], [0, -1]),
        (placement, which, [start, end]) => {
          const found = searchedSection(placement, { algorithm: "quick", microBatches: 4 });
          const instances = found.ok ? found.value.instances : [];
          const pairs = instances.filter((one) =>
            instances.some(
              (other) =>
                other !== one &&
                other.start === one.start &&
                other.block.slice(1) === one.block.slice(1),
            ),
          );
          const moved = pairs[which % Math.max(1, pairs.length)];
          if (!found.ok || moved === undefined) {
            return;
          }
          together++;
          const section = {
            ...found.value,
            instances: instances.map((each) =>
              each === moved ? { ...each, start: each.start + start!, end: each.end + end! } : each,
            ),
          };
          expect(verifyPipeline(section, "s.json").ok).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
    expect(together).toBeGreaterThan(10);
  });

  it("are written and read again as they were", () => {
    fc.assert(
      fc.property(overlappingPlacement(), (placement) => {
        expect(parsePlacement(encodePlacement(placement))).toEqual({ ok: true, value: placement });
      }),
    );
  });

  it.each<[string, object, string]>([
    [
      "an unknown block",
      { blocks: ["f", "x"], duration: 2 },
      '/overlaps/0/blocks/1 | "x" is not the id of a block',
    ],
    [
      "a time that is no gain",
      { blocks: ["f", "b"], duration: 3 },
      "/overlaps/0/duration | must be from 2, the longer of the two, to 2",
    ],
    [
      "a time that is too short",
      { blocks: ["f", "b"], duration: 1 },
      "/overlaps/0/duration | must be from 2, the longer of the two, to 2",
    ],
    [
      "blocks on different devices",
      { blocks: ["f", "c"], duration: 2 },
      "/overlaps/0/blocks | are on different devices",
    ],
    [
      "a block once per step",
      { blocks: ["f", "s"], duration: 2 },
      "/overlaps/0 | is of blocks that do not take the same time in every micro-batch",
    ],
  ])("are refused with %s", (_, overlap, problem) => {
    const spec = {
      ...SPEC,
      devices: [{ name: "d0" }, { name: "d1" }],
      blocks: [
        ...SPEC.blocks,
        { id: "c", devices: ["d1"], duration: 2 },
        { id: "s", devices: ["d0"], duration: 2, perStep: true },
      ],
      overlaps: [overlap],
    };
    const result = parsePlacement(JSON.stringify(spec), "p.json");
    const problems = result.ok ? [] : result.error.map((each) => `${each.where} | ${each.message}`);
    expect(problems).toEqual([`p.json at ${problem}`]);
  });
});
