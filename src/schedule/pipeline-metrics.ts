import { areAlike, durationIn, runsIn } from "../placement/micro-batches.js";
import { mostSaved, withoutOverlaps } from "../placement/overlaps.js";
import type { Placement } from "../placement/placement.js";
import { togetherIn } from "./joint-times.js";
import type { PeriodicSchedule, PipelineSchedule } from "./pipeline-schedule.js";

/**
 * Time that one micro-batch takes on each device, by device, at least: less what overlaps save at most. Requires:
 * micro-batches that are alike.
 */
export function deviceLoads(placement: Placement): readonly number[] {
  const { devices, blocks } = placement;
  const loads = devices.map(() => 0);
  for (const block of blocks) {
    for (const device of block.devices) {
      loads[device] = (loads[device] ?? 0) + block.duration;
    }
  }
  return lessSaved(placement, loads, 1);
}

/** Loads of devices less what overlaps save at most in as many micro-batches. */
function lessSaved(
  placement: Placement,
  loads: readonly number[],
  microBatches: number,
): readonly number[] {
  const { blocks, overlaps } = placement;
  const on = (device: number): readonly number[] =>
    blocks.flatMap((block, at) => (block.devices.includes(device) ? [at] : []));
  return overlaps === undefined
    ? loads
    : loads.map((load, device) => load - microBatches * mostSaved(placement, on(device)));
}

/** Time that the first `microBatches` micro-batches take on each device together, of whatever form. */
export function loadsOf(placement: Placement, microBatches: number): readonly number[] {
  if (areAlike(placement)) {
    return deviceLoads(placement).map((load) => load * microBatches);
  }
  const loads = placement.devices.map(() => 0);
  for (const block of placement.blocks) {
    for (let microBatch = 0; microBatch < microBatches; microBatch++) {
      const time = runsIn(block, microBatch) ? durationIn(placement, block, microBatch) : 0;
      for (const device of block.devices) {
        loads[device] = (loads[device] ?? 0) + time;
      }
    }
  }
  return lessSaved(placement, loads, microBatches);
}

/** Micro-batches whose time on a device is its load: one where they are alike, else all of a step. */
export function loadedMicroBatches(placement: Placement, microBatches: number): number {
  return areAlike(placement) ? 1 : microBatches;
}

/** Share of the time of all devices that compute which is idle in the steady state, in [0, 1]. */
export function steadyBubbleRate(
  placement: Placement,
  { period, microBatchesPerPeriod, repetend }: PeriodicSchedule,
): number {
  const saved = savedIn(placement, repetend, ({ offset }) => offset);
  return idleShare(placement, microBatchesPerPeriod, { time: period, saved });
}

/** The same share from the first start to the last end, in [0, 1]. */
export function wholeBubbleRate(
  placement: Placement,
  { microBatches, makespan, instances }: PipelineSchedule,
): number {
  const saved = savedIn(placement, instances, ({ start }) => start);
  return idleShare(placement, microBatches, { time: makespan, saved });
}

/** Time that blocks which run together take less than apart, on all their devices that compute. */
function savedIn<T extends { readonly block: number }>(
  placement: Placement,
  all: readonly T[],
  startOf: (each: T) => number,
): number {
  let saved = 0;
  for (const [{ block }, { duration }] of togetherIn(placement, all, startOf)) {
    const { devices = [], duration: apart = 0 } = placement.blocks[block] ?? {};
    // Each of the two is seen once.
    saved += devices.filter((each) => !isLink(placement, each)).length * (apart - duration / 2);
  }
  return saved;
}

function idleShare(
  placement: Placement,
  microBatches: number,
  { time, saved }: { readonly time: number; readonly saved: number },
): number {
  const loads = loadsOf(withoutOverlaps(placement), microBatches).filter(
    (_, device) => !isLink(placement, device),
  );
  const work = loads.reduce((sum, load) => sum + load, 0) - saved;
  const available = loads.length * time;
  return available === 0 ? 0 : 1 - work / available;
}

function isLink({ devices }: Placement, device: number): boolean {
  return devices[device]?.isLink === true;
}

/** Most micro-batches that are begun and not finished at one time. */
export function microBatchesInFlight({ instances, microBatches }: PipelineSchedule): number {
  const first = new Float64Array(microBatches).fill(Number.POSITIVE_INFINITY);
  const last = new Float64Array(microBatches);
  for (const { microBatch, start, end } of instances) {
    first[microBatch] = Math.min(first[microBatch] ?? 0, start);
    last[microBatch] = Math.max(last[microBatch] ?? 0, end);
  }
  // Where all blocks run once per step, all micro-batches but the first have none.
  const from = first.filter((start) => start < Number.POSITIVE_INFINITY).sort();
  const to = last.filter((end) => end > 0).sort();
  let most = 0;
  let finished = 0;
  from.forEach((start, begun) => {
    while ((to[finished] ?? Number.POSITIVE_INFINITY) <= start) {
      finished++;
    }
    most = Math.max(most, begun + 1 - finished);
  });
  return most;
}
