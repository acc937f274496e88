import { describe, expect, it } from "vitest";
import { H100 } from "../../../src/cost/device-models/hopper.js";
import { scenariosOf } from "../../../src/cost/scenarios.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import type { GpuProfile } from "../../../src/profile/gpu/gpu-profile.js";
import { parseGpuProfile } from "../../../src/profile/gpu/gpu-profile-format.js";
import { measuredDeviceModel } from "../../../src/profile/gpu/measured-device-model.js";
import { measuredProblem } from "../../../src/profile/gpu/measured-problem.js";
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
