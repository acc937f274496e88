import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../../src/placement/placement.js";
import { buildShape } from "../../../src/placement/shapes/build-shape.js";
import { type EventGraph, eventGraph } from "../../../src/schedule/event-graph.js";
import { isGreater, maxCycleRatio, reduced } from "../../../src/schedule/max-cycle-ratio.js";
import type { PeriodicSchedule } from "../../../src/schedule/pipeline-schedule.js";
import { pipelineSensitivity } from "../../../src/schedule/pipeline-sensitivity.js";
import { noisyPeriod } from "../../../src/schedule/robust-period.js";
import { unrollPeriodic } from "../../../src/schedule/unroll-periodic.js";
import { searchPipeline } from "../../../src/search/pipeline/algorithms.js";
import { randomPlacement } from "../../support/placements.js";

function shape(name: string, options: Parameters<typeof buildShape>[1]): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

function found(
  placement: Placement,
  algorithm: Parameters<typeof searchPipeline>[0],
): PeriodicSchedule | undefined {
  const result = searchPipeline(algorithm, placement, 16);
  return result.ok ? result.value.periodic : undefined;
}

/** The largest ratio of all simple cycles, by walking them all. */
function largestRatio(graph: EventGraph, durations: Float64Array): number {
  let best = 0;
  const walk = (root: number, node: number, path: number[], time: number, turns: number): void => {
    for (let edge = graph.first[node]!; edge < graph.first[node + 1]!; edge++) {
      const from = graph.from[edge]!;
      const [t, d] = [
        time + durations[from]! + graph.latency[edge]!,
        turns + graph.distance[edge]!,
      ];
      if (from === root) {
        best = Math.max(best, t / d);
      } else if (from > root && !path.includes(from)) {
        walk(root, from, [...path, from], t, d);
      }
    }
  };
  graph.entries.forEach((_, root) => {
    walk(root, root, [root], 0, 0);
  });
  return best;
}

/** Length of `count` micro-batches in the schedule's order, each block as early as it may be. */
function asEarlyAsPossible(placement: Placement, schedule: PeriodicSchedule, count: number) {
  const { blocks, dependencies } = placement;
  const ends = new Map<string, number>();
  const free = placement.devices.map(() => 0);
  let last = 0;
  for (const { block, microBatch } of unrollPeriodic(placement, schedule, count).instances) {
    const ready = dependencies
      .filter(({ to }) => to === block)
      .map(({ from, latency }) => ends.get(`${from} ${microBatch}`)! + latency);
    const own = blocks[block]!.devices;
    const start = Math.max(0, ...ready, ...own.map((device) => free[device]!));
    const end = start + blocks[block]!.duration;
    ends.set(`${block} ${microBatch}`, end);
    for (const device of own) {
      free[device] = end;
    }
    last = Math.max(last, end);
  }
  return last;
}

const SMALL = randomPlacement({ maxDevices: 3, maxBlocks: 6, maxDuration: 9, maxLatency: 3 });

describe("maxCycleRatio", () => {
  it("is the largest of all cycles, and is had by the cycle it names", () => {
    let checked = 0;
    fc.assert(
      fc.property(SMALL, fc.constantFrom("modulo", "greedy"), (placement, algorithm) => {
        const schedule = found(placement, algorithm);
        if (schedule === undefined || schedule.repetend.length > 7) {
          return;
        }
        checked++;
        const graph = eventGraph(placement, schedule);
        const durations = Float64Array.from(
          graph.entries,
          ({ block }) => placement.blocks[block]!.duration,
        );
        const { ratio, edges } = maxCycleRatio(graph, durations);
        expect(ratio.numerator / ratio.denominator).toBeCloseTo(largestRatio(graph, durations), 9);
        let [time, turns] = [0, 0];
        for (const [at, edge] of edges.entries()) {
          const into = graph.first.findLastIndex((first) => first <= edge);
          expect(graph.from[edges[(at + 1) % edges.length]!]).toBe(into);
          time += durations[graph.from[edge]!]! + graph.latency[edge]!;
          turns += graph.distance[edge]!;
        }
        expect(reduced(time, turns)).toEqual(ratio);
        expect(time).toBeLessThanOrEqual(schedule.period * turns);
      }),
      { numRuns: 200 },
    );
    expect(checked).toBeGreaterThan(60);
  });
});

describe("eventGraph", () => {
  it("has the pace that the order has when every block starts as early as it may", () => {
    let checked = 0;
    let tighter = 0;
    fc.assert(
      fc.property(SMALL, fc.integer({ min: 1, max: 3 }), (placement, stretch) => {
        const tight = found(placement, "modulo");
        if (tight === undefined) {
          return;
        }
        checked++;
        const repetend = tight.repetend.map((entry) => {
          return { ...entry, offset: entry.offset * stretch };
        });
        const schedule = { ...tight, period: tight.period * stretch, repetend };
        const { period } = pipelineSensitivity(placement, schedule);
        const turns = period.numerator / period.denominator;
        tighter += turns < schedule.period ? 1 : 0;
        // A multiple of the numbers of repetitions after which small orders repeat exactly.
        const [few, many] = [60, 120].map((repetitions) =>
          asEarlyAsPossible(placement, schedule, repetitions * schedule.microBatchesPerPeriod),
        );
        expect((many! - few!) / 60).toBeCloseTo(turns, 9);
      }),
      { numRuns: 60 },
    );
    expect(checked).toBeGreaterThan(30);
    expect(tighter).toBeGreaterThan(10);
  });
});

describe("pipelineSensitivity", () => {
  it("finds the one block that a pipeline waits for", () => {
    const v = shape("v", { devices: 4 });
    const slow = v.blocks.findIndex(({ id }) => id === "b2");
    const blocks = v.blocks.map((block, at) => ({ ...block, duration: at === slow ? 20 : 10 }));
    const placement = { ...v, blocks };
    const result = pipelineSensitivity(placement, found(placement, "1f1b")!);
    expect(result.period).toEqual({ numerator: 30, denominator: 1 });
    expect(result.single[0]).toEqual({
      blocks: [slow],
      period: { numerator: 28, denominator: 1 },
      derivative: { numerator: 1, denominator: 1 },
    });
    expect(result.together?.blocks).toEqual([slow]);
    expect(result.cycle.map(({ block }) => placement.blocks[block]?.id).sort()).toEqual([
      "b2",
      "f1",
    ]);
  });

  it("names the set to work on when no block helps alone", () => {
    const placement = shape("v", { devices: 4, memory: 4 });
    const { single, together } = pipelineSensitivity(placement, found(placement, "1f1b")!);
    expect(single.map(({ period }) => period)).toEqual([
      { numerator: 4, denominator: 1 },
      { numerator: 4, denominator: 1 },
    ]);
    expect(together?.blocks.map((block) => placement.blocks[block]?.id)).toEqual([
      "b0",
      "b1",
      "b2",
      "b3",
    ]);
    expect(together?.period).toEqual({ numerator: 37, denominator: 10 });
  });

  it("follows a cycle through dependencies when memory allows few micro-batches", () => {
    const placement = shape("v", { devices: 4, memory: 1, latency: 2 });
    const { cycle, period } = pipelineSensitivity(placement, found(placement, "modulo")!);
    expect(period).toEqual({ numerator: 28, denominator: 1 });
    expect(cycle).toHaveLength(8);
    expect(cycle.reduce((sum, { latency }) => sum + latency, 0)).toBe(12);
    expect(cycle.filter(({ link }) => link === "device")).toHaveLength(1);
  });

  it("never makes a period longer, and blocks off the cycle do not matter", () => {
    fc.assert(
      fc.property(SMALL, (placement) => {
        const schedule = found(placement, "modulo");
        if (schedule === undefined) {
          return;
        }
        const { period, single, together, cycle } = pipelineSensitivity(placement, schedule);
        for (const each of single) {
          expect(isGreater(each.period, period)).toBe(false);
        }
        expect(together !== undefined && isGreater(period, together.period)).toBe(true);
        const onCycle = new Set(cycle.map(({ block }) => block));
        const blocks = placement.blocks.map((block, at) => ({
          ...block,
          duration: block.duration * 10 - (onCycle.has(at) ? 0 : 1),
        }));
        const dependencies = placement.dependencies.map((each) => {
          return { ...each, latency: each.latency * 10 };
        });
        const repetend = schedule.repetend.map((entry) => {
          return { ...entry, offset: entry.offset * 10 };
        });
        const other = pipelineSensitivity(
          { ...placement, blocks, dependencies },
          { ...schedule, period: schedule.period * 10, repetend },
        );
        expect(other.period).toEqual(reduced(period.numerator * 10, period.denominator));
      }),
      { numRuns: 150 },
    );
  });

  it("agrees with running the order without noise", () => {
    for (const name of ["m", "nn", "k"]) {
      const placement = shape(name, { devices: 4, memory: 8 });
      const schedule = found(placement, "modulo")!;
      const { period } = pipelineSensitivity(placement, schedule);
      const { mean } = noisyPeriod(placement, schedule, { seed: 1, spread: 0, runs: 1 });
      expect(mean * schedule.microBatchesPerPeriod).toBeCloseTo(
        period.numerator / period.denominator,
        9,
      );
    }
  });
});
