/**
 * The use of devices by a whole pipeline schedule over time: which block runs when, and how much
 * memory is held.
 *
 * A block changes memory on each of its devices, and on others that it names, twice. At its start it takes its `workspace` and
 * its `memory` when that is positive; at its end it releases its workspace. Negative `memory` is
 * released at the start or at the end, as the placement states. The level at a time counts every
 * change up to and including that time: what is released at a time is there for what starts at the
 * same time, and a block that takes and releases at its start counts with the difference.
 */
import { lengthIn } from "../placement/micro-batches.js";
import type { Block, Placement } from "../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "./pipeline-schedule.js";

/** The change that a block makes to the memory of each of its devices. */
export interface MemoryChange {
  readonly atStart: number;
  readonly atEnd: number;
}

/** The changes of `block` under a release model, on each of its devices. */
export function memoryChange(
  block: Pick<Block, "memory" | "workspace">,
  memoryRelease: Placement["memoryRelease"],
): MemoryChange {
  const releasesAtEnd = block.memory < 0 && memoryRelease === "end";
  return {
    atStart: block.workspace + (releasesAtEnd ? 0 : block.memory),
    atEnd: (releasesAtEnd ? block.memory : 0) - block.workspace,
  };
}

/** What a block does to the memory of a device in a micro-batch, there or elsewhere. */
export function changeOn(
  placement: Placement,
  block: Block,
  microBatch: number,
  device: number,
): MemoryChange {
  const length = lengthIn(placement, block, microBatch);
  const other = block.elsewhere?.find((each) => each.device === device);
  const { memory, workspace } = other === undefined ? block : { ...other, workspace: 0 };
  return memoryChange(
    { memory: memory * length, workspace: workspace * length },
    placement.memoryRelease,
  );
}

/** The memory of a device from `time` on, until the next point. */
export interface MemoryPoint {
  readonly time: number;
  readonly memory: number;
}

/** One device over a whole schedule. */
export interface DeviceTimeline {
  /** By start. */
  readonly instances: readonly BlockInstance[];
  /** Time in which the device runs something, overlaps counted once. */
  readonly busy: number;
  /** Ascending in time; only changes, from 0 before the first. */
  readonly memory: readonly MemoryPoint[];
  /** Highest memory, at least 0. */
  readonly peakMemory: number;
}

/**
 * The timeline of every device, in the order of the placement's devices.
 *
 * Requires: every instance names a block of the placement. It need not be a valid schedule.
 * Cost: O(n log n) in instances times devices per block.
 */
export function simulatePipeline(
  placement: Placement,
  schedule: PipelineSchedule,
): readonly DeviceTimeline[] {
  const perDevice: BlockInstance[][] = placement.devices.map(() => []);
  const elsewhere: BlockInstance[][] = placement.devices.map(() => []);
  for (const instance of schedule.instances) {
    const block = placement.blocks[instance.block];
    for (const device of block?.devices ?? []) {
      perDevice[device]?.push(instance);
    }
    for (const { device } of block?.elsewhere ?? []) {
      elsewhere[device]?.push(instance);
    }
  }
  return perDevice.map((instances, device) => {
    instances.sort((a, b) => a.start - b.start || a.end - b.end || a.block - b.block);
    const others = elsewhere[device] ?? [];
    const all = others.length === 0 ? instances : instances.concat(others);
    const memory = memoryCurve(placement, all, device);
    const peakMemory = memory.reduce((peak, point) => Math.max(peak, point.memory), 0);
    return { instances, busy: busyTime(instances), memory, peakMemory };
  });
}

function busyTime(instances: readonly BlockInstance[]): number {
  let busy = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { start, end } of instances) {
    busy += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return busy;
}

function memoryCurve(
  placement: Placement,
  instances: readonly BlockInstance[],
  device: number,
): MemoryPoint[] {
  const times = new Float64Array(2 * instances.length);
  const changes = new Float64Array(2 * instances.length);
  const isSame = placement.lengths === undefined;
  const ofBlock = placement.blocks.map((block) => changeOn(placement, block, 0, device));
  instances.forEach(({ block, microBatch, start, end }, at) => {
    const spec = placement.blocks[block];
    const change =
      isSame || spec === undefined ? ofBlock[block] : changeOn(placement, spec, microBatch, device);
    times[2 * at] = start;
    times[2 * at + 1] = end;
    changes[2 * at] = change?.atStart ?? 0;
    changes[2 * at + 1] = change?.atEnd ?? 0;
  });
  const curve: MemoryPoint[] = [];
  let level = 0;
  let known = 0;
  const order = ascending(times);
  order.forEach((own, i) => {
    level += changes[own] ?? 0;
    const time = times[own] ?? 0;
    if (level !== known && times[order[i + 1] ?? -1] !== time) {
      curve.push({ time, memory: level });
      known = level;
    }
  });
  return curve;
}

/** Positions by time; on a device that runs one block at a time starts and ends are ascending as they come. */
function ascending(times: Float64Array): Int32Array {
  const order = Int32Array.from(times.keys());
  const isAscending = times.every((time, at) => at === 0 || (times[at - 1] ?? 0) <= time);
  return isAscending ? order : order.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
}
