import { describe, expect, it } from "vitest";
import {
  crossingProbe,
  type Probe,
  type ProbeRun,
  segmentProbe,
  signalProbe,
} from "../../../src/profile/worker-probes.js";
import type { SegmentTime } from "../../../src/runtime/cpu-executor.js";
import { tensorBytes } from "../../../src/runtime/tensor-data.js";
import { routesOf, type WorkerPlan } from "../../../src/runtime/worker-plan.js";

/** Workers that take exactly these times. */
interface Costs {
  readonly segmentNs: number;
  readonly tensorNs: number;
  readonly byteNs: number;
  readonly signalNs: number;
  readonly awakeNs: number;
  readonly wakeNs: number;
  readonly requestNs: number;
  readonly returnNs: number;
  readonly callerByteNs: number;
}

const COSTS: Costs = {
  segmentNs: 7000,
  tensorNs: 1600,
  byteNs: 0.25,
  signalNs: 1400,
  awakeNs: 50_000,
  wakeNs: 45_000,
  requestNs: 12_000,
  returnNs: 19_000,
  callerByteNs: 0.125,
};

/** One inference of a plan on workers that obey the costs to the nanosecond. */
function inference({ workers, tensors, inputs, outputs }: WorkerPlan, costs: Costs): ProbeRun {
  const copied = (list: readonly number[]): number =>
    list.reduce((sum, tensor) => sum + costs.callerByteNs * tensorBytes(tensors[tensor]!), 0);
  const made = new Map(inputs.map((tensor) => [tensor, { at: 0, by: -1 }]));
  const free = workers.map(() => costs.requestNs + copied(inputs));
  const next = workers.map(() => 0);
  const times: SegmentTime[] = [];
  for (let left = workers.flat().length; left > 0; ) {
    for (const [worker, segments] of workers.entries()) {
      const segment = segments[next[worker]!];
      if (segment === undefined || !segment.inputs.every((tensor) => made.has(tensor))) {
        continue;
      }
      let startNs = free[worker]!;
      let durationNs = costs.segmentNs;
      for (const tensor of segment.inputs) {
        const { at, by } = made.get(tensor)!;
        durationNs += costs.tensorNs;
        if (by >= 0 && by !== worker) {
          const sleeps = at - free[worker]! > costs.awakeNs;
          startNs = Math.max(startNs, at + costs.signalNs + (sleeps ? costs.wakeNs : 0));
          durationNs += costs.byteNs * tensorBytes(tensors[tensor]!);
        }
      }
      free[worker] = startNs + durationNs;
      for (const tensor of segment.outputs) {
        made.set(tensor, { at: free[worker]!, by: worker });
      }
      times.push({ worker, segment: next[worker]!, startNs, endNs: free[worker]! });
      next[worker] = next[worker]! + 1;
      left--;
    }
  }
  times.sort((a, b) => a.worker - b.worker || a.segment - b.segment);
  const last = Math.max(...times.map(({ endNs }) => endNs));
  return { segments: times, durationNs: last + costs.returnNs + copied(outputs) };
}

function figures<T>({ plan, read }: Probe<T>, costs: Costs): T {
  const late = inference(plan, costs);
  // A run that something has held up for a second does not count.
  const held = {
    segments: late.segments.map((each) => ({ ...each, endNs: each.endNs + 1e9 * each.segment })),
    durationNs: late.durationNs + 1e12,
  };
  return read([late, held, inference(plan, costs)]);
}

describe("worker probes", () => {
  it.each([segmentProbe(), signalProbe(), crossingProbe(64)])(
    "are sound plans that the executor takes",
    ({ plan }) => {
      expect(routesOf(plan, tensorBytes)).toHaveLength(plan.tensors.length);
      expect(plan.workers.every((segments) => segments.length > 0)).toBe(true);
    },
  );

  it("find what a segment and a tensor cost", () => {
    const { segmentNs, tensorNs } = COSTS;
    const found = figures(segmentProbe(), COSTS);
    expect(found.segmentNs).toBeCloseTo(segmentNs, 6);
    expect(found.tensorNs).toBeCloseTo(tensorNs, 6);
  });

  it.each([
    COSTS,
    { ...COSTS, signalNs: 0, requestNs: 50_000 },
    { ...COSTS, segmentNs: 20_000, wakeNs: 90_000 },
  ])("find what signals, waking, request and return cost", (costs) => {
    const { signalNs, wakeNs, requestNs, returnNs } = costs;
    const found = figures(signalProbe(), { ...costs, byteNs: 0, callerByteNs: 0 });
    expect(found.signalNs).toBeCloseTo(signalNs, 6);
    expect(found.wakeNs).toBeCloseTo(wakeNs, 6);
    expect(found.requestNs).toBeCloseTo(requestNs, 6);
    expect(found.returnNs).toBeCloseTo(returnNs, 6);
  });

  it("find what a byte costs that crosses, and that the caller copies", () => {
    const [small, large] = [1024, 2048].map((length) => figures(crossingProbe(length), COSTS));
    for (const [kind, byteNs] of [
      ["crossing", COSTS.byteNs],
      ["caller", COSTS.callerByteNs],
    ] as const) {
      const bytes = large![kind].bytes - small![kind].bytes;
      expect((large![kind].ns - small![kind].ns) / bytes).toBeCloseTo(byteNs, 9);
    }
  });
});
