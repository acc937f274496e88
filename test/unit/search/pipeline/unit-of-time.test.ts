/** Durations in any unit, and durations that are nearly equal. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../../src/placement/shapes/build-shape.js";
import { PIPELINE_ALGORITHMS } from "../../../../src/schedule/pipeline-algorithm-names.js";
import type { PipelineOutcome } from "../../../../src/schedule/pipeline-outcome.js";
import { verifyPeriodicSchedule } from "../../../../src/schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../../../src/search/pipeline/algorithms.js";
import { twinOf } from "../../../../src/search/pipeline/cyclic/twins.js";
import { paretoFront } from "../../../../src/search/pipeline/pareto.js";
import { unitOfTime } from "../../../../src/search/pipeline/unit-of-time.js";
import { randomPlacement } from "../../../support/placements.js";

function shape(name: string, options: ShapeOptions): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(JSON.stringify(built.error));
  }
  return built.value;
}

function withTimes(placement: Placement, timeOf: (time: number, at: number) => number): Placement {
  return {
    ...placement,
    blocks: placement.blocks.map((block, at) => ({
      ...block,
      duration: timeOf(block.duration, at),
    })),
    dependencies: placement.dependencies.map((each, at) => ({
      ...each,
      latency: each.latency === 0 ? 0 : timeOf(each.latency, at),
    })),
  };
}

function found(placement: Placement, maxNodes?: number): PipelineOutcome {
  const outcome = searchPipeline("top-compile", placement, 6, { maxNodes });
  if (!outcome.ok) {
    throw new Error(JSON.stringify(outcome.error));
  }
  expect(verifyPeriodicSchedule(placement, outcome.value.periodic)).toEqual([]);
  expect(verifyPipelineSchedule(placement, outcome.value.whole)).toEqual([]);
  return outcome.value;
}

const rateOf = ({ periodic }: PipelineOutcome): number =>
  periodic.period / periodic.microBatchesPerPeriod;

describe("the unit of time", () => {
  it("multiplies every time of what any algorithm finds, and nothing else", () => {
    fc.assert(
      fc.property(
        randomPlacement({ maxBlocks: 6 }),
        fc.constantFrom(2, 7, 1000),
        fc.constantFrom(...PIPELINE_ALGORITHMS),
        (placement, unit, algorithm) => {
          const longer = withTimes(placement, (time) => time * unit);
          const options = { maxNodes: 2000 };
          const one = searchPipeline(algorithm, placement, 3, options);
          const other = searchPipeline(algorithm, longer, 3, options);
          expect(other.ok).toBe(one.ok);
          if (!one.ok || !other.ok) {
            return;
          }
          const { periodic, whole, boundEach, status } = one.value;
          expect(other.value.periodic.period).toBe(periodic.period * unit);
          expect(other.value.periodic.repetend).toEqual(
            periodic.repetend.map((each) => ({ ...each, offset: each.offset * unit })),
          );
          expect(other.value.whole.instances).toEqual(
            whole.instances.map((each) => ({
              ...each,
              start: each.start * unit,
              end: each.end * unit,
            })),
          );
          expect(other.value.status).toBe(status);
          expect(other.value.boundEach.numerator * boundEach.denominator).toBe(
            boundEach.numerator * unit * other.value.boundEach.denominator,
          );
          expect(other.value.leastUpTo).toBe(
            unitOfTime(longer) === 1 ? one.value.leastUpTo : undefined,
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is the greatest that divides all times", () => {
    const placement = shape("v", { devices: 3, forward: 12, backward: 30, latency: 8 });
    expect(unitOfTime(placement)).toBe(2);
    expect(unitOfTime(shape("v", { devices: 3 }))).toBe(1);
  });

  it("does not matter to periods against memory", () => {
    const placement = shape("v", { devices: 3 });
    const options = { maxNodes: 5000, seed: 1 };
    const longer = paretoFront(
      withTimes(placement, (time) => time * 1000),
      options,
    );
    expect(longer).toEqual(
      paretoFront(placement, options).map((point) => ({ ...point, period: point.period * 1000 })),
    );
  });
});

describe("durations that are nearly equal", () => {
  // Least times for each of equal ones: memory 3 of v 16 / 3, memory 7 of v on eight devices with 1 and 2: 4; zb-h 10 / 3.
  const CASES: readonly (readonly [string, ShapeOptions, number])[] = [
    ["v", { devices: 4, memory: 3 }, 16 / 3],
    ["v", { devices: 8, forward: 1, backward: 2, memory: 7 }, 4],
    ["zb-h", { devices: 4, forward: 1, backward: 1, weight: 1, memory: 3 }, 10 / 3],
  ];
  it.each(CASES)("%s %o: %d for each within a thousandth", (name, options, each) => {
    const noise = [3, -7, 10, 0, -10, 6, 9, -4, 1, -2, 5];
    const noisy = withTimes(
      shape(name, options),
      (time, at) => time * 100_000 + (noise[at % noise.length] ?? 0),
    );
    expect(unitOfTime(noisy)).toBe(1);
    expect(rateOf(found(noisy, 200_000))).toBeLessThanOrEqual(each * 100_000 * 1.001);
  });

  // Least makespans by CP-SAT, which proved them.
  it.each([
    ["interleaved-1f1b", { devices: 4, chunks: 2, forward: 1, backward: 2, memory: 5 }, 8, 75],
    ["v", { devices: 4, memory: 3 }, 8, 52],
  ] as const)("%s %o, %i micro-batches: %i within a thousandth", (name, options, count, least) => {
    const noise = [1, -1, 0, 1, 1, 0, -1];
    const noisy = withTimes(
      shape(name, options),
      (time, at) => time * 10_000 + (noise[at % noise.length] ?? 0) * time,
    );
    const outcome = searchPipeline("top-compile", noisy, count, { maxNodes: 100_000 });
    const whole = outcome.ok ? outcome.value.whole : undefined;
    expect(whole && verifyPipelineSchedule(noisy, whole)).toEqual([]);
    expect(whole?.makespan).toBeLessThanOrEqual(least * 10_000 * 1.001);
  });

  it("have a twin of small ones", () => {
    const placement = shape("v", { devices: 4, memory: 3, forward: 10_001, backward: 29_998 });
    expect(twinOf(placement)?.placement.blocks.map(({ duration }) => duration)).toEqual([
      1, 1, 1, 1, 3, 3, 3, 3,
    ]);
    // Thirds of the shortest: 2 and 3 and 4 as 6, 9 and 12 halves of thirds.
    const thirds = { devices: 1, forward: 3_000, backward: 1_999, latency: 1 };
    expect(twinOf(shape("v", thirds))?.placement.blocks.map(({ duration }) => duration)).toEqual([
      3, 2,
    ]);
  });
});
