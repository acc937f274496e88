import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../src/placement/placement.js";
import type { PipelineOutcome } from "../../src/schedule/pipeline-outcome.js";
import { steadyPeakMemory } from "../../src/schedule/verify-periodic-schedule.js";
import { provingSearch, rateOf } from "../support/default-search.js";
import { randomPlacement } from "../support/placements.js";
import { trainingPlacement } from "../support/training-placements.js";

const SMALL: fc.Arbitrary<Placement> = fc.oneof(
  randomPlacement({ maxDevices: 3, maxBlocks: 7, maxDuration: 3, maxLatency: 1 }),
  trainingPlacement({ maxStages: 3, maxDuration: 2 }),
);

/** `blocks` with one of them changed. */
function withBlock(placement: Placement, at: number, change: object): Placement {
  const blocks = placement.blocks.map((block, b) => (b === at ? { ...block, ...change } : block));
  return { ...placement, blocks };
}

/** The easier placement, or `undefined` where there is nothing to ease. */
type Ease = (placement: Placement, which: number) => Placement | undefined;

const EASIER: Readonly<Record<string, Ease>> = {
  "more memory": (placement, which) => {
    const device = which % placement.devices.length;
    const devices = placement.devices.map((each, at) =>
      at === device && each.memory !== undefined ? { ...each, memory: each.memory + 1 } : each,
    );
    return { ...placement, devices };
  },
  "a faster block": (placement, which) => {
    const at = which % placement.blocks.length;
    const { duration } = placement.blocks[at]!;
    return duration === 1 ? undefined : withBlock(placement, at, { duration: duration - 1 });
  },
  "less workspace": (placement, which) =>
    withBlock(placement, which % placement.blocks.length, { workspace: 0 }),
  "a dependency less": (placement, which) => {
    const { dependencies } = placement;
    const at = which % Math.max(1, dependencies.length);
    return dependencies.length === 0
      ? undefined
      : { ...placement, dependencies: dependencies.filter((_, d) => d !== at) };
  },
  "less latency": (placement) => ({
    ...placement,
    dependencies: placement.dependencies.map((each) => ({ ...each, latency: 0 })),
  }),
};

/** The same placement with blocks and devices in another order and under other names. */
function disguised(placement: Placement, order: readonly number[]): Placement {
  const { blocks, devices, dependencies } = placement;
  const sorted = (count: number): number[] =>
    Array.from({ length: count }, (_, i) => i).sort(
      (a, b) => (order[a] ?? 0) - (order[b] ?? 0) || a - b,
    );
  const [blockOrder, deviceOrder] = [sorted(blocks.length), sorted(devices.length)];
  return {
    ...placement,
    devices: deviceOrder.map((d, at) => ({ ...devices[d]!, name: `z${at}` })),
    blocks: blockOrder.map((b, at) => ({
      ...blocks[b]!,
      id: `y${at}`,
      devices: blocks[b]!.devices.map((d) => deviceOrder.indexOf(d)).sort((x, y) => x - y),
    })),
    dependencies: dependencies
      .map(({ from, to, latency }) => ({
        from: blockOrder.indexOf(from),
        to: blockOrder.indexOf(to),
        latency,
      }))
      .sort((a, b) => a.from - b.from || a.to - b.to),
  };
}

function peakOf(placement: Placement, { periodic }: PipelineOutcome): number {
  return Math.max(0, ...steadyPeakMemory(placement, periodic).map((peak) => peak ?? 0));
}

describe("what the period search proves", () => {
  it.each(Object.entries(EASIER))("is not worse with %s", (_what, ease) => {
    let compared = 0;
    fc.assert(
      fc.property(SMALL, fc.nat(1000), (placement, which) => {
        const easier = ease(placement, which);
        const before = provingSearch(placement);
        if (easier === undefined || before?.status !== "optimal") {
          return;
        }
        const after = provingSearch(easier);
        expect(after).toBeDefined();
        if (after?.status === "optimal") {
          compared++;
          expect(rateOf(after)).toBeLessThanOrEqual(rateOf(before));
        }
      }),
      { numRuns: 30 },
    );
    expect(compared).toBeGreaterThan(5);
  });

  it("does not depend on names and order", () => {
    let compared = 0;
    fc.assert(
      fc.property(
        SMALL,
        fc.array(fc.nat(99), { minLength: 8, maxLength: 8 }),
        (placement, order) => {
          const [one, other] = [placement, disguised(placement, order)];
          const [found, again] = [provingSearch(one), provingSearch(other)];
          expect(again === undefined).toBe(found === undefined);
          const areProved = found?.status === "optimal" && again?.status === "optimal";
          if (areProved) {
            compared++;
            expect(rateOf(again)).toBe(rateOf(found));
          }
          const { periodic: a } = found ?? {};
          const { periodic: b } = again ?? {};
          if (areProved && a?.microBatchesPerPeriod === b?.microBatchesPerPeriod) {
            expect(peakOf(other, again)).toBe(peakOf(one, found));
          }
        },
      ),
      { numRuns: 40 },
    );
    expect(compared).toBeGreaterThan(15);
  });
});
