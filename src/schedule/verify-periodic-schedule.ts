/**
 * An independent check of periodic schedules: it shares no code with the searches.
 *
 * Write x for `offset + shift * period` of an entry: the time of its block in the micro-batch that
 * enters at 0. Then
 * - a dependency inside a micro-batch asks for x(to) >= x(from) + duration + latency, whatever the
 *   number of periods between the two; one on an earlier micro-batch asks it of that one's time, which may be
 *   periods earlier;
 * - a device is exclusive when the entries on it, as arcs on a circle of length `period`, do not
 *   meet: repetition after repetition lies on the same arcs; two that overlap and start at one offset are one arc of their
 *   joint time;
 * - transfers of a queue keep their order when each, of any repetition, starts after all that were handed over before;
 * - a change of memory at time x happens again every period. Long after the start, at time t of a
 *   period, it has happened floor((t - x) / period) times, up to a number that is the same for all
 *   changes and cancels, because on a device in steady state the changes add up to 0. So the level
 *   at t is the sum of change * floor((t - x) / period), and its peak lies at one of the x modulo
 *   the period.
 *
 * Example: period 4, `f` takes 1 at x = 0, `b` releases it at x = 13. At t = 0: floor(0 / 4) = 0
 * times `f`, floor(-13 / 4) = -4 times `b`: the level is 0 - (-4) = 4 micro-batches in flight.
 */
import { durationIn, latencyIn, runsIn, statedMicroBatches } from "../placement/micro-batches.js";
import type { Block, Placement } from "../placement/placement.js";
import { togetherIn } from "./joint-times.js";
import type { PeriodicProblem } from "./pipeline-problem.js";
import type { PeriodicSchedule, RepetendEntry } from "./pipeline-schedule.js";
import { changeOn } from "./simulate-pipeline.js";
import { overtakenInPeriod } from "./verify-transfer-order.js";

/** Larger shifts are refused: no pipeline has a million micro-batches in flight. */
const MAX_SHIFT = 2 ** 20;

/** Missing entries are named up to this many. */
const MAX_MISSING = 100;

/**
 * All faults of `schedule` as a way to run `placement` for ever; empty when it is valid.
 *
 * Order: by check. When the period or an entry has no meaning, only problems of that sort are returned.
 * Cost: O(d * n + n log n) in devices and entries.
 */
export function verifyPeriodicSchedule(
  placement: Placement,
  schedule: PeriodicSchedule,
): readonly PeriodicProblem[] {
  const shape = shapeProblems(placement, schedule);
  return shape.length > 0
    ? shape
    : [
        ...dependencyProblems(placement, schedule),
        ...placement.devices.flatMap((_, device) => overlapProblems(placement, schedule, device)),
        ...overtakenInPeriod(placement, schedule),
        ...memoryProblems(placement, schedule),
      ];
}

/**
 * Highest memory of each device in the steady state, at least 0; `undefined` where micro-batches
 * leave memory behind for good (or release memory that they never took), so that no level exists.
 *
 * Requires: a schedule of the shape that the placement implies. Cost: O(m log m) per device in its
 * entries.
 */
export function steadyPeakMemory(
  placement: Placement,
  schedule: PeriodicSchedule,
): readonly (number | undefined)[] {
  const { period } = schedule;
  return placement.devices.map((_, device) => {
    const events = memoryEvents(placement, schedule, device);
    return events.reduce((sum, { change }) => sum + change, 0) === 0
      ? peakOf(events, period)
      : undefined;
  });
}

interface MemoryEvent {
  readonly time: number;
  readonly change: number;
}

/** Walks one period from the level just before its start. */
function peakOf(events: readonly MemoryEvent[], period: number): number {
  const phased = events
    .map(({ time, change }) => ({ at: time % period, turns: Math.floor(time / period), change }))
    .sort((a, b) => a.at - b.at);
  let level = phased.reduce((sum, { turns, change }) => sum - change * (turns + 1), 0);
  let peak = 0;
  phased.forEach(({ at, change }, i) => {
    level += change;
    if (phased[i + 1]?.at !== at) {
      peak = Math.max(peak, level);
    }
  });
  return peak;
}

/** Changes of memory on a device for the micro-batches that enter at 0, one per residue. */
function memoryEvents(
  placement: Placement,
  { repetend, period }: PeriodicSchedule,
  device: number,
): readonly MemoryEvent[] {
  const events: MemoryEvent[] = [];
  const lasts = lastingIn(placement, repetend);
  for (const entry of repetend) {
    const block = placement.blocks[entry.block];
    const isThere = block?.devices.includes(device) === true;
    if (
      block !== undefined &&
      (isThere || block.elsewhere?.some((each) => each.device === device))
    ) {
      const start = timeOf(entry, period);
      const { atStart, atEnd } = changeOn(placement, block, entry.residue, device);
      events.push({ time: start, change: atStart });
      events.push({ time: start + lasts(entry), change: atEnd });
    }
  }
  return events;
}

function timeOf({ offset, shift }: RepetendEntry, period: number): number {
  return offset + shift * period;
}

function shapeProblems(placement: Placement, schedule: PeriodicSchedule): PeriodicProblem[] {
  const { period, microBatchesPerPeriod, repetend } = schedule;
  if (!Number.isSafeInteger(period) || period < 1) {
    return [{ kind: "period-invalid", period }];
  }
  if (!Number.isSafeInteger(microBatchesPerPeriod) || microBatchesPerPeriod < 1) {
    return [{ kind: "residues-invalid", microBatchesPerPeriod }];
  }
  const stated = statedMicroBatches(placement) ?? 1;
  if (microBatchesPerPeriod % stated !== 0) {
    return [{ kind: "residues-invalid", microBatchesPerPeriod }];
  }
  const { blocks } = placement;
  const count = blocks.length;
  const problems: PeriodicProblem[] = [];
  const seen = new Set<number>();
  let last = -1;
  for (const [position, { block, residue, offset, shift }] of repetend.entries()) {
    const spec = blocks[block];
    if (spec === undefined || !isIndex(residue, microBatchesPerPeriod) || !runsIn(spec, residue)) {
      problems.push({ kind: "unknown-entry", position, block, residue });
      continue;
    }
    const key = residue * count + block;
    if (seen.has(key)) {
      problems.push({ kind: "repeated-entry", position, block, residue });
    } else if (key < last) {
      problems.push({ kind: "out-of-order", position });
    }
    seen.add(key);
    last = key;
    if (!isIndex(offset, period) || !isIndex(shift, MAX_SHIFT + 1)) {
      problems.push({ kind: "offset-invalid", block, residue, offset, shift });
    }
  }
  return problems.concat(missingEntries(blocks, microBatchesPerPeriod, seen));
}

function missingEntries(
  blocks: readonly Block[],
  residues: number,
  seen: ReadonlySet<number>,
): PeriodicProblem[] {
  const problems: PeriodicProblem[] = [];
  for (let residue = 0; residue < residues; residue++) {
    for (const [block, spec] of blocks.entries()) {
      if (runsIn(spec, residue) && !seen.has(residue * blocks.length + block)) {
        problems.push({ kind: "missing-entry", block, residue });
        if (problems.length === MAX_MISSING) {
          return problems;
        }
      }
    }
  }
  return problems;
}

function isIndex(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}

function dependencyProblems(
  placement: Placement,
  { repetend, period, microBatchesPerPeriod: q }: PeriodicSchedule,
): PeriodicProblem[] {
  const { blocks, dependencies } = placement;
  const times = new Float64Array(blocks.length * q);
  const ends = new Float64Array(blocks.length * q);
  const lasts = lastingIn(placement, repetend);
  for (const entry of repetend) {
    const at = entry.residue * blocks.length + entry.block;
    times[at] = timeOf(entry, period);
    ends[at] = timeOf(entry, period) + lasts(entry);
  }
  const problems: PeriodicProblem[] = [];
  for (let residue = 0; residue < q; residue++) {
    for (const dependency of dependencies) {
      const { from, to, distance = 0 } = dependency;
      const block = blocks[from] as Block;
      const number = block.isPerStep === true ? 0 : residue - distance;
      const turn = Math.floor(number / q);
      const source = number - turn * q;
      const target = blocks[to]?.isPerStep === true ? 0 : residue;
      const earliest =
        (ends[source * blocks.length + from] ?? 0) +
        turn * period +
        latencyIn(placement, dependency, source);
      const start = times[target * blocks.length + to] ?? 0;
      if (start < earliest) {
        problems.push({ kind: "unmet-dependency", from, to, residue, start, earliest });
      }
    }
  }
  return problems;
}

function overlapProblems(
  placement: Placement,
  { repetend, period }: PeriodicSchedule,
  device: number,
): PeriodicProblem[] {
  const { blocks } = placement;
  const arcs = repetend
    .filter(({ block }) => blocks[block]?.devices.includes(device))
    .sort((a, b) => a.offset - b.offset || a.residue - b.residue || a.block - b.block);
  const together = togetherIn(placement, arcs, ({ offset }) => offset);
  const lasts = lastingIn(placement, arcs);
  const problems: PeriodicProblem[] = [];
  // The arc that reaches furthest may come from the last turn of the circle.
  let longest = arcs[0];
  let reach = Number.NEGATIVE_INFINITY;
  for (const turn of [-1, 0]) {
    for (const arc of arcs) {
      const start = arc.offset + turn * period;
      const isJoint = together.get(arc)?.other === longest && longest !== undefined;
      if (turn === 0 && longest !== undefined && start < reach && !isJoint) {
        const second = { block: arc.block, residue: arc.residue };
        const first = { block: longest.block, residue: longest.residue };
        problems.push({ kind: "device-overlap", device, first, second });
      }
      const end = start + lasts(arc);
      if (end > reach) {
        reach = end;
        longest = arc;
      }
    }
  }
  return problems;
}

/** How long each entry lasts: its own time, or the joint time with the one that it overlaps. */
function lastingIn(
  placement: Placement,
  entries: readonly RepetendEntry[],
): (entry: RepetendEntry) => number {
  const together = togetherIn(placement, entries, ({ offset }) => offset);
  return (entry) =>
    together.get(entry)?.duration ??
    durationIn(placement, placement.blocks[entry.block] as Block, entry.residue);
}

function memoryProblems(placement: Placement, schedule: PeriodicSchedule): PeriodicProblem[] {
  const peaks = steadyPeakMemory(placement, schedule);
  return placement.devices.flatMap(({ memory: limit }, device): PeriodicProblem[] => {
    const peak = peaks[device];
    if (limit === undefined) {
      return [];
    }
    if (peak === undefined) {
      const events = memoryEvents(placement, schedule, device);
      const sum = events.reduce((total, event) => total + event.change, 0);
      const change = sum / schedule.microBatchesPerPeriod;
      return [{ kind: "memory-not-returned", device, change }];
    }
    return peak > limit ? [{ kind: "memory-exceeded", device, limit, peak }] : [];
  });
}
