import type { Placement } from "../../src/placement/placement.js";

/**
 * Exact answers for tiny placements by plain enumeration. Written for clarity alone and from the
 * definitions: nothing of it is shared with the searches or the verifiers.
 */

interface Placed {
  readonly block: number;
  readonly microBatch: number;
  readonly start: number;
}

/** Memory of a device right after all changes at `time`. */
function memoryAt(
  placement: Placement,
  placed: readonly Placed[],
  device: number,
  time: number,
): number {
  let level = 0;
  for (const { block, start } of placed) {
    const { devices, duration, memory, workspace } = placement.blocks[block]!;
    if (devices.includes(device) && start <= time) {
      const hasEnded = start + duration <= time;
      const isBack = memory >= 0 || placement.memoryRelease === "start" || hasEnded;
      level += (isBack ? memory : 0) + (hasEnded ? 0 : workspace);
    }
  }
  return level;
}

/**
 * The least makespan of `microBatches` micro-batches, or infinity when memory suffices for none.
 *
 * Tries all orders of starts; in each order every instance starts as early as it can. Starting an
 * instance earlier without passing another start takes nothing from those that start after it.
 */
export function leastMakespan(placement: Placement, microBatches: number): number {
  const { blocks, dependencies, devices } = placement;
  const total = blocks.length * microBatches;
  let best = Number.POSITIVE_INFINITY;
  const earliest = (placed: readonly Placed[], next: Omit<Placed, "start">): number | undefined => {
    const { block, microBatch } = next;
    let start = placed.at(-1)?.start ?? 0;
    for (const { from, to, latency } of dependencies) {
      if (to === block) {
        const before = placed.find((p) => p.block === from && p.microBatch === microBatch);
        if (before === undefined) {
          return undefined;
        }
        start = Math.max(start, before.start + blocks[from]!.duration + latency);
      }
    }
    const own = blocks[block]!.devices;
    for (const each of placed) {
      if (blocks[each.block]!.devices.some((device) => own.includes(device))) {
        start = Math.max(start, each.start + blocks[each.block]!.duration);
      }
    }
    const ends = placed.map((p) => p.start + blocks[p.block]!.duration).filter((t) => t > start);
    const fits = (time: number): boolean =>
      own.every((device) => {
        const limit = devices[device]!.memory ?? Number.POSITIVE_INFINITY;
        return memoryAt(placement, [...placed, { ...next, start: time }], device, time) <= limit;
      });
    return [start, ...ends.sort((a, b) => a - b)].find(fits);
  };
  const extend = (placed: readonly Placed[], end: number): void => {
    if (end >= best) {
      return;
    }
    if (placed.length === total) {
      best = end;
      return;
    }
    for (let microBatch = 0; microBatch < microBatches; microBatch++) {
      for (let block = 0; block < blocks.length; block++) {
        // Micro-batches are alike: instances of one block may start in their order.
        const isNext =
          placed.filter((p) => p.block === block && p.microBatch < microBatch).length ===
          microBatch;
        const isThere = placed.some((p) => p.block === block && p.microBatch === microBatch);
        const start = isNext && !isThere ? earliest(placed, { block, microBatch }) : undefined;
        if (start !== undefined) {
          const last = Math.max(end, start + blocks[block]!.duration);
          extend([...placed, { block, microBatch, start }], last);
        }
      }
    }
  };
  extend([], 0);
  return best;
}

/**
 * The least period with one micro-batch per period, or infinity when there is none up to
 * `longest`. Tries all start times of a micro-batch in which no block waits longer than
 * `longest` periods for what it depends on; memory by laying many repetitions over each other.
 */
export function leastPeriod(placement: Placement, longest: number, waits: number): number {
  for (let period = 1; period <= longest; period++) {
    if (canRepeat(placement, period, waits)) {
      return period;
    }
  }
  return Number.POSITIVE_INFINITY;
}

function canRepeat(placement: Placement, period: number, waits: number): boolean {
  const { blocks, dependencies, devices } = placement;
  const times: number[] = [];
  const isFree = (block: number): boolean => {
    const { duration, devices: own } = blocks[block]!;
    for (let step = 0; step < duration; step++) {
      const slot = (times[block]! + step) % period;
      for (let other = 0; other <= block; other++) {
        const shares = blocks[other]!.devices.some((device) => own.includes(device));
        const length = other === block ? step : blocks[other]!.duration;
        for (let each = 0; shares && each < length; each++) {
          if ((times[other]! + each) % period === slot) {
            return false;
          }
        }
      }
    }
    return true;
  };
  const fitsInMemory = (): boolean => {
    const deepest = Math.ceil(Math.max(...times.map((t, b) => t + blocks[b]!.duration)) / period);
    const placed = Array.from({ length: 2 * deepest + 1 }, (_, microBatch) =>
      times.map((time, block) => ({ block, microBatch, start: time + microBatch * period })),
    ).flat();
    return devices.every(({ memory }, device) =>
      Array.from({ length: period }, (_, step) => deepest * period + step).every(
        (time) => memory === undefined || memoryAt(placement, placed, device, time) <= memory,
      ),
    );
  };
  const place = (block: number): boolean => {
    if (block === blocks.length) {
      return fitsInMemory();
    }
    const ready = dependencies
      .filter(({ to }) => to === block)
      .map(({ from, latency }) => times[from]! + blocks[from]!.duration + latency);
    const from = Math.max(0, ...ready);
    for (times[block] = from; times[block]! < from + waits * period; times[block]!++) {
      if (isFree(block) && place(block + 1)) {
        return true;
      }
    }
    times.length = block;
    return false;
  };
  return place(0);
}
