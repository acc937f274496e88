/**
 * Shortens a whole schedule: everything to the right, everything to the left, and again.
 *
 * Problem: an order that repeats in the least period can still waste time in its warm-up and
 * cool-down. On a chain with weight blocks the periodic order puts each weight block where the period
 * has room, while in the cool-down a backward waits behind it that others wait for.
 *
 * Idea: take the blocks by falling end and put each as late as it can be: into the last gap of its
 * devices before what needs it. Then take them by rising start and put each as early as it can be. In
 * the first pass what nobody waits for moves far to the right; in the second it is therefore asked
 * last, and fills what the others leave. A pass never makes the schedule longer: when a block's turn
 * comes, everything before it stands where it stood or earlier, so its own place is free.
 *
 * Memory: the level of a device depends on the order of its blocks alone. A gap is taken only when
 * the level stays within the limit there and at everything that follows. Behind everything placed so
 * far the level is that of the old schedule, so there is always a place. Time reversed, a block takes
 * what it gives and gives what it takes.
 *
 * When two passes gain nothing, blocks are taken in an order that is disturbed at random (with a
 * seed), and the passes go on from there; a disturbed order that runs into the memory limit is given
 * up. The shortest schedule ever seen is kept.
 *
 * Example: zero-bubble chain, 4 devices, F = B = W = 2, memory 4, 8 micro-batches: from the 60 steps
 * of 1F1B to 54, the lower bound.
 *
 * Why not branch and bound: thousands of blocks. Source: forward-backward improvement of Li and
 * Willis, EJOR 56, 1992, and Tormos and Lova, Annals of OR 102, 2001, for projects with limited
 * resources; the memory check by order is our own.
 */
import { seededRandom } from "../../../core/random.js";
import type { Placement } from "../../../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { makespanBound } from "../reference/path-bounds.js";
import { DeviceLine, type MemoryStep } from "./device-line.js";

/** What limits the passes. */
export interface ShortenOptions {
  /** Blocks placed in all passes together; the first two passes are always made. */
  readonly maxNodes: number;
  readonly seed: number;
}

/**
 * A schedule of the same micro-batches that is as long or shorter, within the memory limits; phases
 * are not kept.
 *
 * Requires: `whole` is a right schedule within the memory limits. Deterministic for equal options.
 * Cost: O(instances * (instances per device + devices per block)) per pass at worst; with many
 * instances about O(instances * log instances).
 */
export function shortenSchedule(
  placement: Placement,
  whole: PipelineSchedule,
  { maxNodes, seed }: ShortenOptions,
): PipelineSchedule {
  const problem = problemOf(placement, whole.microBatches);
  const bound = makespanBound(placement, whole.microBatches);
  const random = seededRandom(seed);
  let current = startsOf(problem, whole);
  let best = current;
  let least = lengthOf(problem, best);
  let nodes = 0;
  let failures = 0;
  while (least > bound && (nodes === 0 || nodes < maxNodes)) {
    const disturbance = failures < 2 ? 0 : (1 + random.integer(4)) * problem.longest;
    const order = orderBy(problem, current, (start) => start + random.next() * disturbance);
    const next = roundTrip(problem, disturbance === 0 ? current : place(problem, order));
    nodes += 2 * current.length + (disturbance === 0 ? 0 : current.length);
    const length = next === undefined ? Number.POSITIVE_INFINITY : lengthOf(problem, next);
    failures = length < least ? 0 : failures + 1;
    if (next !== undefined && length <= least) {
      [best, current, least] = [next, next, length];
    } else {
      current = best;
    }
  }
  return scheduleOf(placement, best, whole.microBatches);
}

/** Blocks of all micro-batches, in one direction of time. */
interface Problem {
  readonly blocks: number;
  readonly microBatches: number;
  readonly durations: readonly number[];
  readonly devices: readonly (readonly number[])[];
  readonly steps: readonly MemoryStep[];
  /** What each block waits for. */
  readonly before: readonly (readonly { readonly block: number; readonly latency: number }[])[];
  /** Memory of each device at the begin of this direction. */
  readonly bases: readonly number[];
  readonly limits: readonly number[];
  readonly longest: number;
  /** The other direction. */
  readonly reverse: () => Problem;
}

function problemOf(placement: Placement, microBatches: number): Problem {
  const { blocks, devices, dependencies, memoryRelease } = placement;
  const steps = blocks.map(({ memory, workspace }) => ({
    keep: memory,
    peak: (memoryRelease === "end" ? Math.max(0, memory) : memory) + workspace,
  }));
  const left = devices.map((_, device) =>
    blocks.reduce((sum, block) => {
      return sum + (block.devices.includes(device) ? block.memory * microBatches : 0);
    }, 0),
  );
  const frame = {
    blocks: blocks.length,
    microBatches,
    durations: blocks.map(({ duration }) => duration),
    devices: blocks.map((block) => block.devices),
    limits: devices.map(({ memory }) => memory ?? Number.POSITIVE_INFINITY),
    longest: blocks.reduce((most, { duration }) => Math.max(most, duration), 0),
  };
  const waits = (isReversed: boolean): Problem["before"] => {
    const before: { block: number; latency: number }[][] = blocks.map(() => []);
    for (const { from, to, latency } of dependencies) {
      const [first, second] = isReversed ? [to, from] : [from, to];
      before[second]?.push({ block: first, latency });
    }
    return before;
  };
  const forwards: Problem = {
    ...frame,
    steps,
    before: waits(false),
    bases: devices.map(() => 0),
    reverse: () => backwards,
  };
  const backwards: Problem = {
    ...frame,
    steps: steps.map(({ keep, peak }) => ({ keep: -keep, peak: peak - keep })),
    before: waits(true),
    bases: left,
    reverse: () => forwards,
  };
  return forwards;
}

function startsOf({ blocks, microBatches }: Problem, whole: PipelineSchedule): Float64Array {
  const starts = new Float64Array(blocks * microBatches);
  for (const { block, microBatch, start } of whole.instances) {
    starts[microBatch * blocks + block] = start;
  }
  return starts;
}

function lengthOf({ blocks, durations }: Problem, starts: Float64Array): number {
  let length = 0;
  for (let at = 0; at < starts.length; at++) {
    length = Math.max(length, (starts[at] ?? 0) + (durations[at % blocks] ?? 0));
  }
  return length;
}

/** Everything as late as it can be, then as early as it can be. */
function roundTrip(problem: Problem, starts: Float64Array | undefined): Float64Array | undefined {
  const late = starts && turnedAround(problem, starts);
  return late && turnedAround(problem.reverse(), late);
}

/** The instances placed anew from the other end; starts are in the other direction of time. */
function turnedAround(problem: Problem, starts: Float64Array): Float64Array | undefined {
  const length = lengthOf(problem, starts);
  const { blocks, durations } = problem;
  const mirrored = starts.map((start, at) => length - start - (durations[at % blocks] ?? 0));
  const other = problem.reverse();
  return place(
    other,
    orderBy(other, mirrored, (start) => start),
  );
}

/** Instances by a key of their start, raised where needed to come behind what they wait for. */
function orderBy(
  { blocks, before }: Problem,
  starts: Float64Array,
  keyOf: (start: number) => number,
): Uint32Array {
  const order = Uint32Array.from(starts, (_, at) => at);
  order.sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || a - b);
  const keys = new Float64Array(starts.length);
  for (const at of order) {
    const base = at - (at % blocks);
    let key = keyOf(starts[at] ?? 0);
    for (const { block } of before[at % blocks] ?? []) {
      key = Math.max(key, keys[base + block] ?? 0);
    }
    keys[at] = key;
  }
  return order.sort(
    (a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || (starts[a] ?? 0) - (starts[b] ?? 0) || a - b,
  );
}

/**
 * With more instances, those of a block stay in the order in which they come: micro-batches are
 * alike, so little is lost, and nobody asks gaps from the very beginning again.
 */
const MANY = 8192;

/** Puts each instance into the first gap; `undefined` when memory leaves one of them no place. */
function place(problem: Problem, order: Uint32Array): Float64Array | undefined {
  const { blocks, durations, devices, steps, before, bases, limits } = problem;
  const lines = bases.map((base, device) => {
    return new DeviceLine(base, limits[device] ?? Number.POSITIVE_INFINITY);
  });
  const starts = new Float64Array(order.length);
  const isMany = order.length > MANY;
  const latest = new Float64Array(blocks);
  for (const at of order) {
    const block = at % blocks;
    const duration = durations[block] ?? 0;
    const step = steps[block] ?? { keep: 0, peak: 0 };
    const own = (devices[block] ?? []).flatMap((device) => lines[device] ?? []);
    let ready = isMany ? (latest[block] ?? 0) : 0;
    for (const wait of before[block] ?? []) {
      const from = starts[at - block + wait.block] ?? 0;
      ready = Math.max(ready, from + (durations[wait.block] ?? 0) + wait.latency);
    }
    const start = firstGap(own, ready, duration, step);
    if (start === Number.POSITIVE_INFINITY) {
      return undefined;
    }
    starts[at] = start;
    latest[block] = start;
    for (const line of own) {
      line.insert(line.placeAt(start), start, start + duration, step);
    }
  }
  return starts;
}

/** The first time from `ready` on at which all lines have a gap and memory; infinity if none. */
function firstGap(
  lines: readonly DeviceLine[],
  ready: number,
  duration: number,
  step: MemoryStep,
): number {
  let start = ready;
  for (;;) {
    const asked = start;
    for (const line of lines) {
      const at = line.placeAt(start);
      if (line.startAt(at) < start + duration || !line.fits(at, step)) {
        start = line.endAt(at);
      }
    }
    if (start === asked || start === Number.POSITIVE_INFINITY) {
      return start;
    }
  }
}

function scheduleOf(
  { blocks }: Placement,
  starts: Float64Array,
  microBatches: number,
): PipelineSchedule {
  const instances = Array.from(starts, (start, at): BlockInstance => {
    const block = at % blocks.length;
    const end = start + (blocks[block]?.duration ?? 0);
    return { block, microBatch: (at - block) / blocks.length, start, end, phase: "repetend" };
  });
  instances.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const makespan = instances.reduce((last, { end }) => Math.max(last, end), 0);
  return { microBatches, instances, makespan };
}

/**
 * The shortest schedule that shortening any of several leads to; of equal ones the first. Stops at
 * the first that meets the lower bound. `undefined` without candidates.
 *
 * Requires, cost: as `shortenSchedule`, once per candidate.
 */
export function shortestSchedule(
  placement: Placement,
  candidates: readonly PipelineSchedule[],
  options: ShortenOptions,
): PipelineSchedule | undefined {
  let best: PipelineSchedule | undefined;
  for (const candidate of candidates) {
    const shorter = shortenSchedule(placement, candidate, options);
    best = best === undefined || shorter.makespan < best.makespan ? shorter : best;
    if (best.makespan === makespanBound(placement, best.microBatches)) {
      break;
    }
  }
  return best;
}
