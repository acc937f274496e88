/**
 * Modulo scheduling of a placement without backtracking: a quick repeating schedule for any shape, known
 * as `modulo` on the command line. The search in full is in `../modulo`.
 *
 * For a period T, blocks are placed once, in the order of their dependencies, at the earliest time
 * whose arc modulo T is free on all of the block's devices. When a block finds no place, or memory
 * does not suffice, a longer T is tried. Each T is tried in three ways, because the earliest place
 * often cuts a device's free time into pieces that are too short:
 * 1. the earliest place;
 * 2. the earliest place that touches an arc which is there already;
 * 3. as 2, after the blocks on several devices have taken arcs side by side from 0 on, which leaves
 *    all devices one piece of free time.
 *
 * Example: the M-shape with four devices, T = 6. The wide f0 and b4 take 0 to 1 and 1 to 2 of all
 * devices; every device has 2 to 6 left for a forward of 1 and a backward of 3.
 *
 * Source: Rau, Iterative Modulo Scheduling, MICRO 1994. Differs: no eviction; several ways per T.
 */
import type { Placement } from "../../../placement/placement.js";
import { deviceLoads } from "../../../schedule/pipeline-metrics.js";
import type {
  BlockInstance,
  PeriodicSchedule,
  PipelineSchedule,
} from "../../../schedule/pipeline-schedule.js";
import { unrollPeriodic } from "../../../schedule/unroll-periodic.js";
import { steadyPeakMemory } from "../../../schedule/verify-periodic-schedule.js";
import { type Follower, followersOf, pathsBehind } from "../path-bounds.js";

/** Periods tried between the largest load and one micro-batch at a time. */
const MOST_PERIODS = 256;

type Way = "earliest" | "touching" | "wide-first";

const WAYS: readonly Way[] = ["earliest", "touching", "wide-first"];

/**
 * A repeating schedule with one micro-batch per period, and the first `microBatches` of it run as
 * early as its order allows; `undefined` when memory does not suffice at any period tried.
 *
 * Cost: O(256 * blocks * blocks per device) at worst.
 */
export function firstFitPeriod(
  placement: Placement,
  microBatches: number,
): { readonly periodic: PeriodicSchedule; readonly whole: PipelineSchedule } | undefined {
  const load = Math.max(...deviceLoads(placement));
  const total =
    placement.blocks.reduce((sum, { duration }) => sum + duration, 0) +
    placement.dependencies.reduce((sum, { latency }) => sum + latency, 0);
  const step = Math.max(1, Math.ceil((total - load) / MOST_PERIODS));
  const behind = pathsBehind(placement);
  const order = placement.blocks
    .map((_, at) => at)
    .sort((a, b) => (behind[b] ?? 0) - (behind[a] ?? 0) || a - b);
  const task: Task = { placement, order, followers: followersOf(placement) };
  for (let period = load; period < total + step; period += step) {
    for (const way of WAYS) {
      const periodic = place(task, Math.min(period, total), way);
      if (periodic !== undefined && fits(placement, periodic)) {
        return { periodic, whole: early(placement, periodic, microBatches) };
      }
    }
  }
  return undefined;
}

function fits(placement: Placement, periodic: PeriodicSchedule): boolean {
  const peaks = steadyPeakMemory(placement, periodic);
  return placement.devices.every(({ memory }, device) => {
    const peak = peaks[device];
    return memory === undefined || (peak !== undefined && peak <= memory);
  });
}

/**
 * The same order on every device, each block as early as it can. Starts come in time order, so that
 * whatever a block waits for has been placed before it.
 */
function early(
  placement: Placement,
  periodic: PeriodicSchedule,
  microBatches: number,
): PipelineSchedule {
  const { blocks, devices } = placement;
  const followers = followersOf(placement);
  const ready = new Float64Array(blocks.length * microBatches);
  const free = new Float64Array(devices.length);
  const { instances } = unrollPeriodic(placement, periodic, microBatches);
  const moved = instances.map(({ block, microBatch, phase }): BlockInstance => {
    const { duration = 0, devices: own = [] } = blocks[block] ?? {};
    const base = microBatch * blocks.length;
    const start = own.reduce(
      (t, device) => Math.max(t, free[device] ?? 0),
      ready[base + block] ?? 0,
    );
    const end = start + duration;
    for (const device of own) {
      free[device] = end;
    }
    for (const { to, latency } of followers[block] ?? []) {
      ready[base + to] = Math.max(ready[base + to] ?? 0, end + latency);
    }
    return { block, microBatch, start, end, phase };
  });
  moved.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const makespan = moved.reduce((last, { end }) => Math.max(last, end), 0);
  return { microBatches, instances: moved, makespan };
}

/** What is the same for all periods. */
interface Task {
  readonly placement: Placement;
  /** The longest path behind first. */
  readonly order: readonly number[];
  readonly followers: readonly (readonly Follower[])[];
}

interface Arc {
  /** In [0, period). */
  readonly from: number;
  readonly length: number;
}

function place(
  { placement, order, followers }: Task,
  period: number,
  way: Way,
): PeriodicSchedule | undefined {
  const { blocks, devices } = placement;
  const arcs: Arc[][] = devices.map(() => []);
  const reserved = way === "wide-first" ? reserveWide(placement, order, arcs) : new Map();
  if (arcs.flat().some(({ from, length }) => from + length > period)) {
    return undefined;
  }
  const ready = new Float64Array(blocks.length);
  const times = new Float64Array(blocks.length);
  for (const block of order) {
    const { duration = 0, devices: own = [] } = blocks[block] ?? {};
    const lines = own.map((device) => arcs[device] ?? []);
    const from = ready[block] ?? 0;
    const slot: number | undefined = reserved.get(block);
    const start =
      slot === undefined
        ? findPlace(lines, { from, duration, period, touching: way !== "earliest" })
        : from + modulo(slot - from, period);
    if (start === undefined) {
      return undefined;
    }
    if (slot === undefined) {
      for (const line of lines) {
        line.push({ from: start % period, length: duration });
      }
    }
    times[block] = start;
    for (const { to, latency } of followers[block] ?? []) {
      ready[to] = Math.max(ready[to] ?? 0, start + duration + latency);
    }
  }
  const repetend = Array.from(times, (time, block) => ({
    block,
    residue: 0,
    offset: time % period,
    shift: Math.floor(time / period),
  }));
  return { period, microBatchesPerPeriod: 1, repetend };
}

/** Gives the blocks on several devices arcs side by side from 0 on. */
function reserveWide(
  { blocks }: Placement,
  order: readonly number[],
  arcs: readonly Arc[][],
): ReadonlyMap<number, number> {
  const slots = new Map<number, number>();
  for (const block of order) {
    const { duration = 0, devices = [] } = blocks[block] ?? {};
    if (devices.length > 1) {
      const ends = devices.flatMap((device) =>
        (arcs[device] ?? []).map(({ from, length }) => from + length),
      );
      const from = Math.max(0, ...ends);
      slots.set(block, from);
      for (const device of devices) {
        arcs[device]?.push({ from, length: duration });
      }
    }
  }
  return slots;
}

interface Wanted {
  readonly from: number;
  readonly duration: number;
  readonly period: number;
  readonly touching: boolean;
}

/** The earliest time in [from, from + period) whose arc is free, touching another if wanted and possible. */
function findPlace(lines: readonly (readonly Arc[])[], wanted: Wanted): number | undefined {
  const { from, duration, period, touching } = wanted;
  const arcs = lines.flat();
  const starts = [
    from,
    ...arcs.map((arc) => from + modulo(arc.from + arc.length - from, period)),
    ...(touching ? arcs.map((arc) => from + modulo(arc.from - duration - from, period)) : []),
  ].sort((a, b) => a - b);
  const isFree = (start: number): boolean =>
    duration <= period &&
    arcs.every((arc) => {
      const gap = modulo(start - arc.from, period);
      return gap >= arc.length && gap + duration <= period;
    });
  const touches = (start: number): boolean =>
    arcs.length === 0 ||
    arcs.some(
      (arc) =>
        modulo(start - arc.from - arc.length, period) === 0 ||
        modulo(start + duration - arc.from, period) === 0,
    );
  const free = starts.filter(isFree);
  return (touching ? free.find(touches) : undefined) ?? free[0];
}

function modulo(value: number, period: number): number {
  return ((value % period) + period) % period;
}
