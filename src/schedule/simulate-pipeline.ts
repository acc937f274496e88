/**
 * The use of devices by a whole pipeline schedule over time: which block runs when, and how much
 * memory is held.
 *
 * A block changes memory on each of its devices twice. At its start it takes its `workspace` and
 * its `memory` when that is positive; at its end it releases its workspace. Negative `memory` is
 * released at the start or at the end, as the placement states. The level at a time counts every
 * change up to and including that time: what is released at a time is there for what starts at the
 * same time, and a block that takes and releases at its start counts with the difference.
 */
import type { Block, Placement } from "../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "./pipeline-schedule.js";

/** The change that a block makes to the memory of each of its devices. */
export interface MemoryChange {
  readonly atStart: number;
  readonly atEnd: number;
}

/** The changes of `block` under a release model. */
export function memoryChange(
  block: Block,
  memoryRelease: Placement["memoryRelease"],
): MemoryChange {
  const releasesAtEnd = block.memory < 0 && memoryRelease === "end";
  return {
    atStart: block.workspace + (releasesAtEnd ? 0 : block.memory),
    atEnd: (releasesAtEnd ? block.memory : 0) - block.workspace,
  };
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
  for (const instance of schedule.instances) {
    for (const device of placement.blocks[instance.block]?.devices ?? []) {
      perDevice[device]?.push(instance);
    }
  }
  return perDevice.map((instances) => {
    instances.sort((a, b) => a.start - b.start || a.end - b.end || a.block - b.block);
    const memory = memoryCurve(placement, instances);
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

function memoryCurve(placement: Placement, instances: readonly BlockInstance[]): MemoryPoint[] {
  const changes: MemoryPoint[] = [];
  for (const { block, start, end } of instances) {
    const spec = placement.blocks[block];
    if (spec !== undefined) {
      const { atStart, atEnd } = memoryChange(spec, placement.memoryRelease);
      changes.push({ time: start, memory: atStart }, { time: end, memory: atEnd });
    }
  }
  changes.sort((a, b) => a.time - b.time);
  const curve: MemoryPoint[] = [];
  let level = 0;
  changes.forEach(({ time, memory }, i) => {
    level += memory;
    if (changes[i + 1]?.time !== time && level !== (curve.at(-1)?.memory ?? 0)) {
      curve.push({ time, memory: level });
    }
  });
  return curve;
}
