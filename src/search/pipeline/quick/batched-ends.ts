/**
 * Whole schedules in which blocks that hold no memory run for all micro-batches at once.
 *
 * Where memory limits how many micro-batches are on their way, a block over all devices stops every one of them, and
 * with them the pipeline. But what comes before anything takes memory (the *head* of a micro-batch), and what comes after
 * everything is given back (its *tail*), may run at any time: for all micro-batches before the first and after the last
 * of the others, which then make a pipeline of their own.
 *
 * Example: M-shape on eight devices, memory 8, 128 micro-batches: 128 spread forwards, 1F1B, 128 spread backwards take
 * 796 steps; spread blocks in between take 1002.
 */
import type { Placement } from "../../../placement/placement.js";
import type { BlockInstance, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { asEarlyAsPossible } from "../complete-schedule.js";
import { followersOf, orderOfBlocks } from "../path-bounds.js";

/** A placement without its head and tail. */
export interface Middle {
  readonly placement: Placement;
  /** Positions of its blocks in the whole placement. */
  readonly blocks: readonly number[];
  readonly head: readonly number[];
  readonly tail: readonly number[];
}

/**
 * The blocks between head and tail; `undefined` where nothing limits memory, or there is no head and no tail, or nothing
 * but these. Cost: O(blocks + dependencies).
 */
export function middleOf(placement: Placement): Middle | undefined {
  const { blocks, dependencies, devices } = placement;
  const order = orderOfBlocks(followersOf(placement));
  const isHead = freeFrom(placement, order, ({ from, to }) => [from, to]);
  const isTail = freeFrom(placement, order.toReversed(), ({ from, to }) => [to, from]);
  const head = order.filter((block) => isHead[block]);
  const tail = order.filter((block) => isTail[block] && !isHead[block]);
  const middle = [...blocks.keys()].filter((block) => !isHead[block] && !isTail[block]);
  if (devices.every(({ memory }) => memory === undefined)) {
    return undefined;
  }
  if (middle.length === 0 || middle.length === blocks.length) {
    return undefined;
  }
  const placeOf = new Map(middle.map((block, at) => [block, at]));
  return {
    blocks: middle,
    head,
    tail,
    placement: {
      ...placement,
      blocks: middle.flatMap((at) => blocks[at] ?? []),
      dependencies: dependencies.flatMap(({ from, to, latency }) => {
        const [first, second] = [placeOf.get(from), placeOf.get(to)];
        return first === undefined || second === undefined
          ? []
          : [{ from: first, to: second, latency }];
      }),
    },
  };
}

/** By block: whether it and all that come before it in `order` along dependencies hold no memory. */
function freeFrom(
  { blocks, dependencies }: Placement,
  order: readonly number[],
  ends: (dependency: Placement["dependencies"][number]) => readonly [number, number],
): readonly boolean[] {
  const isFree = blocks.map(({ memory }) => memory === 0);
  const behind: number[][] = blocks.map(() => []);
  for (const dependency of dependencies) {
    const [first, second] = ends(dependency);
    behind[first]?.push(second);
  }
  for (const block of order) {
    if (isFree[block] !== true) {
      for (const next of behind[block] ?? []) {
        isFree[next] = false;
      }
    }
  }
  return isFree;
}

/**
 * A whole schedule of the placement: all heads, the schedule of the middle, all tails, in this order on every device, and
 * each block as early as that allows.
 */
export function withEnds(
  placement: Placement,
  { blocks, head, tail }: Middle,
  middle: PipelineSchedule,
): PipelineSchedule {
  const { microBatches } = middle;
  const all = (own: readonly number[]): readonly BlockInstance[] =>
    Array.from({ length: microBatches }, (_, microBatch) =>
      own.map(
        (block): BlockInstance => ({ block, microBatch, start: 0, end: 0, phase: "repetend" }),
      ),
    ).flat();
  const instances = [
    ...all(head),
    ...middle.instances.map((each) => ({ ...each, block: blocks[each.block] ?? 0 })),
    ...all(tail),
  ];
  return asEarlyAsPossible(placement, { microBatches, instances });
}
