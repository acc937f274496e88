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
import { type Random, seededRandom } from "../../../core/random.js";
import type { Placement } from "../../../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { makespanBound } from "../path-bounds.js";
import { DeviceLine, type MemoryStep } from "./device-line.js";
import { sortByKey } from "./stable-order.js";

/** What limits the passes. */
export interface ShortenOptions {
  /** Blocks placed in all passes together; the first two passes are always made. */
  readonly maxNodes: number;
  readonly seed: number;
  /** No schedule is shorter, as is known; default 0. */
  readonly floor?: number | undefined;
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
  { maxNodes, seed, floor }: ShortenOptions,
): PipelineSchedule {
  const shortening = new Shortening(placement, whole, seed, floor);
  do {
    shortening.round();
  } while (!shortening.isShortest && shortening.nodes < maxNodes);
  return shortening.schedule();
}

/** One schedule that gets shorter round by round. */
export class Shortening {
  /** Blocks placed so far. */
  nodes = 0;
  /** Rounds since the last that made it shorter. */
  failures = 0;
  /** The makespan so far. */
  least: number;
  readonly #placement: Placement;
  readonly #problem: Problem;
  readonly #bound: number;
  readonly #random: Random;
  #current: Float64Array;
  #best: Float64Array;

  /** Nothing is shorter than `floor`, as is known. */
  constructor(placement: Placement, whole: PipelineSchedule, seed: number, floor = 0) {
    this.#placement = placement;
    this.#problem = problemOf(placement, whole.microBatches);
    this.#bound = Math.max(floor, makespanBound(placement, whole.microBatches));
    this.#random = seededRandom(seed);
    this.#current = startsOf(this.#problem, whole);
    this.#best = this.#current;
    this.least = lengthOf(this.#problem, this.#best);
  }

  /** The lower bound is met. */
  get isShortest(): boolean {
    return this.least <= this.#bound;
  }

  /** Whether both have come to the same schedule. */
  isLike(other: Shortening): boolean {
    return this.least === other.least && this.#best.every((start, at) => start === other.#best[at]);
  }

  /** Everything to the right and to the left once; nothing where it cannot get shorter. */
  round(): void {
    if (this.isShortest) {
      return;
    }
    const problem = this.#problem;
    const random = this.#random;
    const current = this.#current;
    const disturbance = this.failures < 2 ? 0 : (1 + random.integer(4)) * problem.longest;
    const order = orderBy(problem, current, (start) => start + random.next() * disturbance);
    const next = roundTrip(problem, disturbance === 0 ? current : place(problem, order));
    this.nodes += (disturbance === 0 ? 2 : 3) * current.length;
    const length = next === undefined ? Number.POSITIVE_INFINITY : lengthOf(problem, next);
    this.failures = length < this.least ? 0 : this.failures + 1;
    if (next !== undefined && length <= this.least) {
      [this.#best, this.#current, this.least] = [next, next, length];
    } else {
      this.#current = this.#best;
    }
  }

  /** The shortest so far. */
  schedule(): PipelineSchedule {
    return scheduleOf(this.#placement, this.#best, this.#problem.microBatches);
  }
}

/** What a block waits for. */
type Waits = readonly { readonly block: number; readonly latency: number }[];

/** Blocks of all micro-batches, in one direction of time. */
interface Problem {
  readonly blocks: number;
  readonly microBatches: number;
  readonly durations: readonly number[];
  readonly steps: readonly MemoryStep[];
  /** What each block waits for. */
  readonly before: readonly Waits[];
  /** One per device, filled anew in each pass. */
  readonly lines: readonly DeviceLine[];
  /** The lines of each block's devices. */
  readonly linesOf: readonly (readonly DeviceLine[])[];
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
    longest: blocks.reduce((most, { duration }) => Math.max(most, duration), 0),
  };
  const linesFrom = (bases: readonly number[]): Pick<Problem, "lines" | "linesOf"> => {
    const lines = devices.map(({ memory = Number.POSITIVE_INFINITY }, device) => {
      const count = blocks.filter((block) => block.devices.includes(device)).length;
      return new DeviceLine(bases[device] ?? 0, memory, count * microBatches);
    });
    const linesOf = blocks.map((block) => block.devices.flatMap((device) => lines[device] ?? []));
    return { lines, linesOf };
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
    ...linesFrom(devices.map(() => 0)),
    reverse: () => backwards,
  };
  const backwards: Problem = {
    ...frame,
    steps: steps.map(({ keep, peak }) => ({ keep: -keep, peak: peak - keep })),
    before: waits(true),
    ...linesFrom(left),
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
  return place(other, orderBy(other, mirrored));
}

/**
 * Instances by a key of their start, then by start, raised where needed to come behind what they wait
 * for; without `keyOf` by start alone.
 */
function orderBy(
  { blocks, before }: Problem,
  starts: Float64Array,
  keyOf?: (start: number) => number,
): Uint32Array {
  const order = Uint32Array.from(starts, (_, at) => at);
  sortByKey(order, starts);
  if (keyOf === undefined) {
    return order;
  }
  const keys = new Float64Array(starts.length);
  for (const at of order) {
    const block = at % blocks;
    let key = keyOf(starts[at]!);
    for (const wait of before[block] as Waits) {
      key = Math.max(key, keys[at - block + wait.block]!);
    }
    keys[at] = key;
  }
  sortByKey(order, keys);
  return order;
}

/**
 * With more instances, those of a block stay in the order in which they come: micro-batches are
 * alike, so little is lost, and nobody asks gaps from the very beginning again.
 */
const MANY = 8192;

/** Puts each instance into the first gap; `undefined` when memory leaves one of them no place. */
function place(problem: Problem, order: Uint32Array): Float64Array | undefined {
  const { blocks, durations, steps, before, lines, linesOf } = problem;
  for (const line of lines) {
    line.clear();
  }
  const starts = new Float64Array(order.length);
  const isMany = order.length > MANY;
  const latest = new Float64Array(blocks);
  for (const at of order) {
    const block = at % blocks;
    const duration = durations[block]!;
    const step = steps[block] as MemoryStep;
    const own = linesOf[block] as readonly DeviceLine[];
    let ready = isMany ? latest[block]! : 0;
    for (const wait of before[block] as Waits) {
      const from = starts[at - block + wait.block]!;
      ready = Math.max(ready, from + durations[wait.block]! + wait.latency);
    }
    const start = firstGap(own, ready, duration, step);
    if (start === Number.POSITIVE_INFINITY) {
      return undefined;
    }
    starts[at] = start;
    latest[block] = start;
    for (const line of own) {
      line.insert(start, start + duration, step);
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
      start = line.firstGap(start, duration, step);
    }
    if (start === asked || lines.length === 1 || start === Number.POSITIVE_INFINITY) {
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
