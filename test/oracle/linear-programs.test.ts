import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type LinearConstraint,
  type LinearTerm,
  type LinearVariable,
  solveLinearProgram,
} from "../../src/launcher/linear-program.js";
import type { Placement } from "../../src/placement/placement.js";
import { buildShape } from "../../src/placement/shapes/build-shape.js";
import { eventGraph } from "../../src/schedule/event-graph.js";
import type { PeriodicSchedule } from "../../src/schedule/pipeline-schedule.js";
import { pipelineSensitivity } from "../../src/schedule/pipeline-sensitivity.js";
import { steadyPeakMemory } from "../../src/schedule/verify-periodic-schedule.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { leastPeriodOf } from "../support/brute-force-period.js";
import { provingSearch } from "../support/default-search.js";
import { randomPlacement } from "../support/placements.js";
import { trainingPlacement } from "../support/training-placements.js";

const term = (variable: number, factor: number): LinearTerm => ({ variable, factor });

/**
 * The least period of a schedule's order: starts and period are the unknowns, each edge of the event
 * graph a row. The dual of the longest cycle.
 */
function leastPeriodOfOrder(placement: Placement, schedule: PeriodicSchedule): number {
  const { entries, first, from, distance, latency } = eventGraph(placement, schedule);
  const period = entries.length;
  const constraints: LinearConstraint[] = [];
  for (const node of entries.keys()) {
    for (let edge = first[node]!; edge < first[node + 1]!; edge++) {
      const source = from[edge]!;
      const least = placement.blocks[entries[source]!.block]!.duration + latency[edge]!;
      const terms = [term(node, 1), term(source, -1), term(period, distance[edge]!)];
      constraints.push({ terms, least });
    }
  }
  const starts = entries.map((): LinearVariable => ({ cost: 0 }));
  const outcome = solveLinearProgram({ variables: [...starts, { cost: 1 }], constraints });
  return outcome.kind === "optimal" ? outcome.cost : Number.NaN;
}

interface MemoryChange {
  readonly block: number;
  readonly after: number;
  readonly change: number;
}

function changesOn({ blocks, memoryRelease }: Placement, device: number): readonly MemoryChange[] {
  return blocks.flatMap(({ devices, memory, workspace, duration }, block) => {
    const after = memory < 0 && memoryRelease === "end" ? duration : 0;
    return devices.includes(device)
      ? [
          { block, after, change: memory },
          { block, after: 0, change: workspace },
          { block, after: duration, change: -workspace },
        ]
      : [];
  });
}

/** The least highest memory of a device when offsets stay and shifts are free, one per period. */
function leastPeakOfOffsets(placement: Placement, { period, repetend }: PeriodicSchedule): number {
  const { blocks, dependencies, devices } = placement;
  const offset = (block: number): number => repetend[block]!.offset;
  const peak = blocks.length;
  const constraints: LinearConstraint[] = dependencies.map(({ from, to, latency }) => {
    const gap = offset(from) + blocks[from]!.duration + latency - offset(to);
    return { terms: [term(to, 1), term(from, -1)], least: Math.ceil(gap / period) };
  });
  for (const device of devices.keys()) {
    const changes = changesOn(placement, device);
    for (const { block, after } of changes) {
      const at = (offset(block) + after) % period;
      // Change of x happened floor((at - time) / period) times, time = offset + after + shift * period.
      const fixed = changes.reduce((sum, other) => {
        const time = offset(other.block) + other.after;
        return sum + other.change * Math.floor((at - time) / period);
      }, 0);
      const terms = changes.map((other) => term(other.block, -other.change));
      constraints.push({ terms: [...terms, term(peak, -1)], most: -fixed });
    }
  }
  const shifts = blocks.map((): LinearVariable => ({ cost: 0, isInteger: true }));
  const outcome = solveLinearProgram({ variables: [...shifts, { cost: 1 }], constraints });
  return outcome.kind === "optimal" ? outcome.cost : Number.NaN;
}

/** Whether a period is possible, one micro-batch per period: which offset each block has. */
function fitsInto(placement: Placement, period: number): boolean {
  const { blocks, dependencies, devices } = placement;
  if (blocks.some(({ duration }) => duration > period)) {
    return false;
  }
  const steps = Array.from({ length: period }, (_, step) => step);
  const chosen = (block: number, step: number): number => block * (period + 1) + step;
  const shift = (block: number): number => chosen(block, period);
  const variables = blocks.flatMap(() =>
    [...steps, period].map((): LinearVariable => ({ cost: 0, isInteger: true })),
  );
  const time = (block: number, factor: number): LinearTerm[] => [
    ...steps.map((step) => term(chosen(block, step), factor * step)),
    term(shift(block), factor * period),
  ];
  const constraints: LinearConstraint[] = [
    ...blocks.map((_, block) => ({
      terms: steps.map((step) => term(chosen(block, step), 1)),
      least: 1,
      most: 1,
    })),
    ...blocks.map((_, block) => ({ terms: [term(shift(block), 1)], most: 2 * blocks.length })),
    ...dependencies.map(({ from, to, latency }) => ({
      terms: [...time(to, 1), ...time(from, -1)],
      least: blocks[from]!.duration + latency,
    })),
  ];
  for (const [device, { memory }] of devices.entries()) {
    for (const at of steps) {
      const running = blocks.flatMap(({ devices: own, duration }, block) =>
        steps
          .filter((step) => own.includes(device) && (at - step + period) % period < duration)
          .map((step) => term(chosen(block, step), 1)),
      );
      constraints.push({ terms: running, most: 1 });
      const level = changesOn(placement, device).flatMap(({ block, after, change }) => [
        ...steps.map((step) =>
          term(chosen(block, step), change * Math.floor((at - step - after) / period)),
        ),
        term(shift(block), -change),
      ]);
      if (memory !== undefined) {
        constraints.push({ terms: level, most: memory });
      }
    }
  }
  return solveLinearProgram({ variables, constraints }).kind === "optimal";
}

const MEDIUM = randomPlacement({ maxDevices: 6, maxBlocks: 20, maxDuration: 50, maxLatency: 9 });

const TINY = fc.oneof(
  randomPlacement({ maxDevices: 2, maxBlocks: 4, maxDuration: 2, maxLatency: 1 }),
  trainingPlacement({ maxStages: 2, maxDuration: 2 }),
);

describe("linear programs about pipelines", () => {
  it("give an order's least period, as the critical cycle does", () => {
    let checked = 0;
    fc.assert(
      fc.property(MEDIUM, fc.constantFrom("modulo", "greedy"), (placement, algorithm) => {
        const found = searchPipeline(algorithm, placement, 8);
        if (found.ok && found.value.periodic.repetend.length <= 40) {
          checked++;
          const { period } = pipelineSensitivity(placement, found.value.periodic);
          const least = leastPeriodOfOrder(placement, found.value.periodic);
          expect(least).toBeCloseTo(period.numerator / period.denominator, 6);
        }
      }),
      { numRuns: 60 },
    );
    expect(checked).toBeGreaterThan(20);
  });

  it.each([
    ["v", 8, 8],
    ["m", 6, 8],
    ["nn", 4, 6],
    ["k", 4, 4],
  ] as const)("find no better shifts for %s on %i devices", (name, devices, memory) => {
    const built = buildShape(name, { devices, memory });
    const placement = built.ok ? built.value : undefined;
    const found = placement === undefined ? undefined : provingSearch(placement);
    const periodic = found?.periodic;
    expect(periodic?.microBatchesPerPeriod).toBe(1);
    if (placement !== undefined && periodic !== undefined) {
      const peak = Math.max(...steadyPeakMemory(placement, periodic).map((each) => each ?? 0));
      expect(leastPeakOfOffsets(placement, periodic)).toBe(peak);
    }
  });

  it("agree with brute force and the search on which periods are possible", () => {
    let checked = 0;
    fc.assert(
      fc.property(TINY, (placement) => {
        const least = leastPeriodOf(placement, { copies: 1, longest: 6, waits: 1 });
        const found = provingSearch(placement);
        if (least !== Number.POSITIVE_INFINITY) {
          checked++;
          expect(fitsInto(placement, least)).toBe(true);
          const { period, microBatchesPerPeriod } = found?.periodic ?? {};
          if (found?.status === "optimal" && microBatchesPerPeriod === 1) {
            expect(period).toBe(least);
            expect(fitsInto(placement, least - 1)).toBe(false);
          }
        }
      }),
      // On some programs the branching of this solver takes minutes: the seed keeps to others.
      { numRuns: 40, seed: 1 },
    );
    expect(checked).toBeGreaterThan(15);
  });
});
