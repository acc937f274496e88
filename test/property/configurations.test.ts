/** All numbers of micro-batches per period at once, against the search of one to three, and against a second proof. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../src/placement/shapes/build-shape.js";
import { doubtOn } from "../../src/schedule/check-configurations.js";
import { reduced } from "../../src/schedule/max-cycle-ratio.js";
import { verifyPeriodicSchedule } from "../../src/schedule/verify-periodic-schedule.js";
import { searchConfigurations } from "../../src/search/pipeline/configurations/search-configurations.js";
import { type FoundPeriod, periodicOf } from "../../src/search/pipeline/found-period.js";
import { searchPeriod } from "../../src/search/pipeline/period-search.js";
import { randomPlacement } from "../support/placements.js";

function shape(name: string, options: ShapeOptions): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(JSON.stringify(built.error));
  }
  return built.value;
}

/** Two chains over two devices from opposite ends, which share devices and memory only. */
function twoWays(): fc.Arbitrary<Placement> {
  const times = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 8, maxLength: 8 });
  const small = fc.integer({ min: 0, max: 3 });
  return fc.record({ times, more: fc.tuple(small, small), wait: small }).map((drawn) => {
    const { times: durations, more, wait } = drawn;
    const block = (at: number): Placement["blocks"][number] => ({
      id: `b${at}`,
      kind: at % 4 < 2 ? "forward" : "backward",
      devices: [(at % 4 === 1 || at % 4 === 2) !== at >= 4 ? 1 : 0],
      duration: durations[at]!,
      memory: at % 4 < 2 ? 1 : -1,
      workspace: at === 6 ? 1 : 0,
      operators: [],
    });
    const after = (from: number, latency: number) => ({ from, to: from + 1, latency });
    return {
      timeUnit: "step",
      devices: more.map((each, at) => ({ name: `d${at}`, memory: 1 + each })),
      blocks: Array.from({ length: 8 }, (_, at) => block(at)),
      dependencies: [0, 1, 2].flatMap((at) => [after(at, 0), after(at + 4, at === 1 ? wait : 0)]),
      memoryRelease: "end",
    };
  });
}

const rateOf = ({ period, copies }: FoundPeriod): number => period / copies;

describe("configurations of pipelines", () => {
  it("give the published least times, and those of more micro-batches per period", () => {
    const each = (placement: Placement, choices: number) => {
      const { found, isLeast } = searchConfigurations(placement, choices);
      if (found === undefined) {
        throw new Error("nothing found");
      }
      expect(verifyPeriodicSchedule(placement, periodicOf(found))).toEqual([]);
      return { rate: rateOf(found), isLeast };
    };
    // Three in 16: the bound of memory.
    expect(each(shape("v", { devices: 4, memory: 3 }), 10_000)).toEqual({
      rate: 16 / 3,
      isLeast: true,
    });
    // One after the other.
    expect(each(shape("v", { devices: 2, memory: 1 }), 1000)).toEqual({ rate: 8, isLeast: true });
    const zeroBubble = { devices: 3, memory: 2, forward: 1, backward: 1, weight: 1 };
    expect(each(shape("zb-h", zeroBubble), 200_000).isLeast).toBe(true);
    // 57 in 14 and 85 in 14 were found by another program; blocks without memory may run ahead without end.
    expect(each(shape("finetune", { devices: 3, memory: 3 }), 100_000).rate).toBeLessThan(57 / 14);
    expect(each(shape("nn", { devices: 3, memory: 2 }), 100_000).rate).toBe(11);
  });

  it("bound parts that nothing ties to each other, and find what comes as near as can be", () => {
    let least = 0;
    fc.assert(
      fc.property(twoWays(), (placement) => {
        const { found, isLeast, least: bound } = searchConfigurations(placement, 20_000);
        if (bound === undefined) {
          return;
        }
        const { each, weights } = bound;
        expect(doubtOn(placement, each, weights)).toBeUndefined();
        const more = reduced(each.numerator * 100 + 1, each.denominator * 100);
        expect(doubtOn(placement, more, weights)).toBe("too-high");
        const few = searchPeriod(placement, { maxNodes: 20_000, seed: 1, polish: false }).schedule;
        const known = few === undefined ? undefined : few.period / few.microBatchesPerPeriod;
        const rate = each.numerator / each.denominator;
        expect(known ?? rate).toBeGreaterThanOrEqual(rate - 1e-9);
        if (found !== undefined) {
          expect(verifyPeriodicSchedule(placement, periodicOf(found))).toEqual([]);
          expect(rateOf(found)).toBeGreaterThanOrEqual(rate - 1e-9);
          least += isLeast ? 1 : 0;
          expect(isLeast).toBe(found.period * each.denominator === each.numerator * found.copies);
        }
      }),
      { numRuns: 20 },
    );
    expect(least).toBeGreaterThan(5);
  });

  it("are not proved by weights that are none", () => {
    const [placement] = fc.sample(twoWays(), { seed: 1, numRuns: 1 });
    const each = { numerator: 1, denominator: 1 };
    for (const weights of [[1], [0, 0], [1, -1], [2, 2], [1, 1, 1], [0.5, 0.5]]) {
      expect(doubtOn(placement!, each, weights)).toBe("too-high");
    }
    expect(doubtOn(placement!, each, [1, 1])).toBeUndefined();
  });

  it("are never worse than one to three per period, and proved by another way of listing them", () => {
    let least = 0;
    fc.assert(
      fc.property(randomPlacement({ maxBlocks: 5 }), (placement) => {
        const { found, isLeast, least: bound } = searchConfigurations(placement, 6000);
        if (found === undefined) {
          return;
        }
        expect(verifyPeriodicSchedule(placement, periodicOf(found))).toEqual([]);
        if (!isLeast) {
          return;
        }
        least++;
        const ratio = reduced(found.period, found.copies);
        expect(doubtOn(placement, ratio, bound?.weights)).toBeUndefined();
        // A little more is not the least.
        const more = reduced(ratio.numerator * 100 + 1, ratio.denominator * 100);
        expect(doubtOn(placement, more, bound?.weights)).toBe("too-high");
        const few = searchPeriod(placement, { maxNodes: 20_000, seed: 1, polish: false }).schedule;
        const known =
          few === undefined ? Number.POSITIVE_INFINITY : few.period / few.microBatchesPerPeriod;
        expect(rateOf(found)).toBeLessThanOrEqual(known + 1e-9);
      }),
      { numRuns: 200 },
    );
    expect(least).toBeGreaterThan(30);
  });
});
