import { describe, expect, it } from "vitest";
import type { Placement } from "../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../src/placement/shapes/build-shape.js";
import { PIPELINE_ALGORITHMS } from "../../src/schedule/pipeline-algorithm-names.js";
import { searchPipeline } from "../../src/search/pipeline/algorithms.js";
import { leastMakespan } from "../support/brute-force-pipeline.js";
import { familySchedules } from "../support/family-schedules.js";

function shape(name: string, options: ShapeOptions): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

/**
 * Shape, devices, memory; makespans of 16 and 32 micro-batches that the published Tessel and
 * Tessel-fast reached, the better of both.
 */
const TESSEL: readonly (readonly [string, number, number, number, number])[] = [
  ["v", 4, 4, 85, 149],
  ["v", 4, 3, 139, 267],
  ["v", 4, 2, 142, 270],
  ["v", 4, 20, 76, 140],
  ["v", 5, 5, 92, 156],
  ["v", 6, 20, 88, 152],
  ["k", 4, 3, 104, 200],
  ["k", 4, 20, 100, 196],
  ["k", 6, 20, 115, 211],
  ["m", 4, 4, 121, 233],
  ["m", 4, 5, 121, 233],
  ["m", 4, 6, 108, 204],
  ["m", 5, 20, 121, 217],
  ["m", 6, 20, 137, 233],
  ["nn", 4, 6, 140, 268],
  ["nn", 5, 20, 148, 276],
  ["nn-eager", 4, 6, 140, 268],
  ["mllm", 4, 6, 140, 268],
  ["x", 4, 4, 142, 270],
  ["x", 4, 20, 150, 278],
  ["finetune", 4, 6, 75, 139],
  ["alphafold", 4, 6, 105, 201],
];

describe("makespans against the published ones", () => {
  it.each(TESSEL)("%s on %i devices, memory %i: at most %i and %i", (...row) => {
    const [name, devices, memory, sixteen, thirtyTwo] = row;
    const placement = shape(name, { devices, memory });
    const makespan = (count: number): number => {
      const found = searchPipeline("top-compile", placement, count, { maxNodes: 30_000 });
      return found.ok ? found.value.whole.makespan : Number.POSITIVE_INFINITY;
    };
    expect(makespan(16)).toBeLessThanOrEqual(sixteen);
    expect(makespan(32)).toBeLessThanOrEqual(thirtyTwo);
  });
});

describe("the default against every other algorithm", () => {
  const UNEQUAL = { forward: 20, backward: 18, weight: 9 };
  it.each([
    ["v", { devices: 8, memory: 8, forward: 20, backward: 27, latency: 1 }, 16],
    ["x", { devices: 4, memory: 4 }, 8],
    ["m", { devices: 4, memory: 4 }, 16],
    ["k", { devices: 4, memory: 6 }, 8],
    ["alphafold", { devices: 4, memory: 6 }, 8],
    ["interleaved-1f1b", { devices: 4, memory: 11, forward: 20, backward: 27, latency: 2 }, 16],
    ["zb-h", { devices: 8, memory: 16, ...UNEQUAL, latency: 1 }, 16],
    ["zb-v", { devices: 4, memory: 8, ...UNEQUAL, latency: 2 }, 16],
    ["dualpipe", { devices: 4, memory: 4, ...UNEQUAL, latency: 1 }, 16],
  ] as const)("%s %o, %i micro-batches: nobody is shorter", (name, options, count) => {
    const placement = shape(name, options);
    const [ours = Number.POSITIVE_INFINITY, ...others] = PIPELINE_ALGORITHMS.map((algorithm) => {
      const found = searchPipeline(algorithm, placement, count, { maxNodes: 20_000 });
      return found.ok ? found.value.whole.makespan : Number.POSITIVE_INFINITY;
    });
    expect(ours).toBeLessThanOrEqual(Math.min(...others));
  });
});

describe("families against brute force", () => {
  it.each([
    ["zb-h", { devices: 2 }, 2],
    ["zb-h", { devices: 2, memory: 2, latency: 1 }, 2],
    ["zb-v", { devices: 2 }, 1],
    ["x", { devices: 2, forward: 1, backward: 1 }, 1],
    ["x", { devices: 2, forward: 1, backward: 2, memory: 2 }, 2],
    ["v", { devices: 2, memory: 2 }, 3],
  ] as const)("%s %o, %i micro-batches: the best family has the least makespan", (...row) => {
    const [name, options, count] = row;
    const placement = shape(name, options);
    const least = leastMakespan(placement, count);
    const makespans = familySchedules(placement, count).map(({ makespan }) => makespan);
    expect(Math.min(...makespans)).toBe(least);
  });
});
