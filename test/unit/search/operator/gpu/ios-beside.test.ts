import { describe, expect, it } from "vitest";
import { V100 } from "../../../../../src/cost/device-models/ampere-and-before.js";
import { type GpuProblem, gpuProblemOf } from "../../../../../src/schedule/gpu-problem.js";
import { searchGpuSchedules } from "../../../../../src/search/operator/gpu/gpu-candidates.js";
import { leadsAsStart } from "../../../../../src/search/operator/gpu/gpu-search.js";
import { searchBesideIos } from "../../../../../src/search/operator/gpu/ios-beside.js";
import { searchSequential } from "../../../../../src/search/operator/sequential.js";
import { graphOf } from "../../../../support/graphs.js";
import { randomKernels } from "../../../../support/kernels.js";

/** Rows of three operators, each after two of the row before: one part, and no chains in it. */
function lattice(rows: number, seed: number): GpuProblem {
  const nodes = Array.from({ length: 3 * rows }, (_, id) => {
    const row = Math.floor(id / 3);
    const above = 3 * (row - 1);
    return { after: row === 0 ? [] : [above + (id % 3), above + ((id + 1) % 3)] };
  });
  return gpuProblemOf(graphOf(nodes), randomKernels(nodes.length, V100, seed), V100, "estimated");
}

describe("IOS in a thread beside our search", () => {
  it.each([1, 2, 3, 4, 5, 6])("gives the same candidates (seed %i)", async (seed) => {
    for (const [rows, maxStreams] of [
      [3, 128],
      [8, 128],
      [8, 2],
    ] as const) {
      const problem = lattice(rows, seed);
      const options = { effort: 20_000, maxStreams };
      expect(await searchBesideIos(problem, options)).toEqual(searchGpuSchedules(problem, options));
    }
  });

  it("leads only where it is faster than every rival", () => {
    const problem = lattice(8, 1);
    const sequential = searchSequential(problem);
    const [best] = searchGpuSchedules(problem, { effort: 20_000 }).ranked;
    expect(best!.algorithm).toBe("top-compile");
    expect(leadsAsStart(problem, best!.schedule, [sequential])).toBe(true);
    expect(leadsAsStart(problem, sequential, [best!.schedule])).toBe(false);
    expect(leadsAsStart(problem, sequential, [sequential])).toBe(false);
  });
});
