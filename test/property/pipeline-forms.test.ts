import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { searchedSection } from "../../src/driver/search-placement.js";
import { FAMILIES } from "../../src/schedule/family-names.js";
import { PIPELINE_ALGORITHMS } from "../../src/schedule/pipeline-algorithm-names.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { paretoFront } from "../../src/search/pipeline/pareto.js";
import { chainPlacement, everyPlacement } from "../support/chain-placements.js";
import { verified } from "../support/verified-section.js";

const COUNT = fc.integer({ min: 1, max: 6 });

/** What an algorithm that is asked for by name may say instead of giving a schedule. */
const REASONS =
  /^(family-does-not-fit|family-exceeds-memory|family-deadlocks|repetend-exceeds-memory|no-schedule-found|placement-infeasible)$/;

describe("placements of every form", () => {
  it.each(PIPELINE_ALGORITHMS)(
    "%s gives a schedule that verifies, or says why not",
    (algorithm) => {
      const isFamily = (FAMILIES as readonly string[]).includes(algorithm);
      let given = 0;
      fc.assert(
        fc.property(everyPlacement(), COUNT, (placement, microBatches) => {
          const request = { algorithm, microBatches, seed: 1, maxNodes: 3000 };
          const section = searchedSection(placement, request);
          if (section.ok) {
            given++;
            expect(verified(section.value)).toEqual([]);
            return;
          }
          for (const { code, where, message, hint } of section.error) {
            expect(code).toMatch(REASONS);
            expect(
              Math.min(...[where, message, hint].map((text) => text?.length ?? 0)),
            ).toBeGreaterThan(0);
          }
        }),
        { numRuns: isFamily ? 1000 : 120 },
      );
      // Which families take some of them: below.
      expect(given > 0 || isFamily).toBe(true);
    },
  );

  it("have a front of memory against period that gets no worse with more memory", () => {
    let points = 0;
    fc.assert(
      fc.property(everyPlacement(), (placement) => {
        const front = paretoFront(placement, { maxNodes: 300, seed: 1 });
        const rates = front.map(({ period, microBatchesPerPeriod: q }) => period / q);
        expect(rates).toEqual([...new Set(rates)].sort((a, b) => b - a));
        points += front.length;
      }),
      { numRuns: 100 },
    );
    expect(points).toBeGreaterThan(100);
  });

  it("every family takes some of them", () => {
    const taken = new Set<string>();
    fc.assert(
      fc.property(chainPlacement(), (placement) => {
        for (const family of FAMILIES) {
          if (searchPipeline(family, placement, 4).ok) {
            taken.add(family);
          }
        }
      }),
      { numRuns: 3000, seed: 1 },
    );
    expect([...taken].sort()).toEqual([...FAMILIES].sort());
  });
});
