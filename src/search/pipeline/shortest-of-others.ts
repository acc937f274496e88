/**
 * Whole schedules of which blocks that stop everything are set apart (`set-apart.ts`).
 *
 * Without the times at which these run, what is left is a whole schedule of the others; and all of them before the first or behind
 * the last of the others make a schedule of all again. So the shortest of the others, with their time for each micro-batch, is
 * the shortest of all. It has fewer blocks, and nothing in it runs ahead without end.
 *
 * Example: NN-shape on four devices, memory 4, 8 micro-batches: the others take 63 at least, so 79 is least.
 */
import type { Placement } from "../../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "../../schedule/pipeline-schedule.js";
import type { Shares } from "./effort.js";
import { exactWhole } from "./makespan/exact-whole.js";
import { leastWhole } from "./makespan/least-whole.js";
import { makespanBound } from "./path-bounds.js";
import { middleOf, withEnds } from "./quick/batched-ends.js";
import { type Others, setApart } from "./set-apart.js";
import { type ShortestWhole, shortestWhole } from "./shortest-whole.js";

/** A whole schedule and a makespan that none is below. */
export interface OfOthers extends ShortestWhole {
  readonly bound: number;
}

/** What is known of all by a search of the others; `undefined` where nothing is set apart. Deterministic. */
export function shortestOfOthers(
  placement: Placement,
  known: PipelineSchedule,
  shares: Shares,
): OfOthers | undefined {
  const others = setApart(placement);
  if (others === undefined) {
    return undefined;
  }
  const { microBatches } = known;
  const rest = others.placement;
  const closed = withoutTimes(others, known);
  const low = makespanBound(rest, microBatches);
  const high = closed.makespan;
  const bound = leastWhole(rest, microBatches, { low, high, maxWork: shares.bound });
  const ordered = exactWhole(rest, closed, bound, shares.exact);
  const shortest = ordered.isProved
    ? ordered
    : shortestWhole(rest, ordered.whole, bound, shares.question);
  const all = withThem(placement, others, shortest.whole);
  const whole = all !== undefined && all.makespan < known.makespan ? all : known;
  const beside = microBatches * others.time;
  return {
    whole,
    bound: beside + (shortest.isProved ? shortest.whole.makespan : bound),
    isProved: shortest.isProved && whole.makespan === beside + shortest.whole.makespan,
  };
}

/** The others of a schedule, without the times at which those set apart run. */
function withoutTimes(
  { blocks, beside }: Others,
  { microBatches, instances }: PipelineSchedule,
): PipelineSchedule {
  const placeOf = new Map(blocks.map((block, at) => [block, at]));
  const isBeside = new Set(beside);
  let gone = 0;
  const left: BlockInstance[] = [];
  for (const each of instances.toSorted((a, b) => a.start - b.start)) {
    if (isBeside.has(each.block)) {
      gone += each.end - each.start;
    } else {
      const block = placeOf.get(each.block) ?? 0;
      left.push({ ...each, block, start: each.start - gone, end: each.end - gone });
    }
  }
  const makespan = left.reduce((last, { end }) => Math.max(last, end), 0);
  return { microBatches, instances: left, makespan };
}

/** A schedule of the others, with the rest before its first and behind its last block; `undefined`: these are not all ends. */
function withThem(
  placement: Placement,
  { blocks }: Others,
  whole: PipelineSchedule,
): PipelineSchedule | undefined {
  const middle = middleOf(placement);
  return middle?.blocks.length === blocks.length ? withEnds(placement, middle, whole) : undefined;
}
