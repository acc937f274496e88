import { describe, expect, it } from "vitest";
import { USUAL_GRIDS } from "../../../../../src/cost/device-model.js";
import { H200 } from "../../../../../src/cost/device-models/hopper.js";
import { gpuProblemOf } from "../../../../../src/schedule/gpu-problem.js";
import { searchGpuSchedules } from "../../../../../src/search/operator/gpu/gpu-candidates.js";
import { forkJoin } from "../../../../support/graphs.js";
import { kernel } from "../../../../support/kernels.js";

const BRANCHES = 300;
const graph = forkJoin(Array(BRANCHES).fill(1));

function search(maxStreams?: number, residentGrids: number | undefined = H200.residentGrids) {
  const { residentGrids: _, ...device } = H200;
  const own = residentGrids === undefined ? device : { ...device, residentGrids };
  const kernels = graph.operators.map(() => [kernel(5000)]);
  const problem = gpuProblemOf(graph, kernels, own, "estimated");
  return searchGpuSchedules(problem, {
    effort: 20_000,
    algorithms: ["sequential", "opara", "wavefront", "top-compile"],
    ...(maxStreams === undefined ? {} : { maxStreams }),
  }).ranked;
}

describe("streams of schedules for a GPU", () => {
  it.each([
    ["as many as the device runs kernels at a time", undefined, 128, 128],
    ["as many as usual where the device does not say", undefined, undefined, USUAL_GRIDS],
    ["fewer of a device that runs fewer", undefined, 16, 16],
    ["fewer where the user says so", 3, 128, 3],
    ["one where the user says so", 1, 128, 1],
    ["never more than the device runs", 4096, 128, 128],
  ])("are %s", (_, maxStreams, residentGrids, most) => {
    const ranked = search(maxStreams, residentGrids);
    for (const { schedule } of ranked) {
      expect(schedule.streams).toBeLessThanOrEqual(most);
    }
    const opara = ranked.find(({ algorithm }) => algorithm === "opara");
    expect(opara?.schedule.streams).toBe(most);
    expect(ranked[0]?.predictedNs).toBe(
      ranked.find(({ algorithm }) => algorithm === "top-compile")?.predictedNs,
    );
  });
});
