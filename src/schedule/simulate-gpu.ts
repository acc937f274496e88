/** Predicts an operator schedule on one GPU; how the model works is in `gpu-engine.ts`. */
import { GpuEngine, type OnStretch } from "./gpu-engine.js";
import { type GpuPlan, type GpuWaits, gpuArcsOf } from "./gpu-streams.js";
import type { GpuWork } from "./gpu-work.js";
import type { OperatorSchedule } from "./operator-schedule.js";

/** Shares of the device, 0 to 1. */
export interface GpuUse {
  /** Room: thread-block slots, threads, registers or shared memory, whichever is scarcest. */
  readonly capacity: number;
  readonly arithmetic: number;
  readonly bandwidth: number;
}

/** When each operator runs, predicted. */
export interface GpuTimeline {
  /** Integer nanoseconds. */
  readonly makespanNs: number;
  /** By operator id: start of its first kernel, end of its last. */
  readonly operatorStartNs: Float64Array;
  readonly operatorEndNs: Float64Array;
  /** Time-weighted means over the makespan. */
  readonly utilization: GpuUse;
  /** Time-weighted means over equal slices of the makespan. */
  readonly slices: readonly GpuUse[];
  /** Phase ends: the unit of the simulator's throughput. */
  readonly events: number;
}

/**
 * The timeline of a schedule, its use of the device in `slices` slices.
 *
 * Requires: the schedule passes `verifyOperatorSchedule` but for redundant waits.
 * Cost: O(phases x kernels resident at a time + E + slices).
 */
export function simulateGpu(
  work: GpuWork,
  schedule: OperatorSchedule,
  slices: number = 0,
): GpuTimeline {
  const stretches: Stretch[] = [];
  const note: OnStretch = (from, to, sharing) => {
    const capacity = sharing.used("capacity");
    const arithmetic = sharing.used("arithmetic");
    stretches.push({ from, to, capacity, arithmetic, bandwidth: sharing.used("bandwidth") });
  };
  const engine = new GpuEngine(work, waitsOf(schedule), { onStretch: note });
  const makespan = engine.run(planOf(schedule));
  return {
    makespanNs: Math.round(makespan),
    operatorStartNs: engine.startNs.map(Math.round),
    operatorEndNs: engine.endNs.map(Math.round),
    utilization: slicesOf(stretches, makespan, 1)[0] ?? NOTHING,
    slices: slicesOf(stretches, makespan, slices),
    events: engine.events,
  };
}

/** The makespan alone, in whole nanoseconds. As `simulateGpu`. */
export function gpuMakespan(work: GpuWork, schedule: OperatorSchedule): number {
  return Math.round(new GpuEngine(work, waitsOf(schedule)).run(planOf(schedule)));
}

interface Stretch extends GpuUse {
  readonly from: number;
  readonly to: number;
}

const NOTHING: GpuUse = { capacity: 0, arithmetic: 0, bandwidth: 0 };

/** The launches of a schedule as the engine takes them. Cost: O(V). */
export function planOf({ launches, streams }: OperatorSchedule): GpuPlan {
  const streamOf = new Int32Array(launches.length);
  for (const { operator, stream } of launches) {
    streamOf[operator] = stream;
  }
  return { order: Int32Array.from(launches, ({ operator }) => operator), streamOf, streams };
}

/** The waits of a schedule as the engine takes them. Cost: O(V + waits). */
export function waitsOf({ launches }: OperatorSchedule): GpuWaits {
  const before: (readonly number[])[] = new Array(launches.length).fill([]);
  const after: number[][] = launches.map(() => []);
  for (const { operator, waits } of launches) {
    before[operator] = waits;
    for (const waited of waits) {
      after[waited]?.push(operator);
    }
  }
  return { predecessors: gpuArcsOf(before), successors: gpuArcsOf(after) };
}

function slicesOf(stretches: readonly Stretch[], makespan: number, count: number): GpuUse[] {
  const sums = Array.from({ length: count }, () => ({ capacity: 0, arithmetic: 0, bandwidth: 0 }));
  const width = makespan / count;
  for (const { from, to, ...use } of makespan > 0 ? stretches : []) {
    const last = Math.min(count - 1, Math.floor(to / width));
    for (let slice = Math.min(count - 1, Math.floor(from / width)); slice <= last; slice++) {
      const sum = sums[slice] ?? { ...NOTHING };
      const overlap = Math.min(to, (slice + 1) * width) - Math.max(from, slice * width);
      const share = Math.max(0, overlap) / width;
      sum.capacity += share * use.capacity;
      sum.arithmetic += share * use.arithmetic;
      sum.bandwidth += share * use.bandwidth;
    }
  }
  return sums;
}
