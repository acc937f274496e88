/** Forks and joins by hand, on a device where width costs. */
import { describe, expect, it } from "vitest";
import { V100 } from "../../../src/cost/device-models/ampere-and-before.js";
import { operatorId } from "../../../src/ir/operator-graph.js";
import { gpuWorkOf } from "../../../src/schedule/gpu-work.js";
import { simulateGpu } from "../../../src/schedule/simulate-gpu.js";
import { kernel } from "../../support/kernels.js";

// A gap of 1 us, an event of 2 us; a fork to two other streams and a join of two cost 0.4 us each.
const DEVICE = {
  ...V100,
  launchGapNs: 1000,
  eventNs: 2000,
  widths: [{ streams: 2, ns: 400 }],
};

/** Starts of operators of 10 us and one thread block: each given as its stream and what it waits for. */
function startsOf(
  launches: readonly (readonly [stream: number, waits: readonly number[]])[],
  device = DEVICE,
): readonly number[] {
  const kernels = launches.map(() => [kernel(10_000, { threadBlocks: 1 })]);
  const none = { arithmetic: 0, mixed: 0, bandwidth: 0 };
  const timeline = simulateGpu(gpuWorkOf(kernels, device, none), {
    algorithm: "by hand",
    streams: 1 + Math.max(...launches.map(([stream]) => stream)),
    launches: launches.map(([stream, waits], id) => ({
      operator: operatorId(id),
      stream,
      waits: waits.map(operatorId),
      record: true,
    })),
  });
  return [...timeline.operatorStartNs];
}

const FORK = [
  [0, []],
  [0, []],
  [1, [0]],
  [2, [0]],
] as const;

describe("width in the simulator", () => {
  it("delays all of a wide fork, and a wide join", () => {
    // 10 us, an event, 0.4 us for the fork; then the same for the join of the two.
    expect(startsOf([...FORK, [0, [2, 3]]])).toEqual([0, 11_000, 12_400, 12_400, 24_800]);
    const { widths: _, ...plain } = DEVICE;
    expect(startsOf([...FORK, [0, [2, 3]]], plain as typeof DEVICE)).toEqual([
      0, 11_000, 12_000, 12_000, 24_000,
    ]);
  });

  it("counts each side for itself: a wide fork that is joined one by one", () => {
    expect(startsOf([...FORK, [0, [2]], [0, [3]]])).toEqual([
      0, 11_000, 12_400, 12_400, 24_400, 35_400,
    ]);
  });

  it("costs chains nothing but the event", () => {
    expect(
      startsOf([
        [0, []],
        [1, [0]],
        [0, [1]],
      ]),
    ).toEqual([0, 12_000, 24_000]);
  });

  it("counts streams that wait, not operators: what the first one waits for the second need not", () => {
    expect(
      startsOf([
        [0, []],
        [1, [0]],
        [1, [0]],
      ]),
    ).toEqual([0, 12_000, 23_000]);
  });

  it("counts no wait that others imply", () => {
    const implied = [
      [0, []],
      [0, []],
      [1, [1]],
      [2, [2]],
    ] as const;
    const needless = [
      [0, []],
      [0, []],
      [1, [0, 1]],
      [2, [0, 1, 2]],
    ] as const;
    expect(startsOf(needless)).toEqual(startsOf(implied));
    expect(startsOf(implied)).toEqual([0, 11_000, 23_000, 35_000]);
  });
});
