/**
 * Whole schedules of placements that no search for a period understands: blocks of unequal micro-batches, blocks once per
 * step, micro-batches that wait for earlier ones, memory that changes elsewhere.
 *
 * Starts: micro-batch after micro-batch, by the longest path behind each block or by what frees memory first; the memory
 * that is known exactly lets as many be in flight as fit. Each is then improved: all as late as possible from the end, all
 * as early as possible from there, and again from orders disturbed by chance (forward-backward improvement: Li and Willis, EJOR
 * 56, 1992).
 *
 * Example: 4 devices, 8 micro-batches of lengths 1 to 8 and memory for 18 of 36: see `docs/placement-format.md`.
 */
import { seededRandom } from "../../../core/random.js";
import type { Block, Placement } from "../../../placement/placement.js";
import type { PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { serialOrder } from "../quick/serial-order.js";
import { disturbedKey } from "./disturb.js";
import {
  boundOfInstances,
  type InstanceProblem,
  instanceProblem,
  pathsBehindWorks,
  reversed,
} from "./instance-problem.js";
import { durationsIn, type Paired, pairsIn } from "./joint-works.js";
import { placeByKey } from "./place-instances.js";
import { wholeOf } from "./whole-of-starts.js";

/** How long to look. */
export interface InstanceSearchOptions {
  /** Works placed, at most; the starts are always tried. */
  readonly maxNodes: number;
  readonly seed: number;
  readonly shouldStop?: (() => boolean) | undefined;
  /** Schedules in whose order all is placed too, among the starts. */
  readonly orders?: readonly PipelineSchedule[];
}

/** What was found. */
export interface FoundInstances {
  /** Shortest first: the best, and the starts it was compared with. Empty: memory leaves no place. */
  readonly wholes: readonly PipelineSchedule[];
  readonly nodes: number;
  /** No schedule is shorter. */
  readonly bound: number;
}

/** Rounds without a gain after which none is expected. */
const MOST_FAILURES = 8000;

/** Searches the shortest whole schedule; deterministic unless `shouldStop` ends it. */
export function searchInstances(
  placement: Placement,
  microBatches: number,
  { maxNodes, seed, shouldStop, orders = [] }: InstanceSearchOptions,
): FoundInstances {
  const problem = instanceProblem(placement, microBatches);
  const bound = boundOfInstances(problem);
  const back = reversed(problem);
  const random = seededRandom(seed);
  const given = orders.flatMap((whole) => startsLike(problem, back, whole));
  const starts = [...given, ...startsOf(placement, problem)];
  let nodes = 3 * problem.works.length;
  let best = shortestOf(problem, starts);
  let current = best;
  let failures = 0;
  while (best !== undefined && current !== undefined && lengthOf(problem, best) > bound) {
    if (nodes >= maxNodes || failures > MOST_FAILURES || shouldStop?.() === true) {
      break;
    }
    const makespan = lengthOf(problem, best);
    const near = { starts: current, makespan, failures };
    const from = failures < 2 ? current : placeByKey(problem, disturbedKey(problem, near, random));
    // Where works take turns, there may be no way back, or a longer one.
    const next = from && shortestOf(problem, [roundTrip(problem, back, from) ?? from, from]);
    nodes += 3 * problem.works.length;
    const isShorter = next !== undefined && lengthOf(problem, next) < makespan;
    if (next !== undefined && lengthOf(problem, next) <= makespan) {
      best = next;
    }
    current = best;
    failures = isShorter ? 0 : failures + 1;
  }
  const all = best === undefined ? [] : [best, ...starts.filter((each) => each !== best)];
  return { wholes: all.map((each) => wholeOf(problem, each, microBatches)), nodes, bound };
}

/** Starts in the order of a schedule: whatever goes together best, and with the pairs of the schedule. */
function startsLike(
  problem: InstanceProblem,
  back: InstanceProblem,
  whole: PipelineSchedule,
): readonly Float64Array[] {
  const key = keyOf(problem, whole);
  const free = placeByKey(problem, key);
  const pairs = pairsIn(problem, key);
  const kept = pairs.size === 0 ? undefined : placeByKey(problem, key, pairs);
  const closed = kept && roundTrip(problem, back, kept, pairs);
  return [free, kept, closed].filter((starts) => starts !== undefined);
}

/** Works by their starts in a schedule. */
function keyOf({ works }: InstanceProblem, { instances }: PipelineSchedule): Float64Array {
  const starts = new Map(instances.map((each) => [`${each.microBatch} ${each.block}`, each.start]));
  return Float64Array.from(
    works,
    ({ block, microBatch }) => starts.get(`${microBatch} ${block}`) ?? 0,
  );
}

/**
 * Starts of one micro-batch after the other, in several orders within each; where none of them fits, in one that was searched
 * for.
 */
function startsOf(placement: Placement, problem: InstanceProblem): readonly Float64Array[] {
  const behind = pathsBehindWorks(problem);
  const longest = behind.reduce((most, path) => Math.max(most, path), 0) + 1;
  const keys = [
    (at: number) => -(behind[at] ?? 0),
    (at: number) => (takes(problem, at) > 0 ? longest : 0) - (behind[at] ?? 0),
  ].map((within) =>
    Float64Array.from(problem.works, ({ microBatch }, at) => microBatch * 4 * longest + within(at)),
  );
  keys.push(behind.map((path) => -path));
  const starts = keys.flatMap((key) => placeByKey(problem, key) ?? []);
  if (starts.length > 0) {
    return starts;
  }
  const serial = serialKey(placement, problem);
  const start = serial && placeByKey(problem, serial);
  return start === undefined ? [] : [start];
}

/**
 * A key of works in an order in which one micro-batch after the other fits; `undefined`: none was found. An order for the
 * longest micro-batch serves all.
 */
function serialKey(placement: Placement, { works }: InstanceProblem): Float64Array | undefined {
  const { blocks, dependencies, lengths = [1] } = placement;
  const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
  const order = serialOrder({
    ...placement,
    blocks: blocks.map((block) => (block.isPerStep === true ? block : lengthened(block, longest))),
    dependencies: dependencies.filter(({ distance }) => distance === undefined),
  });
  if (order === undefined) {
    return undefined;
  }
  const place = new Int32Array(blocks.length);
  order.forEach((block, at) => {
    place[block] = at;
  });
  return Float64Array.from(
    works,
    ({ block, microBatch }) => microBatch * blocks.length + (place[block] ?? 0),
  );
}

/** A block with the memory of a micro-batch of a length. */
function lengthened(block: Block, length: number): Block {
  const { memory, workspace, elsewhere } = block;
  return {
    ...block,
    memory: memory * length,
    workspace: workspace * length,
    ...(elsewhere && {
      elsewhere: elsewhere.map((each) => ({ ...each, memory: each.memory * length })),
    }),
  };
}

/** Memory that a work takes for good, on all devices together. */
function takes({ works }: InstanceProblem, at: number): number {
  return (works[at]?.changes ?? []).reduce((sum, { atStart, atEnd }) => sum + atStart + atEnd, 0);
}

function lengthOf(problem: InstanceProblem, starts: Float64Array): number {
  const durations = durationsIn(problem, starts);
  return starts.reduce((last, start, at) => Math.max(last, start + (durations[at] ?? 0)), 0);
}

function shortestOf(
  problem: InstanceProblem,
  all: readonly Float64Array[],
): Float64Array | undefined {
  return [...all].sort((a, b) => lengthOf(problem, a) - lengthOf(problem, b))[0];
}

/** Everything as late as it can be, then as early as it can be. */
function roundTrip(
  problem: InstanceProblem,
  back: InstanceProblem,
  starts: Float64Array,
  pairs?: ReadonlyMap<number, Paired>,
): Float64Array | undefined {
  const late = turnedAround(problem, back, starts, pairs);
  return late && turnedAround(back, problem, late, pairs);
}

function turnedAround(
  from: InstanceProblem,
  to: InstanceProblem,
  starts: Float64Array,
  pairs?: ReadonlyMap<number, Paired>,
): Float64Array | undefined {
  const length = lengthOf(from, starts);
  const durations = durationsIn(from, starts);
  const mirrored = starts.map((start, at) => length - start - (durations[at] ?? 0));
  return placeByKey(to, mirrored, pairs);
}
