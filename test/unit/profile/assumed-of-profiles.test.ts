import { describe, expect, it } from "vitest";
import { H100 } from "../../../src/cost/device-models/hopper.js";
import { scenariosOf } from "../../../src/cost/scenarios.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import type { GpuLaunchCosts, GpuProfile } from "../../../src/profile/gpu/gpu-profile.js";
import { parseGpuProfile } from "../../../src/profile/gpu/gpu-profile-format.js";
import { measuredDeviceModel } from "../../../src/profile/gpu/measured-device-model.js";
import { measuredProblem } from "../../../src/profile/gpu/measured-problem.js";
import { gpuMakespan } from "../../../src/schedule/simulate-gpu.js";
import { GPU_PROFILE } from "../../support/gpu-profile.js";
import { graphOf } from "../../support/graphs.js";

const GPU = {
  index: 0,
  name: "NVIDIA H100 80GB HBM3",
  capability: [9, 0],
  multiprocessors: H100.sms,
  threadsPerMultiprocessor: H100.threadsPerSm,
  blocksPerMultiprocessor: H100.threadBlocksPerSm,
  registersPerMultiprocessor: H100.registersPerSm,
  sharedBytesPerMultiprocessor: H100.sharedBytesPerSm,
  sharedBytesPerBlock: 232_448,
  sharedBytesReservedPerBlock: 1024,
  threadsPerBlock: 1024,
  warpSize: 32,
  l2Bytes: H100.l2Bytes,
  memoryBytes: 2 ** 36,
  clockKhz: 1_980_000,
  memoryClockKhz: 2_619_000,
  memoryBusBits: 5120,
} as const;

const GRAPH = graphOf([{ after: [] }, { after: [] }]);

/** The graph alone: the profile is of operators one by one, so nothing else of the model is looked at. */
const LOWERED = { graph: GRAPH } as LoweredModel;

/** A profile of two operators whose device is assumed as an H100 is, with these pairs. */
function profileOf(pairs: GpuProfile["pairs"]): GpuProfile {
  const parsed = parseGpuProfile(JSON.stringify(GPU_PROFILE), "p.json");
  const profile = parsed.ok ? parsed.value : expect.fail();
  const names = GRAPH.operators.map(({ name }) => name);
  const operators = profile.operators.map((each, at) => ({ ...each, name: names[at] ?? "" }));
  const deviceModel = measuredDeviceModel(GPU, { chainNs: 2600, hopNs: 3000 });
  return { ...profile, operators, deviceModel, pairs };
}

describe("what is assumed of a device with a profile", () => {
  it("is not what was measured: floors, gaps and events", () => {
    const { ranges, kernelFloorNs, launchGapNs, eventNs } = measuredDeviceModel(GPU, {
      chainNs: 2600,
      hopNs: 3000,
    });
    expect([kernelFloorNs, launchGapNs, eventNs]).toEqual([1500, 1100, 1500]);
    expect(Object.keys(ranges ?? {}).sort()).toEqual(["dispatchNs", "interference", "sharing"]);
    const unknown = measuredDeviceModel({ ...GPU, name: "another GPU" }, { chainNs: 1, hopNs: 1 });
    expect(unknown.ranges).toBeUndefined();
  });

  it("has the kernel's part of a step as it was measured inside of kernels, and the rest as the gap", () => {
    const costs = { chainNs: 1250, hopNs: 3000, insideNs: 50, gapNs: 1210 };
    const { kernelFloorNs, launchGapNs, eventNs, sources } = measuredDeviceModel(GPU, costs);
    expect([kernelFloorNs, launchGapNs, eventNs]).toEqual([50, 1200, 2950]);
    expect(sources.kernelFloorNs).toContain("measured");
    const divided = measuredDeviceModel(GPU, { chainNs: 2600, hopNs: 3000 });
    expect(divided.sources.kernelFloorNs).toBe(H100.sources.kernelFloorNs);
    const unknown = measuredDeviceModel({ ...GPU, name: "another GPU" }, { chainNs: 1, hopNs: 1 });
    expect(unknown.sources.kernelFloorNs).toContain("assumed");
    // Notes cannot make a kernel longer than its step.
    const long = measuredDeviceModel(GPU, { chainNs: 1250, hopNs: 3000, insideNs: 1300 });
    expect([long.kernelFloorNs, long.launchGapNs]).toEqual([1250, 0]);
  });

  it("holds room while kernels run, and not in the gaps behind them", () => {
    // Two operators of one kernel each that fills the device, 3 us in a row of themselves.
    const profile = profileOf([]);
    const full = profile.operators.map((each) => ({
      ...each,
      nodes: each.nodes.map((node) => ({
        ...node,
        medianNs: 3000,
        kernels: node.kernels.map((kernel) => ({
          ...kernel,
          grid: [GPU.multiprocessors * 8, 1, 1],
          threadBlock: [256, 1, 1],
          registersPerThread: 32,
        })),
      })),
    }));
    const onTwo = (costs: GpuLaunchCosts): number => {
      const deviceModel = measuredDeviceModel(GPU, costs);
      const { work } = measuredProblem({ ...profile, operators: full, deviceModel }, LOWERED);
      const launches = GRAPH.operators.map(({ id }) => ({
        operator: id,
        stream: id as number,
        waits: [],
        record: false,
      }));
      return gpuMakespan(work, { algorithm: "by hand", streams: 2, launches });
    };
    const costs = { chainNs: 1250, hopNs: 3000 };
    // 1.8 us each: the second takes the room when the first is done, and nothing is behind it.
    expect(onTwo({ ...costs, insideNs: 50 })).toBe(3600);
    // As if the 1.25 us of a step were all of the kernel.
    expect(onTwo(costs)).toBe(6000);
  });

  it("is not what neighbors cost where pairs were measured", () => {
    const without = measuredProblem(profileOf([]), LOWERED);
    expect(scenariosOf(without.device).map(({ interference }) => interference)).toEqual([0.1, 0]);
    const timing = { medianNs: 9000, p10Ns: 9000, p90Ns: 9000, samples: 5 };
    const operators = GRAPH.operators.map(({ name }) => name);
    const pairs = [{ operators, apart: timing, together: { ...timing, medianNs: 5000 } }];
    const { device } = measuredProblem(profileOf(pairs), LOWERED);
    expect(Object.keys(device.ranges ?? {}).sort()).toEqual(["dispatchNs", "sharing"]);
    for (const scenario of scenariosOf(device)) {
      expect(scenario.interference).toBeUndefined();
    }
  });
});
