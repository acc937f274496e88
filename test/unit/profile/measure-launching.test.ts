/** Launch costs on a device whose costs are known: the simulator's. */
import { describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import { ok } from "../../../src/core/result.js";
import { V100 } from "../../../src/cost/device-models/ampere-and-before.js";
import type { WidthCost } from "../../../src/cost/width-costs.js";
import { measureLaunching, NOTHINGS_NEEDED } from "../../../src/profile/gpu/measure-launching.js";
import { measuredDeviceModel } from "../../../src/profile/gpu/measured-device-model.js";
import type { HelperSchedule } from "../../../src/runtime/cuda/client/nodes.js";
import type { MeasureRequest } from "../../../src/runtime/cuda/client/protocol.js";
import { GpuEngine } from "../../../src/schedule/gpu-engine.js";
import { gpuArcsOf } from "../../../src/schedule/gpu-streams.js";
import { gpuWorkOf } from "../../../src/schedule/gpu-work.js";
import { kernel } from "../../support/kernels.js";
import { stampedChainOf } from "../../support/stamped-chain.js";

interface Costs {
  readonly floorNs: number;
  readonly gapNs: number;
  readonly eventNs: number;
  readonly dispatchNs: number;
  /** What a graph takes to start and end. */
  readonly startNs: number;
  /** What wide forks, and wide joins, take more than an event. */
  readonly widths?: readonly WidthCost[];
}

/** The time of one of many copies of a schedule that follow each other. */
function timeOf({ launches }: HelperSchedule, costs: Costs): number {
  const { floorNs, gapNs, eventNs, dispatchNs, startNs, widths = [] } = costs;
  const device = { ...V100, launchGapNs: gapNs, eventNs, dispatchNs, widths };
  const number = new Map(launches.map(({ node }, i) => [node, i] as const));
  const numbers = (nodes: readonly number[]) => nodes.map((node) => present(number.get(node), "n"));
  const before = launches.map(({ after = [] }) => numbers(after));
  const behind = launches.map((_, i) =>
    launches.flatMap((_, k) => (before[k]?.includes(i) ? [k] : [])),
  );
  const work = gpuWorkOf(
    launches.map(() => [kernel(floorNs, { threadBlocks: 1 })]),
    device,
    { arithmetic: 0, mixed: 0, bandwidth: 0 },
  );
  const waits = { predecessors: gpuArcsOf(before), successors: gpuArcsOf(behind) };
  const streamOf = Int32Array.from(launches, ({ stream = 0 }) => stream);
  const order = Int32Array.from(launches.keys());
  const streams = Math.max(...streamOf) + 1;
  return new GpuEngine(work, waits).run({ order, streamOf, streams }) + gapNs + startNs;
}

function measured(costs: Costs) {
  const session = {
    nothings: Array.from({ length: NOTHINGS_NEEDED }, (_, i) => i + 100),
    measure: async ({ schedules }: Omit<MeasureRequest, "prelude">) =>
      ok(schedules.map((each) => [timeOf(each, costs) / 1000])),
    stampedChain: async () => ok(stampedChainOf(costs.floorNs, costs.gapNs)),
  };
  return measureLaunching(session).then((found) =>
    present(found.ok ? found.value : undefined, "costs"),
  );
}

const GPU = {
  index: 0,
  name: "another GPU",
  capability: [9, 0],
  multiprocessors: 10,
  threadsPerMultiprocessor: 2048,
  blocksPerMultiprocessor: 32,
  registersPerMultiprocessor: 65_536,
  sharedBytesPerMultiprocessor: 233_472,
  sharedBytesPerBlock: 232_448,
  sharedBytesReservedPerBlock: 1024,
  threadsPerBlock: 1024,
  warpSize: 32,
  l2Bytes: 2 ** 25,
  memoryBytes: 2 ** 36,
  clockKhz: 1_980_000,
  memoryClockKhz: 2_619_000,
  memoryBusBits: 5120,
} as const;

const PLAIN: Costs = { floorNs: 1200, gapNs: 300, eventNs: 1900, dispatchNs: 0, startNs: 0 };

describe("launch costs", () => {
  it("are those of the device: a step, a hop, no fork, no dispatch", async () => {
    const { chainNs, hopNs, pairNs, insideNs, gapNs, forks } = await measured(PLAIN);
    expect({ chainNs, hopNs, pairNs }).toEqual({ chainNs: 1500, hopNs: 3100, pairNs: 0 });
    // The step, divided.
    expect({ insideNs, gapNs }).toEqual({ insideNs: 1200, gapNs: 300 });
    // From a kernel to the next and to the last one of its own stream; more branches wait across.
    expect(forks?.map(({ ns }) => ns)).toEqual([4500, 7700, 7700, 7700, 7700, 7700]);
  });

  it("have hops that do not depend on what a graph takes to start and to end", async () => {
    const { hopNs, chainNs } = await measured({ ...PLAIN, startNs: 6400 });
    // Shared by the 64 kernels of the chain.
    expect(chainNs).toBe(1600);
    expect(hopNs - chainNs).toBe(1600);
  });

  it("have no hop where waiting across costs what a step does", async () => {
    const { hopNs, chainNs } = await measured({ ...PLAIN, eventNs: 300 });
    expect(hopNs).toBe(chainNs);
  });

  it.each([
    ["at once", 0],
    ["one by one", 60],
  ])("show what wide forks and joins take where kernels start %s", async (_, dispatchNs) => {
    const widths = [
      { streams: 3, ns: 250 },
      { streams: 7, ns: 400 },
      { streams: 15, ns: 900 },
      { streams: 31, ns: 1000 },
    ];
    const costs = await measured({ ...PLAIN, dispatchNs, widths });
    const model = measuredDeviceModel(GPU, { ...costs, dispatchNs });
    expect(model).toMatchObject({ kernelFloorNs: 1200, launchGapNs: 300, eventNs: 1900, widths });
    expect(model.sources.widths).toBeDefined();
    expect(measuredDeviceModel(GPU, await measured(PLAIN)).widths).toBeUndefined();
  });

  it("show how fast kernels can start", async () => {
    for (const dispatchNs of [100, 250, 700]) {
      expect((await measured({ ...PLAIN, dispatchNs })).dispatchNs).toBe(dispatchNs);
    }
    // Of 32 chains that nothing holds up, no more can be said than their own pace.
    expect((await measured(PLAIN)).dispatchNs).toBe(Math.round(1500 / 32));
  });
});
