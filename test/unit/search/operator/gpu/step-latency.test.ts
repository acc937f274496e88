import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { V100 } from "../../../../../src/cost/device-models/ampere-and-before.js";
import { operatorId } from "../../../../../src/ir/operator-graph.js";
import { gpuProblemOf } from "../../../../../src/schedule/gpu-problem.js";
import { gpuMakespan } from "../../../../../src/schedule/simulate-gpu.js";
import { stepLatencyOn } from "../../../../../src/search/operator/gpu/step-latency.js";
import { graphOf } from "../../../../support/graphs.js";
import { randomKernels, withoutEvery } from "../../../../support/kernels.js";

describe("stepLatencyOn", () => {
  it("gives a step the time of its schedule in the simulator, and its barrier", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        (sizes, seed) => {
          const count = sizes.reduce((sum, size) => sum + size, 0);
          const kernels = randomKernels(count, V100, seed);
          const graph = graphOf(Array.from({ length: count }, () => ({})));
          const problem = gpuProblemOf(graph, kernels, V100, "estimated");
          let next = 0;
          const groups = sizes.map((size) => Array.from({ length: size }, () => next++));
          const launches = groups.flatMap((group, stream) =>
            group.map((id) => ({ operator: operatorId(id), stream, waits: [], record: false })),
          );
          const schedule = { algorithm: "step", streams: groups.length, launches };
          const barrier = groups.length > 1 ? V100.eventNs : V100.launchGapNs;
          expect(stepLatencyOn(problem)(groups)).toBe(
            gpuMakespan(problem.work, schedule) + barrier,
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it("counts the width of the fork and the join of as many groups", () => {
    const device = { ...V100, widths: [{ streams: 2, ns: 300 }] };
    const kernels = randomKernels(3, device, 7);
    const graph = graphOf([{}, {}, {}]);
    const latencyOn = (model: typeof V100) =>
      stepLatencyOn(gpuProblemOf(graph, kernels, model, "estimated"));
    for (const [groups, ns] of [
      [[[0, 1, 2]], 0],
      [[[0, 1], [2]], 0],
      [[[0], [1], [2]], 2 * 300],
    ] as const) {
      expect(latencyOn(device)(groups)).toBe(latencyOn(V100)(groups) + ns);
    }
  });

  it("counts nothing for operators that launch nothing", () => {
    const kernels = randomKernels(6, V100, 7);
    const graph = graphOf(Array.from({ length: 6 }, () => ({})));
    const latencyOf = (launched: typeof kernels) =>
      stepLatencyOn(gpuProblemOf(graph, launched, V100, "estimated"));
    const some = latencyOf(withoutEvery(2, kernels));
    expect(some([[0, 1, 2, 3, 4]])).toBe(latencyOf(kernels)([[1, 3]]));
    expect(some([[0, 2], [4]])).toBe(0);
    expect(some([[0], [1], [2]])).toBe(some([[1]]) - V100.launchGapNs + V100.eventNs);
  });
});
