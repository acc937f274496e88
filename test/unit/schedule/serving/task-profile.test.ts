import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { H200 } from "../../../../src/cost/device-models/hopper.js";
import type { Kernel } from "../../../../src/cost/kernel.js";
import { joinTasks } from "../../../../src/ir/join-tasks.js";
import { gpuProblemOf } from "../../../../src/schedule/gpu-problem.js";
import { simulateServing } from "../../../../src/schedule/serving/simulate-serving.js";
import {
  foldProfile,
  profileNs,
  taskProfileOf,
} from "../../../../src/schedule/serving/task-profile.js";
import { gpuMakespan, simulateGpu } from "../../../../src/schedule/simulate-gpu.js";
import { sideBySide } from "../../../../src/search/operator/gpu/side-by-side.js";
import { searchOpara } from "../../../../src/search/operator/opara.js";
import { searchSequential } from "../../../../src/search/operator/sequential.js";
import { inceptionLike } from "../../../support/graphs.js";
import { NO_INTERFERENCE, policyOf, profileOf } from "../../../support/serving.js";

const graph = inceptionLike(2);

/** Kernels that fill part of the device and use some of its bandwidth and arithmetic. */
function kernelsOf(threadBlocks: number, use: number): readonly (readonly Kernel[])[] {
  return graph.operators.map((_, at) => [
    {
      threadBlocks,
      threadsPerBlock: 256,
      registersPerThread: 32,
      sharedBytesPerBlock: 0,
      durationNs: 4000 + 1000 * (at % 5),
      flops: 0,
      bytes: (use * H200.memoryBandwidth * (4000 + 1000 * (at % 5))) / 1e9,
      arithmetic: "float32",
    },
  ]);
}

const small = gpuProblemOf(graph, kernelsOf(16, 0.05), H200, "estimated", NO_INTERFERENCE);
const large = gpuProblemOf(graph, kernelsOf(132, 0.9), H200, "estimated", NO_INTERFERENCE);

describe("taskProfileOf", () => {
  it.each([
    ["sequential", searchSequential],
    ["opara", searchOpara],
  ] as const)(
    "of a schedule of %s takes what the simulator says, and does its work",
    (_, search) => {
      for (const problem of [small, large]) {
        const schedule = search(problem);
        const profile = taskProfileOf(problem.work, schedule);
        const timeline = simulateGpu(problem.work, schedule);
        expect(Math.round(profileNs(profile))).toBe(timeline.makespanNs);
        for (const [resource, use] of [
          ["capacity", profile.share],
          ["bandwidth", profile.bandwidth],
        ] as const) {
          const done = profile.ns.reduce((sum, ns, at) => sum + ns * use[at]!, 0);
          const share = done / profileNs(profile);
          expect(Math.abs(share - timeline.utilization[resource])).toBeLessThan(1e-9);
        }
      }
    },
  );

  it("has the gaps between kernels as stages that use nothing", () => {
    const profile = taskProfileOf(small.work, searchSequential(small));
    const gaps = profile.ns.filter((_, at) => profile.share[at] === 0);
    expect(gaps.length).toBe(graph.operators.length - 1);
    expect(gaps.every((ns) => Math.abs(ns - H200.launchGapNs) < 1e-6)).toBe(true);
  });

  it.each([
    ["that fit next to each other", small],
    ["that fill the device", large],
  ] as const)("makes tasks %s run as their kernels do", (_, problem) => {
    for (const copies of [2, 3]) {
      const schedule = searchSequential(problem);
      const joint = joinTasks(
        Array.from({ length: copies }, (__, at) => ({ graph, prefix: `t${at}:`, done: 0 })),
      );
      const kernels = Array.from(joint.origin, (operator) => problem.kernels[operator]!);
      const { work } = gpuProblemOf(joint.graph, kernels, H200, "estimated", NO_INTERFERENCE);
      const exact = gpuMakespan(
        work,
        sideBySide(
          joint,
          Array.from({ length: copies }, () => schedule),
        ),
      );
      const run = { batch: 1, profile: taskProfileOf(problem.work, schedule), workspaceBytes: 0 };
      const { endNs } = simulateServing(
        {
          device: { kind: "gpu", interference: NO_INTERFERENCE },
          models: [{ name: "m", residentBytes: 0, variants: [{ name: "s", runs: [run] }] }],
        },
        [new Float64Array(copies)],
        policyOf([{ concurrency: copies }]),
      );
      // One kernel at a time each: stages are kernels and gaps, and nothing is averaged.
      expect(Math.abs(Math.max(...endNs[0]!) - exact)).toBeLessThanOrEqual(1);
    }
  });
});

describe("foldProfile", () => {
  it("keeps the time and the use of every resource", () => {
    const stage = fc.record({
      ns: fc.integer({ min: 1, max: 1000 }),
      share: fc.constantFrom(0, 0.2, 1),
      arithmetic: fc.constantFrom(0, 0.5),
      bandwidth: fc.constantFrom(0.1, 0.9),
    });
    const lists = fc.array(stage, { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 12 }), (stages, most) => {
        const whole = profileOf(...stages);
        const folded = foldProfile(whole, most);
        expect(folded.ns.length).toBe(Math.min(most, stages.length));
        const sums = [whole, folded].map((profile) =>
          [profile.ns.map(() => 1), profile.share, profile.arithmetic, profile.bandwidth].map(
            (use) => profile.ns.reduce((sum, ns, at) => sum + ns * use[at]!, 0),
          ),
        );
        for (const [at, sum] of sums[0]!.entries()) {
          expect(Math.abs(sums[1]![at]! - sum)).toBeLessThan(1e-9 * (1 + sum));
        }
      }),
    );
  });
});
