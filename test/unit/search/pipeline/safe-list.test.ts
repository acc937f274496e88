/** Schedules where memory is short: what fits one after the other is found, whatever the shape. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Block, Dependency, Placement } from "../../../../src/placement/placement.js";
import { verifyPeriodicSchedule } from "../../../../src/schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../../../src/search/pipeline/algorithms.js";
import { looseParts } from "../../../../src/search/pipeline/quick/loose-parts.js";
import { safeListSchedules } from "../../../../src/search/pipeline/quick/safe-list.js";
import { serialOrder } from "../../../../src/search/pipeline/quick/serial-order.js";
import { chainPlacement } from "../../../support/chain-placements.js";

interface Chains {
  readonly devices: number;
  /** By chain: the duration of a forward block, and what it takes. */
  readonly sizes: readonly number[];
  readonly memory: number;
  /** A block on every device that waits for all backward blocks there; 0: none. */
  readonly last: number;
}

/** Chains down the devices and up again in one micro-batch; a backward block takes twice the time. */
function chains({ devices, sizes, memory, last }: Chains): Placement {
  const blocks: Block[] = [];
  const dependencies: Dependency[] = [];
  const add = (block: Partial<Block> & { readonly device: number; readonly duration: number }) =>
    blocks.push({
      id: `n${blocks.length}`,
      kind: "other",
      devices: [block.device],
      duration: block.duration,
      memory: block.memory ?? 0,
      workspace: 0,
      operators: [],
    }) - 1;
  const range = Array.from({ length: devices }, (_, at) => at);
  const ends: { readonly device: number; readonly block: number }[] = [];
  for (const size of sizes) {
    const steps = [
      ...range.map((device) => ({ device, duration: size, memory: size })),
      ...range.toReversed().map((device) => ({ device, duration: 2 * size, memory: -size })),
    ];
    for (const [at, step] of steps.entries()) {
      const block = add(step);
      if (at > 0) {
        dependencies.push({ from: block - 1, to: block, latency: 0 });
      }
      if (step.memory < 0) {
        ends.push({ device: step.device, block });
      }
    }
  }
  for (const device of last > 0 ? range : []) {
    const to = add({ device, duration: last });
    for (const end of ends.filter((each) => each.device === device)) {
      dependencies.push({ from: end.block, to, latency: 0 });
    }
  }
  return {
    timeUnit: "step",
    devices: range.map((at) => ({ name: `d${at}`, memory })),
    blocks,
    dependencies,
    memoryRelease: "start",
  };
}

describe("where memory is short", () => {
  // One chain after the other takes 3 * devices * the sum of the sizes, and the last blocks.
  const CASES: readonly (readonly [Chains, number])[] = [
    [{ devices: 4, sizes: [1, 1, 1, 1], memory: 2, last: 0 }, 48],
    [{ devices: 4, sizes: [1, 2, 3, 4], memory: 6, last: 0 }, 120],
    [{ devices: 3, sizes: [2, 1, 3, 2, 1], memory: 3, last: 0 }, 81],
    [{ devices: 3, sizes: [3, 1, 2, 2, 1], memory: 4, last: 5 }, 86],
  ];
  it.each(CASES)("chains of one micro-batch %o: less than %i", (options, inTurn) => {
    const placement = chains(options);
    for (const algorithm of ["top-compile", "greedy", "quick"] as const) {
      const found = searchPipeline(algorithm, placement, 1, { maxNodes: 5000 });
      if (!found.ok) {
        throw new Error(found.error[0].message);
      }
      expect(verifyPipelineSchedule(placement, found.value.whole)).toEqual([]);
      expect(verifyPeriodicSchedule(placement, found.value.periodic)).toEqual([]);
      expect(found.value.whole.makespan).toBeLessThan(inTurn);
    }
  });

  it("what gives memory back before it is taken", () => {
    const base = chains({ devices: 1, sizes: [1, 2, 3], memory: 3, last: 4 });
    const blocks = base.blocks.map((block, at) => (at === 6 ? { ...block, memory: -4 } : block));
    const placement = {
      ...base,
      // The last block waits for nothing now, and what takes 4 more is there for a first one only.
      blocks: [...blocks, { ...(blocks[0] as Block), id: "take", memory: 4 }],
      dependencies: base.dependencies.filter(({ to }) => to !== 6),
    };
    const found = searchPipeline("top-compile", placement, 2);
    expect(found.ok && found.value.whole.makespan).toBe(2 * (18 + 4 + 1));
  });

  it("parts are chains, also where a block gathers all of them", () => {
    const placement = chains({ devices: 2, sizes: [1, 2, 3], memory: 3, last: 5 });
    expect(looseParts(placement).map((part) => part.length)).toEqual([4, 4, 4, 1, 1]);
  });
});

describe("an order of one micro-batch", () => {
  const BLOCK = fc.record({
    device: fc.nat(1),
    isWide: fc.constantFrom(false, false, true),
    memory: fc.integer({ min: -3, max: 3 }),
    workspace: fc.integer({ min: 0, max: 2 }),
    before: fc.option(fc.nat(100)),
  });
  const PLACEMENT = fc
    .record({
      blocks: fc.array(BLOCK, { minLength: 1, maxLength: 6 }),
      limits: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
      memoryRelease: fc.constantFrom("start" as const, "end" as const),
    })
    .map(
      ({ blocks, limits, memoryRelease }): Placement => ({
        timeUnit: "step",
        devices: limits.map((memory, at) => ({ name: `d${at}`, memory })),
        blocks: blocks.map(({ device, isWide, memory, workspace }, at) => ({
          id: `b${at}`,
          kind: "other",
          devices: isWide ? [0, 1] : [device],
          duration: 1,
          memory,
          workspace,
          operators: [],
        })),
        dependencies: blocks.flatMap(({ before }, to) =>
          before === null || to === 0 ? [] : [{ from: before % to, to, latency: 0 }],
        ),
        memoryRelease,
      }),
    );

  /** Blocks one after the other, as a schedule. */
  function wholeOf(order: readonly number[]) {
    const instances = order.map((block, start) => {
      return { block, microBatch: 0, start, end: start + 1, phase: "repetend" as const };
    });
    return { microBatches: 1, instances, makespan: order.length };
  }

  /** With a block on every device that takes or gives what the others leave. */
  function givenBack(placement: Placement): Placement {
    const rest = placement.devices.map((_, device): Block => {
      const own = placement.blocks.filter((block) => block.devices.includes(device));
      return {
        id: `rest${device}`,
        kind: "other",
        devices: [device],
        duration: 1,
        memory: -own.reduce((sum, block) => sum + block.memory, 0),
        workspace: 0,
        operators: [],
      };
    });
    return { ...placement, blocks: [...placement.blocks, ...rest] };
  }

  /** Every order of all blocks. */
  function ordersOf(count: number): readonly (readonly number[])[] {
    return count === 0
      ? [[]]
      : ordersOf(count - 1).flatMap((order) =>
          Array.from({ length: count }, (_, at) => order.toSpliced(at, 0, count - 1)),
        );
  }

  it("is found if and only if one of all orders fits", () => {
    const outcomes = { fits: 0, none: 0 };
    fc.assert(
      fc.property(PLACEMENT, (placement) => {
        const isRight = (order: readonly number[]): boolean =>
          verifyPipelineSchedule(placement, wholeOf(order)).length === 0;
        const order = serialOrder(placement);
        expect(order === undefined || isRight(order)).toBe(true);
        expect(order !== undefined).toBe(ordersOf(placement.blocks.length).some(isRight));
        outcomes[order === undefined ? "none" : "fits"]++;
      }),
      { numRuns: 150 },
    );
    expect(Math.min(outcomes.fits, outcomes.none)).toBeGreaterThan(5);
  });

  it("gives list schedules that end where blocks without memory join what runs forwards and backwards", () => {
    let joined = 0;
    fc.assert(
      fc.property(chainPlacement(), fc.integer({ min: 1, max: 2 }), (placement, microBatches) => {
        for (const whole of safeListSchedules(placement, microBatches)) {
          expect(verifyPipelineSchedule(placement, whole)).toEqual([]);
          joined += looseParts(placement).length > 2 ? 1 : 0;
        }
      }),
      { numRuns: 150 },
    );
    expect(joined).toBeGreaterThan(20);
  });

  it("gives list schedules that are right for one and for several micro-batches", () => {
    let found = 0;
    fc.assert(
      fc.property(PLACEMENT, fc.integer({ min: 1, max: 4 }), (placement, microBatches) => {
        for (const whole of safeListSchedules(placement, microBatches)) {
          expect(verifyPipelineSchedule(placement, whole)).toEqual([]);
          expect(whole.instances).toHaveLength(placement.blocks.length * microBatches);
          found++;
        }
      }),
      { numRuns: 200 },
    );
    expect(found).toBeGreaterThan(100);
  });

  it("leaves no search without a schedule of one micro-batch", () => {
    let feasible = 0;
    fc.assert(
      fc.property(PLACEMENT.map(givenBack), (placement) => {
        if (serialOrder(placement) !== undefined) {
          feasible++;
          expect(searchPipeline("greedy", placement, 1).ok).toBe(true);
          expect(searchPipeline("top-compile", placement, 1, { maxNodes: 300 }).ok).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
    expect(feasible).toBeGreaterThan(20);
  });
});
