/**
 * Tessel-fast as published: one compact repetend without search, warm-up and cool-down around it.
 *
 * Problem: Tessel solves one hard problem per choice of cuts, and there are many.
 *
 * Idea: forget the dependencies and pack the blocks of one micro-batch on the devices, so that no
 * device waits: device by device, blocks over several devices first when they are forwards and last
 * when they are backwards, on every other device in reverse. Each goes into the first gap of its
 * devices. Then give every block the micro-batch that makes the dependencies right: against their
 * direction, a block has the micro-batch of what follows it when it ends before that starts, and the
 * one after otherwise. This repeats after the load of the fullest device. Whether it fits into memory
 * is asked afterwards, once. The warm-up and the cool-down are searched for, but any is good enough
 * that is not longer than its work spread over the devices and 6.4 periods.
 *
 * Example, two devices in a V, F = B = 1: device 0 has F0 B0, device 1, reversed, B1 F1. B1 at 0
 * ends before B0 at 1: both micro-batch 0. F1 at 1 ends too late for B1 at 0: micro-batch 1. F0 at 0
 * ends before F1: micro-batch 1. The period is 2.
 *
 * Limits, which are the point of the comparison: memory is not looked at while packing and nothing
 * else is tried when it does not suffice; micro-batches in flight are as many as come out; barriers.
 *
 * Source: Lin et al., Tessel (the fast variant), IEEE TPDS 35(12), 2024. Differs: own branch and
 * bound in place of z3 for warm-up and cool-down, and the periodic order itself where that gives up;
 * a gap must be free on all devices of a block (the published code fails where it is not); latencies.
 */
import { fail, ok, type Result } from "../../../core/result.js";
import type { Placement } from "../../../placement/placement.js";
import type { PeriodicSchedule, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { noScheduleFound } from "../failures.js";
import { earliestGap, type Interval, insertInterval } from "../intervals.js";
import { pathsBefore } from "../path-bounds.js";
import { repetendExceedsMemory } from "./failures.js";
import {
  composeTessel,
  type Part,
  type PartsAround,
  partsAround,
  type Repetend,
} from "./tessel-compose.js";
import { chainOrder, itemsOf, solvePart } from "./tessel-part.js";

/** The repetend and the whole schedule around it. */
export interface TesselFastResult {
  readonly periodic: PeriodicSchedule;
  readonly whole: PipelineSchedule;
  readonly nodes: number;
  /** Whether a limit ended the search for the warm-up or the cool-down. */
  readonly isCutShort: boolean;
}

/**
 * The schedule for `microBatches` micro-batches; `maxNodes` limits each step of the searches for
 * warm-up and cool-down.
 *
 * Fails: `repetend-exceeds-memory`; `no-schedule-found` when no warm-up or cool-down fits.
 */
export function tesselFastSchedule(
  placement: Placement,
  microBatches: number,
  maxNodes: number,
): Result<TesselFastResult> {
  const repetend = compactRepetend(placement);
  const around = partsAround(placement, repetend.mids);
  const peaks = repetendPeaks(placement, repetend.starts);
  for (const [device, { name, memory: limit }] of placement.devices.entries()) {
    const peak = (around.heldFirst[device] ?? 0) + (peaks[device] ?? 0);
    if (limit !== undefined && peak > limit) {
      return fail([repetendExceedsMemory("tessel-fast", { name, peak, limit })]);
    }
  }
  const none = placement.devices.map(() => 0);
  // The published warm-up leaves all that the repetend takes at once free, as memory.
  const lessMemory = placement.devices.map(({ name, memory }, device) => ({
    name,
    memory: memory === undefined ? undefined : memory - (peaks[device] ?? 0),
  }));
  const parts = [
    solveOrCut({ ...placement, devices: lessMemory }, repetend, around.before, none, maxNodes),
    solveOrCut(placement, repetend, around.behind, around.held, maxNodes),
  ];
  const [warmup, cooldown] = parts.map(({ part }) => part);
  if (warmup === undefined || cooldown === undefined) {
    return fail([noScheduleFound("tessel-fast")]);
  }
  return ok({
    ...composeTessel(placement, { repetend, warmup, cooldown }, microBatches),
    nodes: parts.reduce((sum, { nodes }) => sum + nodes, placement.blocks.length),
    isCutShort: parts.some(({ isCutShort }) => isCutShort),
  });
}

/** The packed blocks of one micro-batch and the micro-batches that make it repeat. */
export function compactRepetend(placement: Placement): Repetend {
  const starts = pack(placement);
  const ends = placement.blocks.map(({ duration }, at) => (starts[at] ?? 0) + duration);
  const period = Math.max(...ends);
  const mids = placement.blocks.map(() => 0);
  for (const block of chainOrder(placement).toReversed()) {
    for (const { from, to, latency } of placement.dependencies) {
      if (from === block) {
        const late = (ends[from] ?? 0) + latency - (starts[to] ?? 0);
        const lag = Math.max(0, Math.ceil(late / period));
        mids[from] = Math.max(mids[from] ?? 0, (mids[to] ?? 0) + lag);
      }
    }
  }
  return { period, starts, mids };
}

function pack(placement: Placement): readonly number[] {
  const { blocks, devices } = placement;
  const before = pathsBefore(placement);
  const rank = (at: number): number => {
    const { devices: own = [], kind = "forward" } = blocks[at] ?? {};
    const side = kind === "forward" ? -1 : 1;
    return own.length > 1 ? side * devices.length : 0;
  };
  const taken: Interval[][] = devices.map(() => []);
  const starts = new Array<number>(blocks.length).fill(-1);
  devices.forEach((_, device) => {
    const own = blocks
      .flatMap((block, at) => (block.devices.includes(device) ? [at] : []))
      .sort((a, b) => rank(a) - rank(b) || (before[a] ?? 0) - (before[b] ?? 0) || a - b);
    for (const at of device % 2 === 1 ? own.toReversed() : own) {
      const block = blocks[at];
      if (block !== undefined && starts[at] === -1) {
        const lines = block.devices.map((each) => taken[each] ?? []);
        const start = earliestGap(lines, 0, block.duration);
        starts[at] = start;
        for (const line of lines) {
          insertInterval(line, { start, end: start + block.duration });
        }
      }
    }
  });
  return starts;
}

/** The most that one repetend takes on each device above what is held before it. */
function repetendPeaks(placement: Placement, starts: readonly number[]): readonly number[] {
  const items = itemsOf(placement);
  return placement.devices.map((_, device) => {
    const own = placement.blocks
      .flatMap((block, at) => (block.devices.includes(device) ? [at] : []))
      .sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0));
    let [held, peak] = [0, 0];
    for (const at of own) {
      peak = Math.max(peak, held + (items[at]?.peak ?? 0));
      held += items[at]?.keep ?? 0;
    }
    return peak;
  });
}

/** Periods by which a part may be longer than its work, spread over the devices. */
const ACCEPTED_PERIODS = 6.4;

interface PartFound {
  readonly part: Part | undefined;
  readonly nodes: number;
  readonly isCutShort: boolean;
}

/** A part by search, or in the order of the endless repetition when the limit comes first. */
function solveOrCut(
  placement: Placement,
  { period, starts, mids }: Repetend,
  items: PartsAround["before"],
  base: readonly number[],
  maxNodes: number,
): PartFound {
  const work = items.reduce((sum, { block }) => {
    const spec = placement.blocks[block];
    return sum + (spec === undefined ? 0 : spec.duration * spec.devices.length);
  }, 0);
  const accept = Math.floor(work / placement.devices.length) + ACCEPTED_PERIODS * period;
  const answer = solvePart(placement, items, base, { maxNodes, accept });
  const { nodes, isCutShort } = answer;
  if (answer.starts !== undefined || !isCutShort) {
    return { part: answer.starts && { items, starts: answer.starts }, nodes, isCutShort };
  }
  const times = items.map(
    ({ block, microBatch }) => (starts[block] ?? 0) + (microBatch - (mids[block] ?? 0)) * period,
  );
  const first = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  return { part: { items, starts: times.map((time) => time - first) }, nodes, isCutShort };
}
